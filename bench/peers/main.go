// Command peers asks Sallyport and other engines of authorization the same
// questions in one process and prints what an answer costs. It is a module of its
// own, so that the dependencies of the engines are none of Sallyport's:
//
//	cd bench/peers && go run .
//
// The world has 100 roles with 50 of 500 permissions each, and 10,000 users with
// two roles in one of 10 tenants. The questions are 1,024: may this user, in this
// tenant, do this? An eighth of them names a tenant in which the user has nothing;
// of the others half are allowed. It fails if an engine answers one of them
// differently.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Sizes of the world.
const (
	roles       = 100
	permissions = 500
	perRole     = 50
	users       = 10_000
	tenants     = 10
	questions   = 1024
)

// A world is what the engines are told.
type world struct {
	grants [roles][]int // permissions of each role
	users  [users]user
	asked  []question
}

type user struct {
	tenant int
	roles  [2]int
}

type question struct {
	user, tenant, permission string
	want                     bool
}

func userName(i int) string       { return fmt.Sprintf("user-%d", i) }
func roleName(i int) string       { return fmt.Sprintf("role-%d", i) }
func permissionName(i int) string { return fmt.Sprintf("bench/p%d", i) }

// tenantName is a UUID, as tenants have.
func tenantName(i int) string { return fmt.Sprintf("00000000-0000-4000-8000-%012d", i) }

// A sequence draws numbers, the same ones in every run (Knuth's MMIX generator).
type sequence uint64

func (s *sequence) below(n int) int {
	*s = *s*6364136223846793005 + 1442695040888963407
	return int(uint64(*s) >> 33 % uint64(n)) //nolint:gosec // small numbers
}

func newWorld() *world {
	w := &world{}
	var draw sequence
	for i := range w.grants {
		first := draw.below(permissions)
		for n := range perRole { // 7 has no divisor in common with 500, so all differ
			w.grants[i] = append(w.grants[i], (first+7*n)%permissions)
		}
	}
	for i := range w.users {
		w.users[i] = user{tenant: draw.below(tenants), roles: [2]int{draw.below(roles), draw.below(roles)}}
	}
	for n := range questions {
		i := draw.below(users)
		u := w.users[i]
		tenant, permission := u.tenant, draw.below(permissions)
		if n%2 == 0 {
			permission = w.grants[u.roles[n/2%2]][draw.below(perRole)]
		}
		if n%8 == 0 {
			tenant = (tenant + 1) % tenants
		}
		w.asked = append(w.asked, question{
			userName(i), tenantName(tenant), permissionName(permission), tenant == u.tenant && w.holds(u, permission),
		})
	}
	return w
}

func (w *world) holds(u user, permission int) bool {
	for _, r := range u.roles {
		for _, p := range w.grants[r] {
			if p == permission {
				return true
			}
		}
	}
	return false
}

// An engine answers questions. Load makes it ready and returns how it is asked.
type engine struct {
	name   string
	module string // for its version
	load   func(*world) (func(q *question) (bool, error), error)
}

var engines = []engine{
	{"Sallyport, compiled policy", "", loadSallyport},
	{"casbin, cached enforcer", "github.com/casbin/casbin/v2", loadCasbinCached},
	{"casbin, RBAC with domains", "github.com/casbin/casbin/v2", loadCasbin},
	{"cedar-go", "github.com/cedar-policy/cedar-go", loadCedar},
	{"OPA, prepared query", "github.com/open-policy-agent/opa", loadOPA},
	{"OpenFGA, in memory", "github.com/openfga/openfga", loadOpenFGA},
}

// A row is what was found out about one engine.
type row struct {
	Name    string  `json:"name"`
	Version string  `json:"version"`
	Nanos   float64 `json:"ns"`    // CPU time of an answer, the median of the rounds
	Ratio   float64 `json:"ratio"` // to Sallyport in the same round, the median likewise
	Allocs  int64   `json:"allocs"`
	Load    string  `json:"load"`

	ask   func(q *question) (bool, error)
	turns []float64 // nanoseconds in each round
}

// rounds is how often each engine is measured, one after the other.
const rounds = 3

func main() {
	testing.Init()
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "peers:", err)
		os.Exit(1)
	}
}

func run() error {
	w := newWorld()
	rows := make([]row, 0, len(engines))
	for _, e := range engines {
		r, err := load(w, e)
		if err != nil {
			return fmt.Errorf("%s: %w", e.name, err)
		}
		rows = append(rows, r)
	}
	for range rounds {
		for i := range rows {
			if err := rows[i].measure(w); err != nil {
				return fmt.Errorf("%s: %w", rows[i].Name, err)
			}
		}
	}
	for i := range rows {
		r, ratios := &rows[i], make([]float64, rounds)
		for n := range ratios {
			ratios[n] = r.turns[n] / rows[0].turns[n]
		}
		r.Nanos, r.Ratio = median(r.turns), median(ratios)
	}
	return save(rows)
}

// load makes an engine ready and has it answer each question once, rightly.
func load(w *world, e engine) (row, error) {
	r := row{Name: e.name, Version: version(e.module)}
	began := time.Now()
	var err error
	if r.ask, err = e.load(w); err != nil {
		return r, err
	}
	r.Load = time.Since(began).Round(time.Millisecond).String()
	for i := range w.asked {
		if got, err := r.ask(&w.asked[i]); err != nil || got != w.asked[i].want {
			return r, fmt.Errorf("answers %t to %+v: %w", got, w.asked[i], err)
		}
	}
	return r, nil
}

// measure asks the questions in turn for about a second.
func (r *row) measure(w *world) error {
	nanos := 0.0
	var fault error
	result := testing.Benchmark(func(b *testing.B) {
		b.ReportAllocs()
		spent, i := cpu(), 0
		for b.Loop() {
			if _, fault = r.ask(&w.asked[i%questions]); fault != nil {
				b.FailNow()
			}
			i++
		}
		nanos = float64(cpu()-spent) / float64(b.N)
	})
	r.turns, r.Allocs = append(r.turns, nanos), max(r.Allocs, result.AllocsPerOp())
	return fault
}

// median of an odd number of values.
func median(values []float64) float64 { return slices.Sorted(slices.Values(values))[len(values)/2] }

// The folder of what was found out, and its files: for programs, and for
// docs/explanation/performance.md.
const (
	folder   = "../out/peers"
	asJSON   = folder + "/engines.json"
	markdown = folder + "/engines.md"
)

// save writes the table, for people and for programs.
func save(rows []row) error {
	var table strings.Builder
	table.WriteString("| engine | version | an answer | times Sallyport's | allocations |\n|---|---|---|---|---|\n")
	for _, r := range rows {
		digits := 0
		if r.Ratio < 10 {
			digits = 1
		}
		fmt.Fprintf(&table, "| %s | %s | %s | %.*f | %d |\n", r.Name, r.Version, time.Duration(r.Nanos), digits, r.Ratio, r.Allocs)
	}
	fmt.Print(table.String())
	text, err := json.MarshalIndent(rows, "", "  ")
	if err != nil {
		return fmt.Errorf("encode the results: %w", err)
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return fmt.Errorf("make the folder of the results: %w", err)
	}
	if err := errors.Join(os.WriteFile(asJSON, append(text, '\n'), 0o644), os.WriteFile(markdown, []byte(table.String()), 0o644)); err != nil {
		return fmt.Errorf("write the results: %w", err)
	}
	return nil
}

// cpu returns the CPU time of this process.
func cpu() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// version returns the version that a module was built in.
func version(module string) string {
	info, ok := debug.ReadBuildInfo()
	if module == "" || !ok {
		return "this one"
	}
	for _, m := range info.Deps {
		if m.Path == module {
			return m.Version
		}
	}
	return "unknown"
}
