package authn

import (
	"context"
	"encoding/binary"
	"net/netip"
	"testing"

	"github.com/sallyport/sallyport/internal/authn/known"
	"github.com/sallyport/sallyport/internal/store/storetest"
)

// TestFlushOfABacklog: more uses than are written in one transaction are all written
// by one flush, and a flush that fails loses none of them.
func TestFlushOfABacklog(t *testing.T) {
	t.Parallel()
	const many = flushPart + 1
	v := &Verifier{Config: Config{Store: storetest.New(t)}, table: known.New(many, func() int64 { return 0 })}
	for i := range many {
		var r known.Record
		binary.LittleEndian.PutUint64(r.Digest[:], uint64(i)<<32|uint64(i))
		binary.LittleEndian.PutUint64(r.ID[:], uint64(i))
		e := v.table.Put(r, 0)
		e.Use(7)
		v.uses.list = append(v.uses.list, used{entry: e, addr: netip.MustParseAddr("192.0.2.7")})
	}
	entries := v.uses.list
	pending := func() (n int) {
		for _, u := range entries {
			taken := u.entry.Drain()
			u.entry.Restore(taken)
			n += int(taken)
		}
		return n
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if err := v.Flush(gone); err == nil {
		t.Error("a flush that could not be made is no error")
	}
	if n := pending(); n != many || len(v.uses.list) != many {
		t.Errorf("after a flush that failed %d uses of %d entries wait, want %d", n, len(v.uses.list), many)
	}
	if err := v.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := pending(); n != 0 || len(v.uses.list) != 0 {
		t.Errorf("after a flush %d uses of %d entries wait", n, len(v.uses.list))
	}
}
