package nativetest

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"math"

	"github.com/ClickHouse/ch-go/proto"
)

// maxValues bounds the values that a column may claim to have, so that garbage
// does not look like a huge block.
const maxValues = 1 << 28

// columnCopier copies the values of columns from one block to another. It reads
// only as much as it takes to know where a column ends.
type columnCopier struct {
	from *proto.Reader
	to   *bytes.Buffer
}

// column copies one column: the states of its LowCardinality parts come first.
func (c columnCopier) column(typeName string, rows uint64) error {
	if rows == 0 {
		return nil
	}
	if err := c.state(typeName); err != nil {
		return err
	}
	return c.values(typeName, rows)
}

// state copies the version number in front of each LowCardinality part.
func (c columnCopier) state(typeName string) error {
	t, err := parseType(typeName)
	if err != nil {
		return err
	}
	switch t.name {
	case "LowCardinality":
		_, err := c.number()
		return err
	case "Array", "Map", "Nullable", "Tuple":
		for _, element := range t.elements() {
			if err := c.state(element); err != nil {
				return err
			}
		}
	}
	return nil
}

// values copies so many values of a type.
func (c columnCopier) values(typeName string, rows uint64) error {
	if rows > maxValues {
		return fmt.Errorf("%d values of type %s are more than a block holds", rows, typeName)
	}
	t, err := parseType(typeName)
	if err != nil {
		return err
	}
	if width, err := t.width(); err != nil || width > 0 {
		if err != nil {
			return err
		}
		return c.raw(rows * uint64(width))
	}
	switch t.name {
	case "String":
		return c.strings(rows)
	case "Nullable":
		if err := c.raw(rows); err != nil {
			return err
		}
		return c.values(t.args[0], rows)
	case "Array", "Map":
		return c.lists(t, rows)
	case "Tuple":
		return c.each(t.elements(), rows)
	case "LowCardinality":
		return c.lowCardinality(t.args[0], rows)
	case "SimpleAggregateFunction":
		return c.values(t.args[1], rows)
	default:
		return fmt.Errorf("type %s is not supported here", typeName)
	}
}

func (c columnCopier) each(types []string, rows uint64) error {
	for _, element := range types {
		if err := c.values(element, rows); err != nil {
			return err
		}
	}
	return nil
}

// lists copies the end offsets of the rows, then the elements of all rows.
func (c columnCopier) lists(t dataType, rows uint64) error {
	total := uint64(0)
	for range rows {
		end, err := c.number()
		if err != nil {
			return err
		}
		total = end
	}
	if total == 0 {
		return nil
	}
	return c.each(t.args, total)
}

// lowCardinality copies a dictionary and the rows' indexes into it. The low byte
// of the leading word says how wide the indexes are.
func (c columnCopier) lowCardinality(arg string, rows uint64) error {
	if rows == 0 {
		return nil
	}
	flags, err := c.number()
	if err != nil {
		return err
	}
	if flags&0xff > 3 {
		return fmt.Errorf("LowCardinality(%s) has indexes of unknown width %d", arg, flags&0xff)
	}
	entries, err := c.number()
	if err != nil {
		return err
	}
	if err := c.values(dictionaryType(arg), entries); err != nil {
		return err
	}
	indexes, err := c.number()
	if err != nil {
		return err
	}
	if indexes != rows {
		return fmt.Errorf("LowCardinality(%s) has %d indexes for %d rows", arg, indexes, rows)
	}
	return c.raw(indexes << (flags & 0xff))
}

func (c columnCopier) strings(rows uint64) error {
	for range rows {
		length, err := c.from.UVarInt()
		if err != nil {
			return fmt.Errorf("read a string's length: %w", err)
		}
		c.to.Write(binary.AppendUvarint(nil, length))
		if err := c.raw(length); err != nil {
			return err
		}
	}
	return nil
}

// number copies a fixed 64-bit number and returns it.
func (c columnCopier) number() (uint64, error) {
	value, err := c.from.UInt64()
	if err != nil {
		return 0, fmt.Errorf("read a number: %w", err)
	}
	c.to.Write(binary.LittleEndian.AppendUint64(nil, value))
	return value, nil
}

// raw copies bytes. Memory is taken only as they come, whatever size says.
func (c columnCopier) raw(size uint64) error {
	if size > math.MaxInt64 {
		return fmt.Errorf("%d bytes are no size", size)
	}
	if _, err := io.CopyN(c.to, c.from, int64(size)); err != nil {
		return fmt.Errorf("read %d bytes: %w", size, err)
	}
	return nil
}
