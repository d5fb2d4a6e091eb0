package clickhouse

import (
	"encoding/binary"
	"math"
	"time"
)

func countField[R any](name string, value func(*R) uint32) field[R] {
	return gather(name, "UInt32", value, (*block).putUint32)
}

func realField[R any](name string, value func(*R) float64) field[R] {
	return gather(name, "Float64", value, (*block).putReal)
}

// realsField is a map from words to numbers: in a block, where each row's pairs
// end, then the keys and then the values of all rows.
func realsField[R any](name string, value func(*R) map[string]float64) field[R] {
	f := gather(name, "Map(String, Float64)", value, nil)
	f.whole = true
	f.encode = func(b *block, rows []R) {
		maps := make([]map[string]float64, len(rows))
		end := uint64(0)
		for i := range rows {
			maps[i] = value(&rows[i])
			end += uint64(len(maps[i]))
			b.putUint64(end)
		}
		var numbers []float64
		for _, m := range maps {
			for key, number := range m {
				b.putText(key)
				numbers = append(numbers, number)
			}
		}
		for _, number := range numbers {
			b.putReal(number)
		}
	}
	return f
}

func (b *block) putReal(v float64) { b.putUint64(math.Float64bits(v)) }

// tinyField is a small number such as a tier.
func tinyField[R any](name string, value func(*R) uint8) field[R] {
	return gather(name, "UInt8", value, func(b *block, v uint8) { b.buf = append(b.buf, v) })
}

// secondsPerDay turns a moment into the days since 1970 of a Date column.
const secondsPerDay = 24 * 60 * 60

// dayField is the day of a moment.
func dayField[R any](name string, value func(*R) time.Time) field[R] {
	return gather(name, "Date", value, func(b *block, t time.Time) {
		b.buf = binary.LittleEndian.AppendUint16(b.buf, uint16(t.Unix()/secondsPerDay))
	})
}
