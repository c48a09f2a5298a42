package proctest_test

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/proctest"
)

// childVariable tells a copy of the test binary to start a program in that
// folder and wait to be killed.
const childVariable = "SALLYPORT_PROCTEST_CHILD"

func TestMain(m *testing.M) {
	if dir := os.Getenv(childVariable); dir != "" {
		beKilled(dir)
	}
	os.Exit(m.Run())
}

// sleeper is a program with a child: it writes the ids of both and waits.
const sleeper = `sleep 300 & echo $$ $! >pids.next; mv pids.next pids; wait`

func command(dir, script string) proctest.Command {
	return proctest.Command{
		Args: []string{"/bin/sh", "-c", script}, Dir: dir, Log: filepath.Join(dir, "log"),
	}
}

func TestStopEndsProgram(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	c := command(dir, `trap 'kill $!; exit' TERM; echo hello; `+sleeper)
	p, err := proctest.Start(c)
	if err != nil {
		t.Fatal(err)
	}
	pids := readPids(t, dir)
	if p.Exited() {
		t.Error("Exited is true while the program runs")
	}
	if got := p.Log(); got != "hello" {
		t.Errorf("Log() = %q, want %q", got, "hello")
	}
	if err := p.Stop(); err != nil {
		t.Errorf("Stop: %v", err)
	}
	for _, pid := range pids {
		waitGone(t, pid)
	}
	if !p.Exited() {
		t.Error("Exited is false after Stop")
	}
	if err := p.Stop(); err != nil {
		t.Errorf("second Stop: %v", err)
	}
}

func TestExitedSeesProgramThatEndsByItself(t *testing.T) {
	t.Parallel()
	p, err := proctest.Start(command(t.TempDir(), "echo no such option >&2; exit 3"))
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, "program is seen to have ended", p.Exited)
	if got := p.Log(); got != "no such option" {
		t.Errorf("Log() = %q, want what the program said", got)
	}
	if err := p.Stop(); err != nil {
		t.Errorf("Stop: %v", err)
	}
}

func TestStopKillsProgramThatWillNotEnd(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	p, err := proctest.Start(command(dir, `trap '' TERM; echo $$ >pids.next; mv pids.next pids; while :; do sleep 0.1; done`))
	if err != nil {
		t.Fatal(err)
	}
	pids := readPids(t, dir)
	if err := p.Stop(); err != nil {
		t.Errorf("Stop: %v", err)
	}
	waitGone(t, pids[0])
}

func TestScratchIsRemovedByStopAndKeptByPause(t *testing.T) {
	t.Parallel()
	for _, keep := range []bool{true, false} {
		dir := t.TempDir()
		c := command(dir, "exec sleep 300")
		c.Scratch = filepath.Join(dir, "scratch")
		if err := os.MkdirAll(filepath.Join(c.Scratch, "inner"), 0o700); err != nil {
			t.Fatal(err)
		}
		p, err := proctest.Start(c)
		if err != nil {
			t.Fatal(err)
		}
		end := p.Stop
		if keep {
			end = p.Pause
		}
		if err := end(); err != nil {
			t.Error(err)
		}
		_, err = os.Stat(c.Scratch)
		if got := err == nil; got != keep {
			t.Errorf("scratch folder there: %v, want %v", got, keep)
		}
	}
}

func TestStartRefusesEmptyCommand(t *testing.T) {
	t.Parallel()
	if _, err := proctest.Start(proctest.Command{Log: "x"}); err == nil {
		t.Error("no error without arguments")
	}
	if _, err := proctest.Start(proctest.Command{Args: []string{"true"}}); err == nil {
		t.Error("no error without a log file")
	}
}

// A test process that is killed can clean up nothing; the watchdog must.
func TestNothingOutlivesKilledTestProcess(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childVariable+"="+dir)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(out).ReadString('\n'); err != nil || line != "started\n" {
		t.Fatalf("child said %q, %v", line, err)
	}
	pids := readPids(t, dir)
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err == nil {
		t.Error("child ended by itself, want it killed")
	}
	waitGone(t, pids[0])
	eventually(t, "scratch folder is removed", func() bool {
		_, err := os.Stat(filepath.Join(dir, "scratch"))
		return os.IsNotExist(err)
	})
}

// beKilled is the child of TestNothingOutlivesKilledTestProcess.
func beKilled(dir string) {
	c := command(dir, `echo $$ >pids.next; mv pids.next pids; exec sleep 300`)
	c.Scratch = filepath.Join(dir, "scratch")
	if err := os.Mkdir(c.Scratch, 0o700); err != nil {
		panic(err)
	}
	if _, err := proctest.Start(c); err != nil {
		panic(err)
	}
	if _, err := os.Stdout.WriteString("started\n"); err != nil {
		panic(err)
	}
	time.Sleep(time.Minute) // killed long before
}

func readPids(t *testing.T, dir string) []int {
	t.Helper()
	var pids []int
	eventually(t, "program has written its process ids", func() bool {
		text, err := os.ReadFile(filepath.Join(dir, "pids"))
		if err != nil {
			return false
		}
		for word := range strings.FieldsSeq(string(text)) {
			pid, err := strconv.Atoi(word)
			if err != nil {
				t.Fatal(err)
			}
			pids = append(pids, pid)
		}
		return true
	})
	return pids
}

// waitGone fails t unless the process ends. Another process may have taken the
// id in the meantime; on a machine that hands out ids in order that takes far
// longer than a test. A process that has ended but that nobody has asked for
// its status is gone: orphans in a container can stay in that state for ever.
func waitGone(t *testing.T, pid int) {
	t.Helper()
	eventually(t, "process "+strconv.Itoa(pid)+" is gone", func() bool {
		if syscall.Kill(pid, 0) == syscall.ESRCH {
			return true
		}
		stat, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
		_, after, found := strings.Cut(string(stat), ") ")
		return err == nil && found && strings.HasPrefix(after, "Z")
	})
}

func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for !ok() {
		if time.Now().After(deadline) {
			t.Fatalf("waited too long until %s", what)
		}
		time.Sleep(10 * time.Millisecond)
	}
}
