package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/pprof"
	"strings"
	"time"
)

// What is measured runs in processes of its own, each a copy of this program
// that was told its part in the first argument. A part gets its orders on its
// input and answers on its output, both in JSON. Its input ends when this
// process does, however that ends, and a server's life with it.

// A child is a running part.
type child struct {
	cmd    *exec.Cmd
	orders io.WriteCloser
	answer *json.Decoder
}

// start starts a part on a core and gives it its orders.
func start(ctx context.Context, core, profile, part string, orders any) (*child, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("find this program: %w", err)
	}
	args := []string{self, part}
	if core != "" {
		args = append([]string{"taskset", "-c", core}, args...)
	}
	c := &child{cmd: exec.CommandContext(ctx, args[0], args[1:]...)}
	if core == "" { // on a core of its own Go runs one thread, unless the part wants it otherwise
		c.cmd.Env = append(os.Environ(), "GOMAXPROCS=1")
	}
	if profile != "" {
		c.cmd.Args = append(c.cmd.Args, filepath.Join(profile, part+".prof"))
	}
	c.cmd.Stderr = os.Stderr
	if c.orders, err = c.cmd.StdinPipe(); err != nil {
		return nil, fmt.Errorf("start %s: %w", part, err)
	}
	out, err := c.cmd.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", part, err)
	}
	c.answer = json.NewDecoder(out)
	if err := c.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", part, err)
	}
	if err := json.NewEncoder(c.orders).Encode(orders); err != nil {
		return nil, errors.Join(fmt.Errorf("give %s its orders: %w", part, err), c.end())
	}
	return c, nil
}

// said reads one answer.
func (c *child) said(into any) error {
	if err := c.answer.Decode(into); err != nil {
		return fmt.Errorf("%s did not answer: %w", strings.Join(c.cmd.Args[1:], " "), err)
	}
	return nil
}

// patience is how long a part may take to end.
const patience = 10 * time.Second

// end has the part end and waits for it.
func (c *child) end() error {
	c.orders.Close()
	timer := time.AfterFunc(patience, func() { _ = c.cmd.Process.Kill() })
	defer timer.Stop()
	return c.cmd.Wait()
}

// once runs a part that answers once and ends.
func once(ctx context.Context, core, profile, part string, orders, answer any) error {
	c, err := start(ctx, core, profile, part, orders)
	if err != nil {
		return err
	}
	return errors.Join(c.said(answer), c.end())
}

// play takes a part: what is done with the orders, until the orders end. The
// second argument, if there is one, is a file for a CPU profile.
func play(ctx context.Context, args []string, in io.Reader, out io.Writer, part func(context.Context, *json.Decoder, *json.Encoder) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	if len(args) > 1 {
		f, err := os.Create(args[1])
		if err != nil {
			return fmt.Errorf("make the file of the profile: %w", err)
		}
		defer f.Close()
		if err := pprof.StartCPUProfile(f); err != nil {
			return fmt.Errorf("begin the profile: %w", err)
		}
		defer pprof.StopCPUProfile()
	}
	return part(ctx, json.NewDecoder(bufio.NewReader(in)), json.NewEncoder(out))
}
