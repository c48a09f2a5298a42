package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os/exec"
	"strconv"
	"strings"
)

// The peer that asks a store in another process about each request, as gateways do
// that keep tokens in one: a handler of net/http that looks the digest of the token
// up in a Redis of its own.
const redisPart = "redis"

// serveRedis starts Redis, tells it the keys and serves. Both processes are on the
// core of servers, and the CPU time of both counts.
func serveRedis(ctx context.Context, o serveOrder) (*serving, error) {
	file, err := find("redis-server")
	if err != nil {
		return nil, err
	}
	address, err := freeAddress()
	if err != nil {
		return nil, err
	}
	_, port, _ := net.SplitHostPort(address)
	cmd := exec.CommandContext(ctx, file, "--bind", "127.0.0.1", "--port", port, "--save", "", "--appendonly", "no", "--loglevel", "warning", "--dir", o.Folder) //nolint:gosec // a program of Debian's
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start redis-server: %w", err)
	}
	end := func() error {
		err := cmd.Process.Kill()
		_ = cmd.Wait() // it says that it was killed
		return err
	}
	r := &redis{address: address, idle: make(chan *redisConn, connections)}
	err = reached(address)
	if err == nil {
		err = r.fill(o)
	}
	if err != nil {
		return nil, errors.Join(err, end())
	}
	return &serving{server: inside(r), helpers: []int{cmd.Process.Pid}, end: end}, nil
}

// redis answers by what Redis knows.
type redis struct {
	address string
	idle    chan *redisConn
}

// ServeHTTP lets in who presents a token whose digest is known.
func (r *redis) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	token, _ := strings.CutPrefix(q.Header.Get("Authorization"), "Bearer ")
	sum := sha256.Sum256([]byte(token))
	known, err := r.knows(sum)
	switch {
	case err != nil:
		w.WriteHeader(http.StatusServiceUnavailable)
	case !known:
		w.WriteHeader(http.StatusUnauthorized)
	default:
		w.WriteHeader(http.StatusOK)
	}
}

// A redisConn is one connection, with what is written to it.
type redisConn struct {
	net.Conn
	in  *bufio.Reader
	out []byte
}

func (r *redis) connect() (*redisConn, error) {
	conn, err := net.Dial("tcp", r.address)
	if err != nil {
		return nil, fmt.Errorf("connect to Redis: %w", err)
	}
	return &redisConn{Conn: conn, in: bufio.NewReader(conn)}, nil
}

// knows asks for the value of a digest.
func (r *redis) knows(sum [sha256.Size]byte) (known bool, err error) {
	var c *redisConn
	select {
	case c = <-r.idle:
	default:
		if c, err = r.connect(); err != nil {
			return false, err
		}
	}
	c.out = hex.AppendEncode(append(c.out[:0], "*2\r\n$3\r\nGET\r\n$64\r\n"...), sum[:])
	if _, err := c.Write(append(c.out, "\r\n"...)); err != nil {
		return false, errors.Join(err, c.Close())
	}
	if known, err = c.value(); err != nil {
		return false, errors.Join(err, c.Close())
	}
	select {
	case r.idle <- c:
	default:
		err = c.Close()
	}
	return known, err
}

// value reads a value, and tells whether there is one (RESP, bulk strings).
func (c *redisConn) value() (there bool, err error) {
	line, err := c.in.ReadSlice('\n')
	if err != nil {
		return false, err
	}
	digits, ok := bytes.CutPrefix(bytes.TrimSpace(line), []byte("$"))
	n, err := strconv.Atoi(string(digits))
	if !ok || err != nil {
		return false, fmt.Errorf("the answer of Redis is %q", line)
	}
	if n < 0 {
		return false, nil
	}
	_, err = c.in.Discard(n + len("\r\n"))
	return true, err
}

// fill tells Redis the keys, many of them in one go.
func (r *redis) fill(o serveOrder) error {
	c, err := r.connect()
	if err != nil {
		return err
	}
	defer c.Close()
	const together = 1000
	waiting := 0
	settle := func() error {
		if _, err := c.Write(c.out); err != nil {
			return err
		}
		c.out = c.out[:0]
		for ; waiting > 0; waiting-- {
			if line, err := c.in.ReadString('\n'); err != nil || line != "+OK\r\n" {
				return fmt.Errorf("the answer of Redis is %q: %w", line, err)
			}
		}
		return nil
	}
	for n, sum := range o.keys() {
		value := fmt.Sprintf("t1:r%d", n)
		c.out = hex.AppendEncode(append(c.out, "*3\r\n$3\r\nSET\r\n$64\r\n"...), sum[:])
		c.out = fmt.Appendf(c.out, "\r\n$%d\r\n%s\r\n", len(value), value)
		if waiting++; waiting == together {
			if err := settle(); err != nil {
				return err
			}
		}
	}
	return settle()
}

// keys are the digests of those whom a peer lets in, with numbers: of the tokens, and
// behind them of as many others as make them so many.
func (o *serveOrder) keys() func(yield func(int, [sha256.Size]byte) bool) {
	return func(yield func(int, [sha256.Size]byte) bool) {
		for i, a := range o.Tokens {
			if !yield(i, sha256.Sum256([]byte(strings.TrimPrefix(a.Header[1], "Bearer ")))) {
				return
			}
		}
		for i := len(o.Tokens); i < o.Many.Tokens; i++ {
			var other [sha256.Size]byte
			if _, err := io.ReadFull(rand.Reader, other[:]); err != nil || !yield(i, other) {
				return
			}
		}
	}
}
