package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/sallyport/sallyport/internal/token"
)

// A program is `sallyport serve` in a process of its own.
type program struct {
	cmd   *exec.Cmd
	start time.Duration // until it was ready
}

const (
	// untilReady is how long a program may take to be ready.
	untilReady = 30 * time.Second
	// untilIdle is how long it is left alone before its memory is looked at.
	untilIdle = 3 * time.Second
)

// configText is a configuration with the parts of each file that a program needs.
const configText = `public: {listen: "%[1]s", url: "http://%[1]s"}
internal: {listen: "%[2]s"}
storage: {url: "%[3]s"}
keys: {master_key_file: master.key}
`

// programs are those that are started on one store, one after the other.
type programs struct {
	binary  string
	folder  string // of their configuration
	storage string
	master  token.MasterKey
}

// start starts one and waits until it is ready.
func (s *programs) start(ctx context.Context) (*program, error) {
	public, err := freeAddress()
	if err != nil {
		return nil, err
	}
	internal, err := freeAddress()
	if err != nil {
		return nil, err
	}
	config := filepath.Join(s.folder, "sallyport.yaml")
	err = errors.Join(
		os.WriteFile(filepath.Join(s.folder, "master.key"), []byte(s.master.Text()+"\n"), 0o600),
		os.WriteFile(config, fmt.Appendf(nil, configText, public, internal, s.storage), 0o600),
	)
	if err != nil {
		return nil, fmt.Errorf("write a configuration: %w", err)
	}
	p := &program{cmd: exec.CommandContext(ctx, s.binary, "serve", "--config", config)}
	client := &http.Client{Timeout: patience}
	defer client.CloseIdleConnections()
	began := time.Now()
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", s.binary, err)
	}
	for time.Since(began) < untilReady {
		res, err := client.Get("http://" + internal + "/readyz")
		if err == nil {
			_ = res.Body.Close()
			if res.StatusCode == http.StatusOK {
				p.start = time.Since(began)
				return p, nil
			}
		}
		time.Sleep(time.Millisecond)
	}
	return nil, errors.Join(fmt.Errorf("%s was not ready within %s", s.binary, untilReady), p.end())
}

// freeAddress returns an address that nobody listens on at the moment.
func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("find a free address: %w", err)
	}
	defer l.Close()
	return l.Addr().String(), nil
}

// end has the program end and waits for it.
func (p *program) end() error {
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return fmt.Errorf("end the program: %w", err)
	}
	if err := p.cmd.Wait(); err != nil {
		return fmt.Errorf("the program ended: %w", err)
	}
	return nil
}

// kill ends the program as a lack of memory does, and waits for it.
func (p *program) kill() error {
	if err := p.cmd.Process.Kill(); err != nil {
		return fmt.Errorf("kill the program: %w", err)
	}
	_ = p.cmd.Wait() // it says that it was killed
	return nil
}

// A footprint is how much of a program is in memory, in bytes: everything, and
// without the pages of its file, which all processes that run it share and which
// the system takes back when it needs room.
type footprint struct{ all, own float64 }

// memory returns the footprint of the program (VmRSS and RssAnon in
// proc_pid_status(5)); 0 where there is no such file.
func (p *program) memory() (f footprint) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		return f
	}
	for line := range strings.Lines(string(text)) {
		name, value, _ := strings.Cut(line, ":")
		n, _ := strconv.ParseFloat(strings.TrimSuffix(strings.TrimSpace(value), " kB"), 64)
		switch name {
		case "VmRSS":
			f.all = n * 1024
		case "RssAnon":
			f.own = n * 1024
		}
	}
	return f
}

// started is what starts on one store took.
type started struct {
	millis float64 // median
	idle   footprint
}

// starts starts programs one after the other, each after the one before ended in this
// way, and looks at the memory of the last of them when nobody had asked it anything.
// The first does not count: it meets the store as another program has left it.
func (s *programs) starts(ctx context.Context, rounds int, end func(*program) error) (out started, err error) {
	var took []float64
	for i := range rounds + 1 {
		p, err := s.start(ctx)
		if err != nil {
			return out, err
		}
		if i > 0 {
			took = append(took, float64(p.start.Microseconds())/1e3)
		}
		if i == rounds {
			time.Sleep(untilIdle)
			out.idle = p.memory()
			end = (*program).end
		}
		if err := end(p); err != nil {
			return out, err
		}
	}
	out.millis = median(took)
	return out, nil
}

// programResults are about a program on an empty store.
func programResults(ctx context.Context, rounds int, binary, folder string) ([]result, error) {
	master, err := token.NewMasterKey()
	if err != nil {
		return nil, fmt.Errorf("make a master key: %w", err)
	}
	p := programs{binary, folder, "sqlite:" + filepath.Join(folder, "empty.db"), master}
	empty, err := p.starts(ctx, rounds, (*program).end)
	if err != nil {
		return nil, err
	}
	return []result{
		figure("start of the program, empty store", empty.millis, "ms").goal(startGoal),
		figure("memory of the idle program", empty.idle.all/(1<<20), "MiB").goal(idleGoal),
		figure("the same without the pages of its file", empty.idle.own/(1<<20), "MiB"),
	}, nil
}
