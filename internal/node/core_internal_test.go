package node

import (
	"os"
	"runtime"
	"testing"
)

// One core is shared, more are not, and what the operator chose is left alone.
func TestShareCore(t *testing.T) {
	before := runtime.GOMAXPROCS(0)
	defer runtime.GOMAXPROCS(before)
	for _, c := range []struct {
		chosen      string
		procs, want int
	}{
		{"", 1, 2},
		{"", 3, 3},
		{"1", 1, 1},
	} {
		t.Setenv("GOMAXPROCS", c.chosen)
		if c.chosen == "" {
			os.Unsetenv("GOMAXPROCS") // and what it was comes back with the end of the test
		}
		runtime.GOMAXPROCS(c.procs)
		stop := ShareCore()
		if got := runtime.GOMAXPROCS(0); got != c.want {
			t.Errorf("GOMAXPROCS %q, %d at once: %d, want %d", c.chosen, c.procs, got, c.want)
		}
		stop()
		if got := runtime.GOMAXPROCS(0); got != c.procs {
			t.Errorf("GOMAXPROCS %q, %d at once, afterwards: %d", c.chosen, c.procs, got)
		}
	}
}
