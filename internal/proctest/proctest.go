// Package proctest runs real programs for tests: database servers, proxies,
// the built binary. Its promise is that none of them outlives the test
// process, however that one ends: a test that passes, panics, runs into its
// time limit or is killed with SIGKILL leaves nothing running.
//
// Between the test process and the program stands a small shell which waits
// for a line on a pipe that only the test process holds open. The kernel
// closes that pipe when the test process is gone, and the shell then ends the
// program and removes its folder.
package proctest

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

// watchdog starts the program given after its first three arguments: the name
// of the signal that asks the program to end, its log file, and the folder to
// remove when the test process is gone ("" for none).
//
// The program and its children hold the far end of the alive pipe (descriptor
// 3), so the reader of that pipe sees its end exactly when all of them are
// gone. The program's own input is empty: a program that reads it must not
// take the line meant for the shell. It is started before the shell has any
// trap of its own: a signal that came between fork and exec would run that trap
// in the child and be lost. The last line ends the shell's own process group:
// the timer, and whatever the program left of itself there.
const watchdog = `
sig=$1 log=$2 scratch=$3
shift 3
"$@" </dev/null 3>&1 >>"$log" 2>&1 &
pid=$!
trap : HUP INT TERM
exec >&- 2>&-
read -r word
trap '' HUP INT TERM
kill -s "$sig" "$pid"
(
	sleep 5
	kill -s KILL "$pid"
) &
wait "$pid"
if [ "$word" != keep ] && [ -n "$scratch" ]; then
	rm -rf -- "$scratch"
fi
kill -s KILL 0
`

// stopLimit is how long Stop waits. It is longer than the five seconds after
// which the watchdog kills the program.
const stopLimit = 15 * time.Second

// A Command says what to run.
type Command struct {
	Args   []string            // the program, as a path or found in PATH, and its arguments
	Dir    string              // working directory; empty for the test's own
	Env    []string            // environment; nil for the test's own
	Log    string              // file that takes all output, appended
	Signal string              // asks the program to end: "TERM" (when empty), "QUIT", "INT"
	Cred   *syscall.Credential // account to run as; nil for the test's own
	// Scratch is a folder to remove once the program has ended, unless it was
	// ended by [Process.Pause]. Empty for none.
	Scratch string
}

// A Process is a running program. Its methods are not safe for concurrent use.
type Process struct {
	cmd   *exec.Cmd
	words *os.File // the watchdog reads it
	alive *os.File // ends when the program and its children are gone
	gone  bool
	log   string
}

// Start runs c. It returns as soon as the watchdog runs; whether the program
// came up is for the caller to find out, with [Process.Exited] as the sign
// that it did not.
func Start(c Command) (*Process, error) {
	if len(c.Args) == 0 || c.Log == "" {
		return nil, errors.New("proctest: a command needs arguments and a log file")
	}
	signal := c.Signal
	if signal == "" {
		signal = "TERM"
	}
	wordsRead, words, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("make pipe to watchdog: %w", err)
	}
	alive, aliveWrite, err := os.Pipe()
	if err != nil {
		return nil, errors.Join(fmt.Errorf("make pipe from program: %w", err), wordsRead.Close(), words.Close())
	}

	args := append([]string{"-c", watchdog, "watchdog", signal, c.Log, c.Scratch}, c.Args...)
	cmd := exec.Command("/bin/sh", args...)
	cmd.Dir, cmd.Env = c.Dir, c.Env
	cmd.Stdin, cmd.Stdout = wordsRead, aliveWrite
	// A group of its own: an interrupt typed at the terminal must reach the
	// test process only, and the watchdog must still be there afterwards.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Credential: c.Cred}
	err = cmd.Start()
	err = errors.Join(err, wordsRead.Close(), aliveWrite.Close())
	if err != nil {
		return nil, errors.Join(fmt.Errorf("start %s: %w", c.Args[0], err), words.Close(), alive.Close())
	}
	return &Process{cmd: cmd, words: words, alive: alive, log: c.Log}, nil
}

// Exited tells whether the program and every child of it that kept its open
// files are gone.
func (p *Process) Exited() bool { return p.wait(time.Millisecond) == nil }

// Stop ends the program, waits until it is gone and removes its scratch
// folder. It does nothing when the program was stopped before.
func (p *Process) Stop() error { return p.end("stop") }

// Pause ends the program like Stop but leaves its scratch folder in place, so
// that the program can be started on it again.
func (p *Process) Pause() error { return p.end("keep") }

// Log returns what the program has printed so far, or a note why that cannot
// be read.
func (p *Process) Log() string {
	text, err := os.ReadFile(p.log)
	if err != nil {
		return "(no log: " + err.Error() + ")"
	}
	return strings.TrimSpace(string(text))
}

func (p *Process) end(word string) error {
	if p.cmd == nil {
		return nil
	}
	cmd := p.cmd
	p.cmd = nil
	// The watchdog is always there to read this: it ends only after a line.
	_, err := io.WriteString(p.words, word+"\n")
	err = errors.Join(err, p.words.Close())
	waited := p.wait(stopLimit)
	if waited != nil {
		// The watchdog has tried everything but its whole group.
		err = errors.Join(err, waited, syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL))
	}
	// The watchdog's own status says nothing: it is that of its last command.
	var exit *exec.ExitError
	if werr := cmd.Wait(); werr != nil && !errors.As(werr, &exit) {
		err = errors.Join(err, werr)
	}
	return errors.Join(err, p.alive.Close())
}

// wait returns nil once the program is gone, or an error after limit.
func (p *Process) wait(limit time.Duration) error {
	if p.gone {
		return nil
	}
	if err := p.alive.SetReadDeadline(time.Now().Add(limit)); err != nil {
		return fmt.Errorf("set limit for end of program: %w", err)
	}
	if _, err := io.Copy(io.Discard, p.alive); err != nil {
		return fmt.Errorf("wait for end of program: %w", err)
	}
	p.gone = true
	return nil
}
