package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Some turns are asked a second time by wrk, a load that is not ours: if ours were
// kinder to one server than to another, the ratios of the two would differ.

// byWrk is what the names of such turns end with.
const byWrk = ", asked by wrk"

// askedByWrk returns the same turns for wrk.
func askedByWrk(turns []turn) []turn {
	out := slices.Clone(turns)
	for i := range out {
		t := &out[i]
		t.name, t.wrk, t.goal, t.collects = t.name+byWrk, true, 0, false
		if t.baseline != "" {
			t.baseline += byWrk
		}
	}
	return out
}

var (
	wrkAnswers = regexp.MustCompile(`(\d+) requests in `)
	wrkFaults  = regexp.MustCompile(`Non-2xx or 3xx responses: .*|Socket errors: .*`)
)

// wrkScript has wrk send the requests in turn.
func wrkScript(requests [][]byte) string {
	var b strings.Builder
	b.WriteString("local all, i = {}, 0\n")
	for i, r := range requests {
		fmt.Fprintf(&b, "all[%d] = %s\n", i+1, strconv.Quote(string(r)))
	}
	b.WriteString("request = function() i = i % #all + 1; return all[i] end\n")
	return b.String()
}

// takeByWrk has wrk do a turn. The CPU time is that from its start to its end, with
// the connections that it opens.
func (g *group) takeByWrk(ctx context.Context, t *turn, o *loadOrder) (a loadAnswer, err error) {
	folder, err := os.MkdirTemp("", "sallyport-bench-")
	if err != nil {
		return a, fmt.Errorf("make a folder: %w", err)
	}
	defer os.RemoveAll(folder)
	script := filepath.Join(folder, "requests.lua")
	if err := os.WriteFile(script, []byte(wrkScript(o.Requests)), 0o600); err != nil {
		return a, fmt.Errorf("write the script of wrk: %w", err)
	}
	args := []string{"wrk", "-t1", fmt.Sprintf("-c%d", o.Connections), "-s", script, "http://" + o.Address + "/"}
	if g.loadCore != "" {
		args = append([]string{"taskset", "-c", g.loadCore}, args...)
	}
	ask := func(span time.Duration) (string, time.Duration, error) {
		seconds := fmt.Sprintf("-d%ds", max(1, int(span.Seconds())))
		cmd := exec.CommandContext(ctx, args[0], append(args[1:len(args):len(args)], seconds)...) //nolint:gosec // wrk, with arguments from here
		text, err := cmd.CombinedOutput()
		if err != nil {
			return "", 0, fmt.Errorf("wrk: %w: %s", err, text)
		}
		return string(text), cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime(), nil
	}
	if _, _, err := ask(o.Warm); err != nil {
		return a, err
	}
	l := loader{order: o}
	before, err := l.read()
	if err != nil {
		return a, err
	}
	text, own, err := ask(o.Span)
	if err != nil {
		return a, err
	}
	after, err := l.read()
	if err != nil {
		return a, err
	}
	count := wrkAnswers.FindStringSubmatch(text)
	if fault := wrkFaults.FindString(text); fault != "" || count == nil {
		return a, fmt.Errorf("%s: wrk says %q", t.name, fault)
	}
	a.Span, a.CPU = after.at.Sub(before.at), after.server-before.server
	a.Noise = float64(after.noise-before.noise-own) / float64(a.Span)
	a.Answers, err = strconv.ParseInt(count[1], 10, 64)
	return a, err
}
