package nativetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"syscall"

	"github.com/ClickHouse/ch-go/compress"
	"github.com/ClickHouse/ch-go/proto"

	"github.com/faultline/faultline/internal/chdb"
)

// serverRevision is the newest revision of the protocol that is spoken here. It
// brings query parameters, which the store uses.
const serverRevision = int(proto.FeatureServerQueryTimeInProgress)

// session is one native connection.
type session struct {
	engine     *chdb.Engine
	conn       net.Conn
	in         *proto.Reader
	out        bytes.Buffer
	database   string
	revision   int
	compressor *compress.Writer
	// pending is the next packet's code, being read while a statement runs.
	pending chan packetCode
}

type packetCode struct {
	code proto.ClientCode
	err  error
}

func newSession(engine *chdb.Engine, conn net.Conn) *session {
	return &session{
		engine: engine, conn: conn, in: proto.NewReader(conn),
		compressor: compress.NewWriter(compress.LevelZero, compress.LZ4),
	}
}

// serve answers packets until the client hangs up.
func (s *session) serve() error {
	defer s.hangUp()
	if err := s.greet(); err != nil {
		return err
	}
	for {
		code, err := s.next()
		if err != nil {
			return err
		}
		switch code {
		case proto.ClientCodePing:
			s.out.WriteByte(byte(proto.ServerCodePong))
			err = s.flush()
		case proto.ClientCodeQuery:
			err = s.query()
		case proto.ClientCodeCancel:
			// What it was meant for has ended.
		default:
			err = fmt.Errorf("packet %s comes out of turn", code)
		}
		if err != nil {
			return err
		}
	}
}

// greet exchanges greetings and settles the revision of the protocol.
func (s *session) greet() error {
	code, err := s.next()
	if err != nil {
		return err
	}
	if code != proto.ClientCodeHello {
		return fmt.Errorf("the connection begins with %s", code)
	}
	var hello proto.ClientHello
	if err := hello.Decode(s.in); err != nil {
		return fmt.Errorf("read the greeting: %w", err)
	}
	s.database, s.revision = hello.Database, min(hello.ProtocolVersion, serverRevision)
	var answer proto.Buffer
	version := versionNumbers(s.engine.Version())
	(&proto.ServerHello{
		Name: "embedded", DisplayName: "embedded", Timezone: "UTC", Revision: serverRevision,
		Major: version[0], Minor: version[1], Patch: version[2],
	}).EncodeAware(&answer, s.revision)
	s.out.Write(answer.Buf)
	if err := s.flush(); err != nil {
		return err
	}
	if proto.FeatureAddendum.In(s.revision) {
		if _, err := s.in.Str(); err != nil {
			return fmt.Errorf("read the greeting's addendum: %w", err)
		}
	}
	return nil
}

func versionNumbers(version string) (numbers [3]int) {
	parts := strings.Split(version, ".")
	for i := range min(len(parts), len(numbers)) {
		// A part that is no number stays 0: the driver only compares versions.
		numbers[i], _ = strconv.Atoi(parts[i])
	}
	return numbers
}

// next is the code of the next packet.
func (s *session) next() (proto.ClientCode, error) {
	if s.pending != nil {
		packet := <-s.pending
		s.pending = nil
		return packet.code, packet.err
	}
	return s.readCode()
}

func (s *session) readCode() (proto.ClientCode, error) {
	number, err := s.in.UVarInt()
	if err != nil {
		return 0, fmt.Errorf("read a packet: %w", err)
	}
	return proto.ClientCode(number), nil
}

// watch reads the next packet's code while a statement runs, and cancels the
// statement when the client asks for that or hangs up. The code stays for next.
func (s *session) watch(cancel context.CancelFunc) {
	pending := make(chan packetCode, 1)
	s.pending = pending
	go func() {
		code, err := s.readCode()
		if err != nil || code == proto.ClientCodeCancel {
			cancel()
		}
		pending <- packetCode{code, err}
	}()
}

// hangUp closes the connection and waits for the reader of the next packet.
func (s *session) hangUp() {
	_ = s.conn.Close()
	if s.pending != nil {
		<-s.pending
	}
}

// flush sends what has been written.
func (s *session) flush() error {
	defer s.out.Reset()
	if _, err := s.conn.Write(s.out.Bytes()); err != nil {
		return fmt.Errorf("answer: %w", err)
	}
	return nil
}

// hungUp tells whether an error is only the other side's or the test's end of
// the connection.
func hungUp(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed) ||
		errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}
