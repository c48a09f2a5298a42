package main

import (
	"bufio"
	"crypto/sha256"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

func TestMedian(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		values []float64
		want   float64
	}{{nil, 0}, {[]float64{3}, 3}, {[]float64{9, 1, 2}, 2}, {[]float64{4, 1, 9, 2}, 3}} {
		if got := median(tt.values); got != tt.want {
			t.Errorf("median(%v) = %v, want %v", tt.values, got, tt.want)
		}
	}
}

// TestRatioIsOfTheRound: the second round ran on a slower machine, which the
// ratio of the medians would show and the median of the ratios does not.
func TestRatioIsOfTheRound(t *testing.T) {
	t.Parallel()
	if got := ratio([]float64{12, 36, 14}, []float64{10, 30, 10}); got != 1.2 {
		t.Errorf("ratio = %v, want 1.2", got)
	}
}

func TestGoal(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		result result
		holds  bool
	}{
		"value":               {figure("x", 900, "ns").goal(1000), true},
		"value too large":     {figure("x", 1001, "ns").goal(1000), false},
		"ratio, not value":    {figure("x", 22, "µs").against("bare", 20, 1.1).goal(1.25), true},
		"ratio too large":     {figure("x", 1, "µs").against("bare", 20, 1.3).goal(1.25), false},
		"exactly what it may": {figure("x", 1, "s").goal(1), true},
	} {
		if tt.result.Holds == nil || *tt.result.Holds != tt.holds {
			t.Errorf("%s: holds %v, want %v", name, tt.result.Holds, tt.holds)
		}
	}
	if r := figure("x", 1, "ns").goal(0); r.Goal != nil || r.Holds != nil {
		t.Error("there is a goal of 0")
	}
}

// TestNoisyRoundsDoNotCount, unless hardly any round was quiet.
func TestNoisyRoundsDoNotCount(t *testing.T) {
	t.Parallel()
	const loud = quiet + 0.1
	for _, tt := range []struct {
		noise [][]float64 // of each turn in each round
		want  []int
	}{
		{[][]float64{{0, 0, loud, 0}, {0, 0, 0, 0}}, []int{0, 1, 3}},
		{[][]float64{{0, 0, 0, 0, loud}, {loud, 0, 0, 0, 0}}, []int{1, 2, 3}},
		{[][]float64{{loud, 0, loud, 0}}, []int{0, 1, 2, 3}},
	} {
		var all []measured
		for _, n := range tt.noise {
			all = append(all, measured{noise: n})
		}
		if got := thatCount(all); !slices.Equal(got, tt.want) {
			t.Errorf("noise %v: the rounds %v count, want %v", tt.noise, got, tt.want)
		}
	}
}

func TestCPUInStat(t *testing.T) {
	t.Parallel()
	// The program is called "a) 9 9 (b", as any may be.
	line := "4711 (a) 9 9 (b) S 1 4711 4711 0 -1 4194304 100 0 0 0 250 50 3 7 20 0 12 0 99 1000000 500\n"
	got, err := cpuInStat([]byte(line))
	if want := 3100 * time.Millisecond; err != nil || got != want {
		t.Errorf("cpuInStat = %v, %v; want %v", got, err, want)
	}
	if _, err := cpuInStat([]byte("4711 (x) S 1 2")); err == nil {
		t.Error("half a line was read")
	}
}

func TestExpand(t *testing.T) {
	t.Parallel()
	for list, want := range map[string][]string{"0": {"0"}, "0-1": {"0", "1"}, "3,5-7": {"3", "5", "6"}} {
		if got := expand(list); !slices.Equal(got, want) {
			t.Errorf("expand(%q) = %q, want %q", list, got, want)
		}
	}
}

func TestReadAnswer(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		text   string
		status int // 0: an error
	}{
		"empty body":      {"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 200},
		"body":            {"HTTP/1.1 403 Forbidden\r\nX-A: b\r\nContent-Length: 3\r\n\r\nabc", 403},
		"body cut off":    {"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nabc", 0},
		"no length":       {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 0},
		"another version": {"HTTP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n", 0},
		"no status":       {"HTTP/1.1 abc OK\r\nContent-Length: 0\r\n\r\n", 0},
	} {
		in := bufio.NewReader(strings.NewReader(tt.text))
		status, err := readAnswer(in)
		if (err == nil) != (tt.status != 0) || err == nil && status != tt.status {
			t.Errorf("%s: %d, %v; want %d", name, status, err, tt.status)
		}
		if err == nil && in.Buffered() != 0 {
			t.Errorf("%s: %d bytes were left", name, in.Buffered())
		}
	}
}

// TestRedisValue: what is not a value is an error, and never lets anybody in.
func TestRedisValue(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"$5\r\nt1:r1\r\n": "there", "$-1\r\n": "missing", "-ERR no\r\n": "error", "+OK\r\n": "error", "$x\r\n": "error", "$9\r\nt1": "error", "": "error",
	} {
		c := redisConn{in: bufio.NewReader(strings.NewReader(text))}
		got := "missing"
		switch there, err := c.value(); {
		case err != nil:
			got = "error"
		case there:
			got = "there"
		}
		if got != want {
			t.Errorf("%q is %s, want %s", text, got, want)
		}
	}
}

// TestKeysOfPeers: the tokens come first, and as many others as are wanted.
func TestKeysOfPeers(t *testing.T) {
	t.Parallel()
	o := serveOrder{Tokens: []asker{{Header: [2]string{"Authorization", "Bearer spp_x"}}}, Many: manyOrder{Tokens: 4}}
	seen := map[[sha256.Size]byte]int{}
	for i, sum := range o.keys() {
		seen[sum] = i
	}
	if n, ok := seen[sha256.Sum256([]byte("spp_x"))]; len(seen) != 4 || !ok || n != 0 {
		t.Errorf("%d keys, the token's is number %d (%t); want 4, and 0", len(seen), n, ok)
	}
}

// TestWrkAsksTheSame: the script has the requests byte by byte, and turns by wrk are
// compared with one another.
func TestWrkAsksTheSame(t *testing.T) {
	t.Parallel()
	if got, want := wrkScript([][]byte{[]byte("GET / HTTP/1.1\r\nA: \"b\"\r\n\r\n")}), `all[1] = "GET / HTTP/1.1\r\nA: \"b\"\r\n\r\n"`+"\n"; !strings.Contains(got, want) {
		t.Errorf("the script is\n%s\nwithout %s", got, want)
	}
	turns := askedByWrk(decideTurns()[:2])
	if turns[0].baseline != "" || turns[1].baseline != turns[0].name || !turns[1].wrk {
		t.Errorf("the turns are %+v", turns)
	}
}

// TestSpread: those that are chosen are from all over the list.
func TestSpread(t *testing.T) {
	t.Parallel()
	list := make([]asker, 1000)
	for i := range list {
		list[i].Path = strconv.Itoa(i)
	}
	if got := spread(list, 10); len(got) != 10 || got[0].Path != "0" || got[9].Path != "900" {
		t.Errorf("%d of them: %+v", len(got), got)
	}
	if got := spread(list, 2000); len(got) != len(list) {
		t.Errorf("%d of them, want all", len(got))
	}
}

// TestQuestionHasSixteenHeaders, as the names of the figures say.
func TestQuestionHasSixteenHeaders(t *testing.T) {
	t.Parallel()
	a := asker{"/bench/x", [2]string{"Authorization", "Bearer t"}}
	for _, tt := range []struct {
		client [][2]string
		want   int
	}{{browser, 16}, {nil, 7}} {
		if got := strings.Count(string(question(a, tt.client)), ": "); got != tt.want {
			t.Errorf("the question has %d headers, want %d", got, tt.want)
		}
	}
}

// TestWorld makes a small installation, in which everybody gets what the
// benchmarks expect: who is let in, is.
func TestWorld(t *testing.T) {
	t.Parallel()
	w, err := newWorld(t.Context(), t.TempDir(), size{Routes: 10, Roles: 3, Users: 4, Tokens: 8}, "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.node.Close(t.Context()) })
	for kind, askers := range w.askers {
		if err := deciding(w, kind, kind, len(askers)).check(); err != nil {
			t.Errorf("%s: %v", kind, err)
		}
	}
	if n := len(w.askers); n != 8 {
		t.Errorf("there are %d kinds of askers, want 8", n)
	}
}

// TestPoured: who was poured into the store is let in like who was written through
// it.
func TestPoured(t *testing.T) {
	t.Parallel()
	w, err := newWorld(t.Context(), t.TempDir(), size{Routes: 10, Roles: 3, Users: 4, Tokens: 8}, "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.node.Close(t.Context()) })
	w.Users, w.Tokens = 20, 50
	if err := w.pour(t.Context(), 4, 8); err != nil {
		t.Fatal(err)
	}
	if len(w.users) != w.Users || len(w.askers[byToken]) != w.Tokens {
		t.Fatalf("%d users with %d tokens, want %d and %d", len(w.users), len(w.askers[byToken]), w.Users, w.Tokens)
	}
	if err := many(w, byToken).check(); err != nil {
		t.Error(err)
	}
}

// TestWhyIsFound: what is measured of why is a refusal that is kept, with what
// would help.
func TestWhyIsFound(t *testing.T) {
	t.Parallel()
	w, err := newWorld(t.Context(), t.TempDir(), size{Routes: 12, Roles: 3, Users: 4, Tokens: 8}, "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.node.Close(t.Context()) })
	why, err := explaining(t.Context(), w)
	if err != nil {
		t.Fatal(err)
	}
	if err := why.check(); err != nil {
		t.Error(err)
	}
}
