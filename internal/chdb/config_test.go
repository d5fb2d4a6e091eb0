package chdb

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestAConfigurationThatCannotBeRightNamesTheField(t *testing.T) {
	if err := DefaultConfig().validate(); err != nil {
		t.Errorf("the default is refused: %v", err)
	}
	for field, spoil := range map[string]func(*Config){
		"Dir":            func(c *Config) { c.Dir = "" },
		"Database":       func(c *Config) { c.Database = "" },
		"MaxMemoryBytes": func(c *Config) { c.MaxMemoryBytes = 1 << 20 },
		"MarkCacheBytes": func(c *Config) { c.MarkCacheBytes = 0 },
		"Connections":    func(c *Config) { c.Connections = 0 },
		"AcquireTimeout": func(c *Config) { c.AcquireTimeout = 0 },
	} {
		config := DefaultConfig()
		spoil(&config)
		if _, err := Open(t.Context(), config); err == nil || !strings.Contains(err.Error(), field) {
			t.Errorf("%s: %v", field, err)
		}
	}
}

func TestOneDirectoryHasOneNameHoweverItIsSpelt(t *testing.T) {
	dir := t.TempDir()
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(dir, link); err != nil {
		t.Fatal(err)
	}
	t.Chdir(dir)
	for _, spelling := range []string{dir, link, ".", dir + "/./"} {
		config := DefaultConfig()
		config.Library, config.Dir = "unused", spelling
		got, err := config.resolve()
		want, wantErr := filepath.EvalSymlinks(dir)
		if err != nil || wantErr != nil || got.Dir != want {
			t.Errorf("%s: %s, %v", spelling, got.Dir, err)
		}
	}
}

func TestADirectoryThatCannotBeIsAnErrorBeforeTheEngineStarts(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	config := DefaultConfig()
	config.Library, config.Dir = "unused", filepath.Join(file, "data")
	if _, err := Open(t.Context(), config); err == nil || !strings.Contains(err.Error(), file) {
		t.Errorf("got %v", err)
	}
}

func TestDurabilityIsInTheServersSettings(t *testing.T) {
	for _, durable := range []bool{true, false} {
		config := DefaultConfig()
		config.Dir, config.Durable = t.TempDir(), durable
		if err := config.writeServerFile(); err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile(config.serverFile())
		if err != nil || strings.Contains(string(text), "<fsync_after_insert>1<") != durable {
			t.Errorf("durable %v: %s, %v", durable, text, err)
		}
	}
}

func TestWaitingForAConnectionHasALimit(t *testing.T) {
	e := &Engine{config: Config{Connections: 3, AcquireTimeout: 20 * time.Millisecond}, free: make(chan *connection)}
	_, err := e.acquire(t.Context())
	if err == nil || !strings.Contains(err.Error(), "all 3 connections") || !strings.Contains(err.Error(), "raise Connections") {
		t.Errorf("got %v", err)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(ErrClosed)
	if _, err := e.acquire(ctx); !errors.Is(err, ErrClosed) {
		t.Errorf("got %v", err)
	}
}

func TestADirectoryIsLockedOnceAndForAll(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	first, err := lockDirectory(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := lockDirectory(path); !errors.Is(err, ErrInUse) {
		t.Errorf("a second lock: %v", err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	again, err := lockDirectory(path)
	if err != nil {
		t.Fatalf("after the first is released: %v", err)
	}
	if err := again.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := lockDirectory(filepath.Join(path, "below")); err == nil {
		t.Error("a lock below a file")
	}
}
