package kafka

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

func TestWrongSettingIsNamed(t *testing.T) {
	for _, c := range []struct {
		name  string
		wrong func(*Config)
		want  string
	}{
		{"no brokers", func(c *Config) { c.Brokers = nil }, "brokers: none given"},
		{"no port", func(c *Config) { c.Brokers = []string{"kafka"} }, `brokers: "kafka" is not host:port`},
		{"empty topic", func(c *Config) { c.Topics.Alerts = "" }, "topics: an empty name"},
		{"shared topic", func(c *Config) { c.Topics.DeadLetter = c.Topics.Changes }, "is named twice"},
		{"unknown mechanism", func(c *Config) { c.SASL.Mechanism = "gssapi" }, `mechanism "gssapi" is not known`},
		{"no password", func(c *Config) { c.SASL = SASL{Mechanism: MechanismPlain, Username: "u"} }, "needs a user name and a password"},
		{"no timeout", func(c *Config) { c.DialTimeout = 0 }, "dial timeout"},
		{"key without certificate", func(c *Config) { c.TLS.KeyFile = "k.pem" }, "certificate and key belong together"},
	} {
		t.Run(c.name, func(t *testing.T) {
			config := DefaultConfig()
			config.Brokers = []string{"127.0.0.1:9092"}
			if err := config.Validate(); err != nil {
				t.Fatalf("the settings are wrong before anything is: %v", err)
			}
			c.wrong(&config)
			if _, err := New(config); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("New = %v, want an error with %q", err, c.want)
			}
		})
	}
}

func TestUnreadableTLSFileIsNamed(t *testing.T) {
	empty := file(t, "ca.pem", []byte("not a certificate"))
	for _, c := range []struct {
		name string
		tls  TLS
		want string
	}{
		{"missing authorities", TLS{CAFile: "/nowhere/ca.pem"}, "/nowhere/ca.pem"},
		{"empty authorities", TLS{CAFile: empty}, empty},
		{"missing certificate", TLS{CertFile: "/nowhere/c.pem", KeyFile: empty}, "/nowhere/c.pem"},
	} {
		t.Run(c.name, func(t *testing.T) {
			config := DefaultConfig()
			config.Brokers = []string{"127.0.0.1:9092"}
			config.TLS = c.tls
			config.TLS.Enabled = true
			if _, err := New(config); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("New = %v, want an error with %q", err, c.want)
			}
		})
	}
}

func TestPasswordIsNeverPrinted(t *testing.T) {
	config := DefaultConfig()
	config.SASL = SASL{Mechanism: MechanismPlain, Username: "user", Password: "hunter2"}
	encoded, err := json.Marshal(config)
	if err != nil {
		t.Fatal(err)
	}
	var logged strings.Builder
	slog.New(slog.NewJSONHandler(&logged, nil)).Info("settings",
		slog.Any("config", config), slog.Any("password", config.SASL.Password))
	for _, text := range []string{
		fmt.Sprint(config), fmt.Sprintf("%+v", config), fmt.Sprintf("%#v", config),
		fmt.Sprintf("%s %q %v", config.SASL.Password, config.SASL.Password, config.SASL.Password),
		string(encoded), logged.String(),
	} {
		if strings.Contains(text, "hunter2") {
			t.Errorf("the password is printed: %s", text)
		}
		if !strings.Contains(text, redacted) {
			t.Errorf("no mark stands for the password: %s", text)
		}
	}
}

func TestEmptyPasswordLooksEmpty(t *testing.T) {
	if got := fmt.Sprint(Secret("")); got != "" {
		t.Fatalf("an empty secret prints %q", got)
	}
}
