package stream

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/sallyport/sallyport/api"
)

// A Syslog hands entries on to a syslog server: messages as RFC 5424 has them, with
// the entry as JSON, over TCP with octet counting (RFC 6587 section 3.4.1) or over
// TLS (RFC 5425).
//
// Syslog knows no answer. A batch counts as arrived when the connection is still
// open a moment after it was written; what a server loses after that, it has lost.
type Syslog struct {
	Address string        // host:port
	Host    string        // of this installation, as it calls itself in messages
	TLS     *tls.Config   // nil: plain TCP
	Settle  time.Duration // the moment; 500 ms when 0

	conn net.Conn
}

const defaultSettle = 500 * time.Millisecond

// Deliver writes entries and waits whether the connection stays open.
func (s *Syslog) Deliver(ctx context.Context, entries []api.AuditEntry) error {
	if err := s.dial(ctx); err != nil {
		return fmt.Errorf("connect to the syslog server: %w", err)
	}
	err := s.send(ctx, entries)
	if err != nil {
		_ = s.conn.Close() // it is of no use any more
		s.conn = nil
	}
	return err
}

func (s *Syslog) dial(ctx context.Context) (err error) {
	if s.conn != nil {
		return nil
	}
	if s.TLS == nil {
		s.conn, err = (&net.Dialer{}).DialContext(ctx, "tcp", s.Address)
	} else {
		s.conn, err = (&tls.Dialer{Config: s.TLS}).DialContext(ctx, "tcp", s.Address)
	}
	if err != nil {
		s.conn = nil // not an interface that holds a nil
	}
	return err
}

func (s *Syslog) send(ctx context.Context, entries []api.AuditEntry) error {
	if end, ok := ctx.Deadline(); ok {
		if err := s.conn.SetWriteDeadline(end); err != nil {
			return fmt.Errorf("write to the syslog server: %w", err)
		}
	}
	w := bufio.NewWriterSize(s.conn, 64<<10)
	for i := range entries {
		message, err := s.message(&entries[i])
		if err != nil {
			return err
		}
		// RFC 6587 section 3.4.1: MSG-LEN SP SYSLOG-MSG.
		fmt.Fprintf(w, "%d ", len(message))
		if _, err := w.Write(message); err != nil {
			return fmt.Errorf("write to the syslog server: %w", err)
		}
	}
	if err := w.Flush(); err != nil {
		return fmt.Errorf("write to the syslog server: %w", err)
	}
	return s.settle(ctx)
}

// settle waits for the moment in which a server that went away would be noticed.
func (s *Syslog) settle(ctx context.Context) error {
	moment := s.Settle
	if moment == 0 {
		moment = defaultSettle
	}
	stop := context.AfterFunc(ctx, func() { _ = s.conn.SetReadDeadline(time.Unix(1, 0)) })
	defer stop()
	if err := s.conn.SetReadDeadline(time.Now().Add(moment)); err != nil { //nolint:forbidigo // of a socket
		return fmt.Errorf("wait for the syslog server: %w", err)
	}
	var ignored [512]byte
	for {
		_, err := s.conn.Read(ignored[:])
		switch {
		case err == nil: // it has nothing to say that we know of
		case ctx.Err() != nil:
			return ctx.Err()
		case errors.Is(err, os.ErrDeadlineExceeded):
			return nil
		default:
			return fmt.Errorf("the syslog server ended the connection: %w", err)
		}
	}
}

// Close ends the connection.
func (s *Syslog) Close() error {
	if s.conn == nil {
		return nil
	}
	err := s.conn.Close()
	s.conn = nil
	return err
}

const (
	// priority is facility 13, log audit, with severity 5, notice (RFC 5424
	// section 6.2.1).
	priority = 13*8 + 5
	// maxMessage is how long a message may be, in bytes; servers take 2 KiB at
	// least, and usually 64 (RFC 5425 section 4.3.1).
	maxMessage = 64 << 10
	maxHost    = 255 // RFC 5424 section 6
	maxMsgID   = 32
	// maxSequence is the greatest sequenceId (RFC 5424 section 7.3.1); then it
	// begins again from 1.
	maxSequence = 2147483647
)

// message returns an entry as a syslog message. One that would be too long comes
// without its states; its number says where they can be read.
func (s *Syslog) message(e *api.AuditEntry) ([]byte, error) {
	head := "<" + strconv.Itoa(priority) + ">1 " + e.At.UTC().Format("2006-01-02T15:04:05.000000Z") + " " +
		printUSASCII(s.Host, maxHost) + " sallyport - " + printUSASCII(e.Action, maxMsgID) +
		` [meta sequenceId="` + strconv.FormatInt((e.Seq-1)%maxSequence+1, 10) + `"] `
	body, err := json.Marshal(e)
	if err == nil && len(head)+len(body) > maxMessage {
		short := *e
		short.Before, short.After = nil, json.RawMessage(`{"left_out":true}`)
		body, err = json.Marshal(&short)
	}
	if err != nil {
		return nil, fmt.Errorf("write entry %d as JSON: %w", e.Seq, err)
	}
	return append([]byte(head), body...), nil
}

// printUSASCII returns text as a header field of a message: visible ASCII, bounded,
// "-" for none (RFC 5424 section 6).
func printUSASCII(text string, most int) string {
	text = strings.Map(func(r rune) rune {
		if r <= ' ' || r > '~' {
			return -1
		}
		return r
	}, text)
	if text == "" {
		return "-"
	}
	return text[:min(len(text), most)]
}
