package chdb

import (
	"fmt"
	"net/http"
	"strconv"

	"github.com/ClickHouse/ch-go/proto"
)

// hello answers the driver's first query in the engine's place. The driver
// decodes this one answer at its own revision of the native format and every
// later one at the revision that it is told here. That has to be 0, because
// the engine writes what a server writes for clients that name no revision.
func (e *Engine) hello(req *http.Request, revision string) (*http.Response, error) {
	version, err := strconv.Atoi(revision)
	if err != nil {
		return nil, badRequest{fmt.Errorf("parameter client_protocol_version: %w", err)}
	}
	block := proto.Block{Columns: 4, Rows: 1, Info: proto.BlockInfo{BucketNum: -1}}
	var buf proto.Buffer
	err = block.EncodeBlock(&buf, version, []proto.InputColumn{
		{Name: "displayName()", Data: text("embedded")},
		{Name: "version()", Data: text(e.version)},
		{Name: "revision()", Data: &proto.ColUInt32{0}},
		{Name: "timezone()", Data: text("UTC")},
	})
	if err != nil {
		return nil, fmt.Errorf("encode the answer to the driver's greeting: %w", err)
	}
	return answer(req, http.StatusOK, buf.Buf), nil
}

func text(value string) *proto.ColStr {
	column := new(proto.ColStr)
	column.Append(value)
	return column
}
