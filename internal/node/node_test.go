package node_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/admin"
	"github.com/sallyport/sallyport/internal/node"
	"github.com/sallyport/sallyport/internal/store"
	"github.com/sallyport/sallyport/internal/token"
)

func config(t *testing.T, path string, master token.MasterKey) node.Config {
	t.Helper()
	api := admin.BuiltInAPI()
	api.Routes = []sallyport.Route{{ID: "me", Methods: []string{"GET"}, Path: "/me", Authenticated: true}}
	return node.Config{
		StorageURL: sallyport.Secret("sqlite:" + path), MasterKey: master, Issuer: "http://sallyport.test",
		Log: slog.New(slog.DiscardHandler), Now: time.Now, ManagementAPI: api,
	}
}

func newMaster(t *testing.T) token.MasterKey {
	t.Helper()
	m, err := token.NewMasterKey()
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// TestOpenTwice: the second start finds what the first one made, and a change is
// in force when its author is answered.
func TestOpenTwice(t *testing.T) {
	t.Parallel()
	path, master := filepath.Join(t.TempDir(), "sallyport.db"), newMaster(t)
	for _, name := range []string{"first", "second"} {
		n, err := node.Open(t.Context(), config(t, path, master))
		if err != nil {
			t.Fatalf("%s start: %v", name, err)
		}
		if n.Doors.Policy().API("sallyport") == nil {
			t.Errorf("%s start: the management API is not there", name)
		}
		tenant, err := n.Admin.CreateTenant(t.Context(), admin.System("test"), admin.NewTenant{Name: name})
		if err != nil {
			t.Fatal(err)
		}
		if !n.Doors.Policy().Tenant(tenant.ID).Active() {
			t.Errorf("%s start: the new tenant is not in force", name)
		}
		if err := n.Close(t.Context()); err != nil {
			t.Error(err)
		}
	}
}

func TestAnotherMasterKeyIsTold(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "sallyport.db")
	n, err := node.Open(t.Context(), config(t, path, newMaster(t)))
	if err != nil {
		t.Fatal(err)
	}
	if err := n.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := node.Open(t.Context(), config(t, path, newMaster(t))); err == nil {
		t.Error("a database opens with another master key than it was sealed with")
	}
}

// TestLargeFileIsCheckedAtWork: a node opens a large file that a killed process left,
// and finds out that it is broken when it runs.
func TestLargeFileIsCheckedAtWork(t *testing.T) {
	t.Parallel()
	path, master := filepath.Join(t.TempDir(), "sallyport.db"), newMaster(t)
	n, err := node.Open(t.Context(), config(t, path, master))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := n.Store.Write(t.Context(), func(tx *store.Tx) error {
		return tx.SetMeta(t.Context(), "large", strings.Repeat("x", 17<<20))
	}); err != nil {
		t.Fatal(err)
	}
	if err := n.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	copy(content[len(content)/2/4096*4096:], bytes.Repeat([]byte{0xA5}, 3*4096)) // in the middle of the large text
	if err := errors.Join(os.WriteFile(path, content, 0o600), os.WriteFile(path+"-wal", []byte("of a process that was killed"), 0o600)); err != nil {
		t.Fatal(err)
	}
	if n, err = node.Open(t.Context(), config(t, path, master)); err != nil {
		t.Fatalf("opening a large file that was left: %v", err)
	}
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		n.Run(ctx, time.Second)
	}()
	for deadline := time.Now().Add(30 * time.Second); n.Store.Ping(t.Context()) == nil; {
		if time.Now().After(deadline) {
			t.Error("the node does not say that its file is broken")
			break
		}
		runtime.Gosched()
	}
	stop()
	<-done
	_ = n.Close(t.Context()) // which cannot write any more
}

// TestRunEnds: when the context ends, every loop does.
func TestRunEnds(t *testing.T) {
	ignore := goleak.IgnoreCurrent()
	n, err := node.Open(t.Context(), config(t, filepath.Join(t.TempDir(), "sallyport.db"), newMaster(t)))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		n.Run(ctx, time.Millisecond)
		close(done)
	}()
	cancel()
	<-done
	if err := n.Close(t.Context()); err != nil {
		t.Error(err)
	}
	goleak.VerifyNone(t, ignore)
}

// TestNodesKnowOfEachOther: a node that runs is listed until it ends, and one that
// never said that it ends for as long as somebody may look for it.
func TestNodesKnowOfEachOther(t *testing.T) {
	path, master := filepath.Join(t.TempDir(), "sallyport.db"), newMaster(t)
	a, err := node.Open(t.Context(), config(t, path, master))
	if err != nil {
		t.Fatal(err)
	}
	b, err := node.Open(t.Context(), config(t, path, master))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { a.Run(ctx, time.Millisecond) })
	running.Go(func() { b.Run(ctx, time.Millisecond) })
	listed := func() (ids []string) {
		list, err := a.Store.Nodes(t.Context(), 10)
		if err != nil {
			t.Fatal(err)
		}
		for _, n := range list {
			if n.Revision == 0 || n.Name == "" || n.Started.IsZero() {
				t.Errorf("it told %+v", n)
			}
			ids = append(ids, n.ID)
		}
		return ids
	}
	for deadline := time.Now().Add(30 * time.Second); len(listed()) < 2; {
		if time.Now().After(deadline) {
			t.Fatalf("the nodes are %v", listed())
		}
		runtime.Gosched()
	}
	cancel()
	running.Wait()
	if err := b.Close(t.Context()); err != nil {
		t.Error(err)
	}
	if got := listed(); len(got) != 1 || got[0] != a.ID() {
		t.Errorf("after one ended: %v, want %s", got, a.ID())
	}
	if err := a.Close(t.Context()); err != nil {
		t.Error(err)
	}
}
