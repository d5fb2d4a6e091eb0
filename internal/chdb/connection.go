package chdb

import (
	"errors"
	"fmt"
	"strings"
)

type statement struct {
	sql    string
	params map[string]string
}

type connection struct {
	engine  *Engine
	slot    uintptr
	name    string
	applied map[string]string
	current string
}

func (e *Engine) dial(number int) (*connection, error) {
	slot := e.lib.dial(e.args)
	if slot == 0 {
		return nil, errors.New("the embedded ClickHouse engine did not start")
	}
	return &connection{engine: e, slot: slot, name: fmt.Sprintf("connection-%d", number)}, nil
}

func (c *connection) close() { c.engine.lib.closeConn(c.slot) }

// run executes a statement and returns its whole result.
func (c *connection) run(s statement, format string) ([]byte, error) {
	lib := c.engine.lib
	result := lib.start(lib.query, c.slot, s, format)
	defer lib.resultDestroy(result)
	if text := lib.failure(result); text != "" {
		return nil, exception(text)
	}
	return append([]byte(nil), lib.bytes(result)...), nil
}

type exception string

func (e exception) Error() string { return string(e) }

func (c *connection) configure(database string, settings map[string]string) error {
	if database != c.current {
		if _, err := c.run(statement{sql: "USE " + identifier(database)}, "Native"); err != nil {
			return err
		}
		c.current = database
	}
	settings["log_comment"] = c.name
	var changes []string
	for name, value := range settings {
		if c.applied[name] != value {
			changes = append(changes, name+" = "+literal(value))
		}
	}
	for name := range c.applied {
		if _, keep := settings[name]; !keep {
			changes = append(changes, name+" = DEFAULT")
		}
	}
	if len(changes) == 0 {
		return nil
	}
	if _, err := c.run(statement{sql: "SET " + strings.Join(changes, ", ")}, "Native"); err != nil {
		return err
	}
	c.applied = settings
	return nil
}

func identifier(name string) string {
	return "`" + strings.NewReplacer("\\", "\\\\", "`", "\\`").Replace(name) + "`"
}

func literal(value string) string {
	return "'" + strings.NewReplacer("\\", "\\\\", "'", "\\'").Replace(value) + "'"
}
