package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"syscall"
	"time"
)

// A line is a connection of the load.
type line struct {
	fd     int
	buf    []byte
	filled int
	due    time.Time // when the request that it waits for was to be sent
}

// drive asks over all connections until ctx ends, from one thread that waits for
// answers on all of them together. That costs two system calls an answer, so one
// core of load keeps one core of servers busy; with a goroutine for each
// connection it was the load that was waited for, and a server that is waited
// with pays for being woken up, once a request.
func (l *loader) drive(ctx context.Context) error {
	poll, err := syscall.EpollCreate1(syscall.EPOLL_CLOEXEC)
	if err != nil {
		return fmt.Errorf("make a poll: %w", err)
	}
	defer syscall.Close(poll)
	lines := map[int32]*line{}
	defer func() {
		for _, c := range lines {
			syscall.Close(c.fd)
		}
	}()
	var idle []*line
	for range l.order.Connections {
		c, err := connect(l.order.Address)
		if err != nil {
			return err
		}
		lines[int32(c.fd)] = c                                                //nolint:gosec // a small number
		event := syscall.EpollEvent{Events: syscall.EPOLLIN, Fd: int32(c.fd)} //nolint:gosec // the same
		if err := syscall.EpollCtl(poll, syscall.EPOLL_CTL_ADD, c.fd, &event); err != nil {
			return fmt.Errorf("watch a connection: %w", err)
		}
		if l.order.Rate > 0 {
			idle = append(idle, c)
			continue
		}
		if err := l.send(c); err != nil {
			return err
		}
	}
	if l.order.Rate > 0 {
		return l.pace(ctx, poll, lines, idle)
	}
	events := make([]syscall.EpollEvent, l.order.Connections)
	for ctx.Err() == nil {
		n, err := syscall.EpollWait(poll, events, 100)
		if err != nil && !errors.Is(err, syscall.EINTR) {
			return fmt.Errorf("wait for answers: %w", err)
		}
		for i := range max(n, 0) {
			c := lines[events[i].Fd]
			switch whole, err := l.receive(c); {
			case err != nil:
				return err
			case whole:
				if err := l.send(c); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// pace asks at a rate. What cannot be asked in time, since every connection waits,
// is asked later, and its time counts from when it was due: a server that stops for a
// while makes all wait that would have come meanwhile. It never sleeps, as the
// system's timers are coarser than what is measured.
func (l *loader) pace(ctx context.Context, poll int, lines map[int32]*line, idle []*line) error {
	every := time.Duration(float64(time.Second) / l.order.Rate)
	events := make([]syscall.EpollEvent, len(lines))
	for due := time.Now(); ctx.Err() == nil; {
		for now := time.Now(); len(idle) > 0 && !due.After(now); due = due.Add(every) {
			c := idle[len(idle)-1]
			idle, c.due = idle[:len(idle)-1], due
			if err := l.send(c); err != nil {
				return err
			}
		}
		n, err := syscall.EpollWait(poll, events, 0)
		if err != nil && !errors.Is(err, syscall.EINTR) {
			return fmt.Errorf("wait for answers: %w", err)
		}
		for i := range max(n, 0) {
			c := lines[events[i].Fd]
			switch whole, err := l.receive(c); {
			case err != nil:
				return err
			case whole:
				idle = append(idle, c)
				if l.measuring.Load() {
					l.times = append(l.times, time.Since(c.due))
				}
			}
		}
	}
	return nil
}

// connect opens a connection to an address of IPv4.
func connect(address string) (*line, error) {
	to, err := netip.ParseAddrPort(address)
	if err != nil {
		return nil, fmt.Errorf("read the address of the server: %w", err)
	}
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("make a socket: %w", err)
	}
	if err := syscall.Connect(fd, &syscall.SockaddrInet4{Port: int(to.Port()), Addr: to.Addr().As4()}); err != nil {
		syscall.Close(fd)
		return nil, fmt.Errorf("connect: %w", err)
	}
	if err := errors.Join(syscall.SetsockoptInt(fd, syscall.IPPROTO_TCP, syscall.TCP_NODELAY, 1), syscall.SetNonblock(fd, true)); err != nil {
		syscall.Close(fd)
		return nil, fmt.Errorf("prepare a socket: %w", err)
	}
	return &line{fd: fd, buf: make([]byte, 16<<10)}, nil
}

// send sends the next request.
func (l *loader) send(c *line) error {
	request := l.order.Requests[int(l.next.Add(1))%len(l.order.Requests)]
	switch n, err := syscall.Write(c.fd, request); {
	case err != nil:
		return fmt.Errorf("send: %w", err)
	case n < len(request):
		return errors.New("a request did not go out in one piece")
	}
	return nil
}

// receive reads what has come, and reports whether that is a whole answer now.
func (l *loader) receive(c *line) (whole bool, err error) {
	n, err := syscall.Read(c.fd, c.buf[c.filled:])
	switch {
	case errors.Is(err, syscall.EAGAIN):
		return false, nil
	case err != nil:
		return false, fmt.Errorf("receive: %w", err)
	case n == 0:
		return false, errors.New("the server closed a connection")
	}
	c.filled += n
	status, length, err := wholeAnswer(c.buf[:c.filled])
	switch {
	case err != nil:
		return false, err
	case length == 0 && c.filled < len(c.buf):
		return false, nil // more has to come
	case length != c.filled:
		return false, fmt.Errorf("an answer has %d bytes, and %d came", length, c.filled)
	case status != l.order.Want:
		return false, fmt.Errorf("an answer has the status %d, not %d", status, l.order.Want)
	}
	c.filled = 0
	l.answers.Add(1)
	return true, nil
}

// wholeAnswer returns the status and the length of the answer that b begins with;
// the length is 0 if it is not whole. It reads what the servers of this program
// write and no more.
func wholeAnswer(b []byte) (status, length int, err error) {
	head := bytes.Index(b, []byte("\r\n\r\n"))
	if head < 0 {
		return 0, 0, nil
	}
	if !bytes.HasPrefix(b, []byte("HTTP/1.1 ")) {
		return 0, 0, fmt.Errorf("an answer begins with %q", b[:min(len(b), 20)])
	}
	if status, err = strconv.Atoi(string(b[9:12])); err != nil {
		return 0, 0, fmt.Errorf("an answer begins with %q", b[:min(len(b), 20)])
	}
	_, after, found := bytes.Cut(b[:head+2], []byte("\r\nContent-Length: "))
	if !found {
		if _, after, found = bytes.Cut(b[:head+2], []byte("\r\ncontent-length: ")); !found { // as HAProxy has it
			return 0, 0, errFraming
		}
	}
	digits, _, _ := bytes.Cut(after, []byte("\r\n"))
	body, err := strconv.Atoi(string(digits))
	if err != nil {
		return 0, 0, fmt.Errorf("read the length of an answer: %w", err)
	}
	if length = head + 4 + body; length > len(b) {
		return 0, 0, nil
	}
	return status, length, nil
}
