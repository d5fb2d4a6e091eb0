package archtest

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/cli"
	"github.com/compose-spec/compose-go/v2/types"
	"github.com/goccy/go-yaml"

	"github.com/faultline/faultline/internal/config"
)

func composeProject(t *testing.T) *types.Project {
	t.Helper()
	options, err := cli.NewProjectOptions([]string{"../../docker-compose.yml"}, cli.WithName("faultline"),
		cli.WithEnv([]string{"FAULTLINE_TOKEN_ID=abc", "FAULTLINE_TOKEN_HASH=sha256:" + strings.Repeat("ab", 32)}))
	if err != nil {
		t.Fatal(err)
	}
	project, err := options.LoadProject(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return project
}

func TestComposeBringsUpEveryPart(t *testing.T) {
	project := composeProject(t)
	pinned := regexp.MustCompile(`^[a-z0-9./-]+:[0-9]+\.[0-9]+(\.[0-9]+)?$`)
	for _, name := range []string{"kafka", "clickhouse", "faultline", "grafana"} {
		service, ok := project.Services[name]
		if !ok {
			t.Fatalf("service %s is missing", name)
		}
		if service.HealthCheck == nil || len(service.HealthCheck.Test) == 0 {
			t.Errorf("service %s has no health check", name)
		}
		if service.Image != "faultline:local" && !pinned.MatchString(service.Image) {
			t.Errorf("image %s of %s is not pinned", service.Image, name)
		}
		for _, port := range service.Ports {
			if port.HostIP != "127.0.0.1" {
				t.Errorf("service %s is published on %q, not on loopback alone", name, port.HostIP)
			}
		}
	}
}

func TestComposeStartsInOrder(t *testing.T) {
	needs := composeProject(t).Services["faultline"].DependsOn
	want := map[string]string{
		"kafka": types.ServiceConditionHealthy, "clickhouse": types.ServiceConditionHealthy,
		"migrate": types.ServiceConditionCompletedSuccessfully,
	}
	for name, condition := range want {
		if needs[name].Condition != condition {
			t.Errorf("faultline starts on %s %q, want %q", name, needs[name].Condition, condition)
		}
	}
}

// The environment of the containers is read by the real loader: a misspelt
// variable fails here and not on somebody's machine.
func TestComposeSettingsAreAccepted(t *testing.T) {
	project := composeProject(t)
	for _, name := range []string{"migrate", "faultline"} {
		var environ []string
		for key, value := range project.Services[name].Environment {
			environ = append(environ, key+"="+*value)
		}
		slices.Sort(environ)
		cfg, err := config.Load("", environ, nil)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if cfg.EmbeddedKafka() || cfg.EmbeddedClickHouse() {
			t.Errorf("%s would run embedded stores", name)
		}
	}
}

func TestGrafanaProvisioningIsYAML(t *testing.T) {
	project := composeProject(t)
	if len(project.Services["grafana"].Volumes) == 0 {
		t.Fatal("Grafana mounts no provisioning")
	}
	for _, name := range []string{"provisioning/datasources/clickhouse.yaml", "provisioning/dashboards/faultline.yaml", "grafana/alerting/faultline.yaml"} {
		var doc map[string]any
		if err := yaml.Unmarshal(readFile(t, "../../dashboards/"+name), &doc); err != nil {
			t.Fatal(err)
		}
		if doc["apiVersion"] == nil {
			t.Errorf("%s has no apiVersion", name)
		}
	}
}

// TestComposeKeepsWhatTheBrokerHolds: the image of Kafka takes its settings from
// the environment alone once there is one, and writes below /tmp unless told.
func TestComposeKeepsWhatTheBrokerHolds(t *testing.T) {
	broker := composeProject(t).Services["kafka"]
	dir := broker.Environment["KAFKA_LOG_DIRS"]
	kept := slices.ContainsFunc(broker.Volumes, func(v types.ServiceVolumeConfig) bool { return dir != nil && v.Target == *dir })
	if !kept {
		t.Error("the messages and offsets of the broker are on no volume; a container that is made anew forgets them")
	}
}
