package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// A machine says where a run took place, without which its figures mean little.
type machine struct {
	CPU    string `json:"cpu"`
	Cores  int    `json:"cores"`
	Kernel string `json:"kernel"`
	Go     string `json:"go"`
	Pinned bool   `json:"pinned"` // servers and load to a core each
}

func thisMachine() machine {
	m := machine{CPU: "unknown", Cores: runtime.NumCPU(), Go: runtime.Version(), Kernel: runtime.GOOS}
	if text, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		for line := range strings.Lines(string(text)) {
			if name, value, _ := strings.Cut(line, ":"); strings.TrimSpace(name) == "model name" {
				m.CPU = strings.TrimSpace(value)
				break
			}
		}
	}
	if text, err := os.ReadFile("/proc/sys/kernel/osrelease"); err == nil {
		m.Kernel = "Linux " + strings.TrimSpace(string(text))
	}
	serve, load := cores()
	m.Pinned = serve != load
	return m
}

// cores returns a core for what is measured and one for the load, in the words
// of taskset; twice the same if there is only one, or no taskset.
func cores() (serve, load string) {
	if _, err := exec.LookPath("taskset"); err != nil {
		return "", ""
	}
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return "", ""
	}
	for line := range strings.Lines(string(text)) {
		if list, ok := strings.CutPrefix(line, "Cpus_allowed_list:"); ok {
			allowed := expand(strings.TrimSpace(list))
			return allowed[0], allowed[min(1, len(allowed)-1)]
		}
	}
	return "", ""
}

// expand writes a list such as "0-2,5" out, as far as its second number.
func expand(list string) []string {
	var out []string
	for part := range strings.SplitSeq(list, ",") {
		first, last, isRange := strings.Cut(part, "-")
		out = append(out, first)
		if n, err := strconv.Atoi(first); isRange && err == nil && first != last {
			out = append(out, strconv.Itoa(n+1))
		}
	}
	return out
}

// tick is the unit of times in /proc: 1/100 s on every Linux that Go runs on.
const tick = 10 * time.Millisecond

// cpuOf returns the CPU time that a process and the children that it has waited
// for have used so far.
func cpuOf(pid int) (time.Duration, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, fmt.Errorf("read the CPU time of process %d: %w", pid, err)
	}
	return cpuInStat(text)
}

// cpuOfEach returns the CPU time that several processes have used so far.
func cpuOfEach(pids []int) (sum time.Duration, err error) {
	for _, pid := range pids {
		cpu, err := cpuOf(pid)
		if err != nil {
			return 0, err
		}
		sum += cpu
	}
	return sum, nil
}

// cpuInStat reads utime, stime, cutime and cstime: the fields 14 to 17 of
// /proc/PID/stat (proc_pid_stat(5)). The second field is the name of the program
// in brackets, which may hold anything.
func cpuInStat(text []byte) (time.Duration, error) {
	fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
	if len(fields) < 15 {
		return 0, fmt.Errorf("there are %d fields behind the name in the stat file of a process", len(fields))
	}
	return ticks(fields[11:15])
}

// cpuOfAll returns the CPU time that everything on this machine has used so far.
func cpuOfAll() (time.Duration, error) {
	text, err := os.ReadFile("/proc/stat")
	if err != nil {
		return 0, fmt.Errorf("read the CPU time of the machine: %w", err)
	}
	line, _, _ := strings.Cut(string(text), "\n")
	fields := strings.Fields(line)
	if len(fields) < 9 || fields[0] != "cpu" {
		return 0, fmt.Errorf("the first line of /proc/stat is %q", line)
	}
	// user, nice, system, then idle and iowait, irq, softirq, steal (proc_stat(5)).
	return ticks(append(fields[1:4:4], fields[6:9]...))
}

func ticks(fields []string) (time.Duration, error) {
	sum := time.Duration(0)
	for _, f := range fields {
		n, err := strconv.ParseInt(f, 10, 64)
		if err != nil {
			return 0, fmt.Errorf("read a CPU time: %w", err)
		}
		sum += time.Duration(n) * tick
	}
	return sum, nil
}

// ownCPU returns the CPU time of this process, exact where the files in /proc
// count in ticks. What others do on the core does not add to it.
func ownCPU() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
