package nativetest

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"github.com/ClickHouse/ch-go/proto"
)

// noRevision marks a block as the engine reads and writes it.
const noRevision = 0

// block is the head of a copied block.
type block struct {
	columns, rows uint64
}

// empty tells whether the block ends a sequence of blocks.
func (b block) empty() bool { return b.columns == 0 && b.rows == 0 }

// copyBlock reads a block of one revision and writes it as another. An error
// before the first byte is io.EOF as it is.
func copyBlock(to *bytes.Buffer, toRevision int, from *proto.Reader, fromRevision int) (block, error) {
	if proto.FeatureBlockInfo.In(fromRevision) {
		var info proto.BlockInfo
		if err := info.Decode(from); err != nil {
			return block{}, fmt.Errorf("read the block's information: %w", err)
		}
	}
	var b block
	for _, number := range []*uint64{&b.columns, &b.rows} {
		var err error
		if *number, err = from.UVarInt(); err != nil {
			return block{}, fmt.Errorf("read the block's size: %w", err)
		}
	}
	putHead(to, toRevision, b)
	for range b.columns {
		if err := copyColumn(to, toRevision, from, fromRevision, b.rows); err != nil {
			return block{}, err
		}
	}
	return b, nil
}

func copyColumn(to *bytes.Buffer, toRevision int, from *proto.Reader, fromRevision int, rows uint64) error {
	name, err := readName(from)
	if err != nil {
		return fmt.Errorf("read a column's name: %w", err)
	}
	typeName, err := readName(from)
	if err != nil {
		return fmt.Errorf("read the type of column %s: %w", name, err)
	}
	if proto.FeatureCustomSerialization.In(fromRevision) {
		if custom, err := from.Bool(); err != nil || custom {
			return fmt.Errorf("column %s: serialization flag %v is not supported: %w", name, custom, err)
		}
	}
	putColumn(to, toRevision, name, typeName)
	if err := (columnCopier{from: from, to: to}).column(typeName, rows); err != nil {
		return fmt.Errorf("column %s: %w", name, err)
	}
	return nil
}

// maxNameBytes bounds the names of columns and types.
const maxNameBytes = 1 << 20

func readName(from *proto.Reader) (string, error) {
	length, err := from.UVarInt()
	if err != nil {
		return "", err
	}
	if length > maxNameBytes {
		return "", fmt.Errorf("a name of %d bytes", length)
	}
	name := make([]byte, length)
	if err := from.ReadFull(name); err != nil {
		return "", err
	}
	return string(name), nil
}

// putHead writes what precedes the columns of a block.
func putHead(to *bytes.Buffer, revision int, b block) {
	var head proto.Buffer
	proto.Block{Columns: int(b.columns), Rows: int(b.rows), Info: proto.BlockInfo{BucketNum: -1}}.EncodeAware(&head, revision)
	to.Write(head.Buf)
}

// putColumn writes what precedes the values of a column.
func putColumn(to *bytes.Buffer, revision int, name, typeName string) {
	putText(to, name)
	putText(to, typeName)
	if proto.FeatureCustomSerialization.In(revision) {
		to.WriteByte(0)
	}
}

func putText(to *bytes.Buffer, text string) {
	to.Write(binary.AppendUvarint(nil, uint64(len(text))))
	to.WriteString(text)
}
