//go:build !linux

package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
)

// drive asks over all connections until ctx ends, each in a goroutine of its own.
func (l *loader) drive(ctx context.Context) error {
	var all sync.WaitGroup
	faults := make([]error, l.order.Connections)
	for i := range faults {
		all.Go(func() { faults[i] = l.connection(ctx, i) })
	}
	all.Wait()
	return errors.Join(faults...)
}

// connection asks and waits for the answer until ctx ends.
func (l *loader) connection(ctx context.Context, number int) error {
	conn, err := net.Dial("tcp", l.order.Address)
	if err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	defer conn.Close()
	in := bufio.NewReaderSize(conn, 8<<10)
	for ctx.Err() == nil {
		request := l.order.Requests[int(l.next.Add(1))%len(l.order.Requests)]
		if _, err := conn.Write(request); err != nil {
			return fmt.Errorf("send on connection %d: %w", number, err)
		}
		status, err := readAnswer(in)
		if err != nil {
			return fmt.Errorf("read on connection %d: %w", number, err)
		}
		if status != l.order.Want {
			return fmt.Errorf("an answer has the status %d, not %d", status, l.order.Want)
		}
		l.answers.Add(1)
	}
	return nil
}
