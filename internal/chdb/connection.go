package chdb

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// statement is one SQL statement with its named parameters and the format of
// its result, or of its data when it is an insert.
type statement struct {
	sql, format string
	params      map[string]string
}

// connection is a session of the engine. It runs one statement at a time and
// belongs to whoever took it from the pool.
type connection struct {
	engine *Engine
	// name is the session's log_comment, by which its statement is found among
	// the running ones. There is no query log that could want that setting.
	name string
	// slot is the address of the library's handle, 0 when not connected.
	slot uintptr
	// database and settings are what the session has been set to.
	database string
	settings map[string]string
	// spoiled marks a session that must not be used again: its state is not the
	// noted one any more, or its last statement failed. The library keeps a
	// failed insert, and with it the lock on the table, until the session ends
	// or runs something else (seen: DROP TABLE then waits for ever).
	spoiled bool
	// piece is room for a part of what is inserted, made by the first insert.
	piece []byte
}

// open connects unless connected.
func (c *connection) open() error {
	if c.slot != 0 {
		return nil
	}
	args := append(c.engine.config.arguments(), "--log_comment="+c.name)
	if c.slot = c.engine.lib.dial(args); c.slot == 0 {
		return fmt.Errorf("the embedded ClickHouse engine does not start on %s: see that the directory is writable, has room, and was not written by a newer version", c.engine.config.Dir)
	}
	return nil
}

// shut disconnects and forgets the session.
func (c *connection) shut() {
	if c.slot != 0 {
		c.engine.lib.closeConn(c.slot)
	}
	*c = connection{engine: c.engine, name: c.name, piece: c.piece}
}

// release hands the connection back to where it came from.
func (c *connection) release(to chan<- *connection) {
	if c.spoiled {
		c.shut()
	}
	to <- c
}

// run executes a statement and copies its whole result.
func (c *connection) run(ctx context.Context, s statement) ([]byte, error) {
	defer c.guard(ctx)()
	lib := c.engine.lib
	result := lib.start(lib.query, c.slot, s)
	defer lib.resultDestroy(result)
	if text := lib.failure(result); text != "" {
		c.spoiled = true
		return nil, failed(ctx, text)
	}
	return bytes.Clone(lib.bytes(result)), nil
}

// configure brings the session to the database and settings of a request. Most
// requests repeat those of the one before and cost nothing; otherwise a
// statement of 0.2 ms is run.
func (c *connection) configure(ctx context.Context, database string, settings map[string]string) error {
	var changes []string
	for _, name := range slices.Sorted(maps.Keys(settings)) {
		if old, set := c.settings[name]; !set || old != settings[name] {
			changes = append(changes, name+" = "+literal(settings[name]))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(c.settings)) {
		if _, keep := settings[name]; !keep {
			changes = append(changes, name+" = DEFAULT")
		}
	}
	if len(changes) > 0 {
		if _, err := c.run(ctx, statement{sql: "SET " + strings.Join(changes, ", ")}); err != nil {
			return err
		}
	}
	c.settings = settings
	if c.database == database {
		return nil
	}
	if _, err := c.run(ctx, statement{sql: "USE " + identifier(database)}); err != nil {
		return err
	}
	c.database = database
	return nil
}

// guard has the connection's statement stopped when the context ends. The
// caller calls stop when the statement is over; it returns once no attempt to
// stop it is under way that could hit the connection's next statement.
func (c *connection) guard(ctx context.Context) (stop func()) {
	over, done := make(chan struct{}), make(chan struct{})
	unhook := context.AfterFunc(ctx, func() {
		defer close(done)
		c.engine.kill(context.WithoutCancel(ctx), c.name, over)
	})
	return func() {
		close(over)
		if !unhook() {
			<-done
		}
	}
}

// kill marks the statement of the named connection as cancelled, trying again
// while it is not among the running ones yet, until over is closed. It does not
// wait for the statement's end: KILL ... SYNC was seen never to return.
func (e *Engine) kill(ctx context.Context, name string, over <-chan struct{}) {
	for wait := 10 * time.Millisecond; ; wait = min(2*wait, time.Second) {
		select {
		case <-over:
			return
		case c := <-e.control:
			found := c.kill(ctx, name)
			c.release(e.control)
			if found {
				return
			}
		}
		select {
		case <-over:
			return
		case <-time.After(wait):
		}
	}
}

// kill tells whether it found the named connection's statement and marked it.
func (c *connection) kill(ctx context.Context, name string) bool {
	if c.open() != nil {
		return false
	}
	sql := "KILL QUERY WHERE Settings['log_comment'] = " + literal(name) + " ASYNC"
	marked, err := c.run(ctx, statement{sql: sql, format: "TSV"})
	return err == nil && len(marked) > 0
}

// identifier quotes a name for SQL.
func identifier(name string) string {
	return "`" + strings.NewReplacer("\\", "\\\\", "`", "\\`").Replace(name) + "`"
}

// literal quotes text for SQL.
func literal(text string) string {
	return "'" + strings.NewReplacer("\\", "\\\\", "'", "\\'").Replace(text) + "'"
}
