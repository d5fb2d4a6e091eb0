package clickhouse

import "time"

// field is one column of an insert of rows of type R. It can give its values to
// the driver, or write them as a column of a native block.
//
// Wire is the type in which the values travel over HTTP. The server turns plain
// strings into LowCardinality itself, which is cheaper than building
// dictionaries here. The native protocol dictates the types of the table.
type field[R any] struct {
	name, wire string
	values     func(rows []R) any
	encode     func(b *block, rows []R)
	// whole says that a part of the column is about all of its rows, so that
	// they have to be encoded at once.
	whole bool
}

// gather makes a field of two functions: one reads the value out of a row, one
// writes it to a block.
func gather[R, V any](name, wire string, value func(*R) V, put func(*block, V)) field[R] {
	return field[R]{
		name: name, wire: wire,
		values: func(rows []R) any {
			values := make([]V, len(rows))
			for i := range rows {
				values[i] = value(&rows[i])
			}
			return values
		},
		encode: func(b *block, rows []R) {
			for i := range rows {
				put(b, value(&rows[i]))
			}
		},
	}
}

func textField[R any](name string, value func(*R) string) field[R] {
	return gather(name, "String", value, (*block).putText)
}

func wordField[R any](name string, value func(*R) uint64) field[R] {
	return gather(name, "UInt64", value, (*block).putUint64)
}

func numberField[R any](name string, value func(*R) int64) field[R] {
	return gather(name, "Int64", value, func(b *block, v int64) { b.putUint64(uint64(v)) })
}

func smallField[R any](name string, value func(*R) int32) field[R] {
	return gather(name, "Int32", value, func(b *block, v int32) { b.putUint32(uint32(v)) })
}

func timeField[R any](name string, value func(*R) time.Time) field[R] {
	return gather(name, "DateTime64(3, 'UTC')", value, (*block).putTime)
}

// optionalTimeField is NULL for nil and for the zero time.
func optionalTimeField[R any](name string, value func(*R) *time.Time) field[R] {
	f := gather(name, "Nullable(DateTime64(3, 'UTC'))", func(row *R) *time.Time {
		if t := value(row); t != nil && !t.IsZero() {
			return t
		}
		return nil
	}, (*block).putOptionalTime)
	times := f.encode
	f.whole = true
	f.encode = func(b *block, rows []R) {
		for i := range rows {
			t := value(&rows[i])
			b.putBool(t == nil || t.IsZero())
		}
		times(b, rows)
	}
	return f
}

// textsField is an array: in a block, where each row's values end and then the
// values of all rows.
func textsField[R any](name string, value func(*R) []string) field[R] {
	f := gather(name, "Array(String)", value, func(b *block, list []string) {
		for _, text := range list {
			b.putText(text)
		}
	})
	texts := f.encode
	f.whole = true
	f.encode = func(b *block, rows []R) {
		end := uint64(0)
		for i := range rows {
			end += uint64(len(value(&rows[i])))
			b.putUint64(end)
		}
		texts(b, rows)
	}
	return f
}

// labelsField is a map: in a block, where each row's pairs end, then the keys
// and then the values of all rows.
func labelsField[R any](name string, value func(*R) map[string]string) field[R] {
	f := gather(name, "Map(String, String)", value, nil)
	f.whole = true
	f.encode = func(b *block, rows []R) {
		end := uint64(0)
		for i := range rows {
			end += uint64(len(value(&rows[i])))
			b.putUint64(end)
		}
		b.aside = b.aside[:0]
		for i := range rows {
			for key, text := range value(&rows[i]) {
				b.putText(key)
				b.aside = appendText(b.aside, text)
			}
		}
		b.buf = append(b.buf, b.aside...)
	}
	return f
}
