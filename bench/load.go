package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"sync/atomic"
	"time"
)

// An order for a load says what to send where, and whose CPU time to take.
type loadOrder struct {
	Address     string
	Requests    [][]byte // sent in turn
	Want        int      // status of each answer
	GRPC        bool     // the requests are messages
	Connections int
	Warm, Span  time.Duration
	Rate        float64 // requests a second, whether they are answered in time or not; 0: as many as are answered
	Server      []int   // processes that are measured
	Others      []int   // processes that are no noise
}

// A loadAnswer says what came of it.
type loadAnswer struct {
	Answers int64         // in the span
	CPU     time.Duration // of the server in the span
	Noise   float64       // cores that others used in the span
	Span    time.Duration
	Tail    time.Duration // 99.9 of 100 answers came within; 0 without a rate
	Fault   string        // the first answer that was not as it should be
}

// load sends requests over connections that stay open, each with one request at
// a time. It reads the server's CPU time itself, so that the span is the same
// for it and for the count of answers.
func load(ctx context.Context, orders *json.Decoder, answers *json.Encoder) error {
	var o loadOrder
	if err := orders.Decode(&o); err != nil {
		return fmt.Errorf("read the orders: %w", err)
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	l := &loader{order: &o}
	done := make(chan struct{})
	go func() {
		defer close(done)
		drive := l.drive
		if o.GRPC {
			drive = l.driveGRPC
		}
		if err := drive(ctx); err != nil {
			l.fault.CompareAndSwap(nil, &err)
		}
	}()
	l.warm(ctx)
	before, err := l.read()
	if err != nil {
		return err
	}
	l.measuring.Store(true)
	time.Sleep(o.Span)
	l.measuring.Store(false)
	after, err := l.read()
	if err != nil {
		return err
	}
	stop()
	<-done
	span := after.at.Sub(before.at)
	a := loadAnswer{
		Answers: after.answers - before.answers, CPU: after.server - before.server, Span: span,
		Noise: float64(after.noise-before.noise) / float64(span),
	}
	a.Tail = tail(l.times)
	if fault := l.fault.Load(); fault != nil {
		a.Fault = (*fault).Error()
	}
	return answers.Encode(a)
}

// longestWarm bounds how long it may take until everything was sent once.
const longestWarm = time.Minute

// warm waits for the time that is set for it, and until everything was sent
// once: what is measured is known.
func (l *loader) warm(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, longestWarm)
	defer cancel()
	tick := time.NewTicker(l.order.Warm)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			if l.answers.Load() >= int64(len(l.order.Requests)) || l.fault.Load() != nil {
				return
			}
		case <-ctx.Done():
			return
		}
	}
}

type loader struct {
	order     *loadOrder
	times     []time.Duration // from when a request was due to its answer, while measuring
	measuring atomic.Bool
	next      atomic.Int64 // request to send
	answers   atomic.Int64
	fault     atomic.Pointer[error]
}

// tail returns the time within which 99.9 of 100 answers came.
func tail(times []time.Duration) time.Duration {
	if len(times) == 0 {
		return 0
	}
	slices.Sort(times)
	return times[(len(times)-1)*999/1000]
}

// A reading is where all counters stand.
type reading struct {
	at            time.Time
	answers       int64
	server, noise time.Duration
}

func (l *loader) read() (r reading, err error) {
	if r.server, err = cpuOfEach(l.order.Server); err != nil {
		return r, err
	}
	r.at, r.answers = time.Now(), l.answers.Load()
	if r.noise, err = cpuOfAll(); err != nil {
		return r, err
	}
	others, err := cpuOfEach(l.order.Others)
	r.noise -= ownCPU() + r.server + others
	return r, err
}

var errFraming = errors.New("the answer does not tell its length")

// readAnswer reads one answer over HTTP/1.1 and returns its status. It reads
// what the servers of this program write and no more.
func readAnswer(in *bufio.Reader) (status int, err error) {
	line, err := in.ReadSlice('\n')
	if err != nil {
		return 0, err
	}
	if len(line) < len("HTTP/1.1 200\r\n") || !bytes.HasPrefix(line, []byte("HTTP/1.1 ")) {
		return 0, fmt.Errorf("an answer begins with %q", line)
	}
	if status, err = strconv.Atoi(string(line[9:12])); err != nil {
		return 0, fmt.Errorf("an answer begins with %q", line)
	}
	length := -1
	for {
		if line, err = in.ReadSlice('\n'); err != nil {
			return 0, err
		}
		if len(line) == len("\r\n") {
			break
		}
		value, ok := bytes.CutPrefix(line, []byte("Content-Length: "))
		if !ok {
			value, ok = bytes.CutPrefix(line, []byte("content-length: "))
		}
		if ok {
			if length, err = strconv.Atoi(string(bytes.TrimSpace(value))); err != nil {
				return 0, fmt.Errorf("read the length of an answer: %w", err)
			}
		}
	}
	if length < 0 {
		return 0, errFraming
	}
	if _, err := in.Discard(length); err != nil {
		return 0, io.ErrUnexpectedEOF
	}
	return status, nil
}
