package authn

import (
	"context"
	"fmt"
	"net/netip"
	"strings"
	"sync"
	"time"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/authn/known"
	"github.com/sallyport/sallyport/internal/store"
)

// maxVia is how much of a user agent is kept, in bytes.
const maxVia = 200

// A used is an entry with uses that the store does not know of, and where the
// first of them came from.
type used struct {
	entry  *known.Entry
	digest [32]byte // as it is stored
	addr   netip.Addr
	via    string
}

// useList is the list of entries to drain. An entry is put on it at its first
// use after a drain, so the lock is taken once per entry and flush, not once
// per request.
type useList struct {
	mu   sync.Mutex // guards list
	list []used
}

// Use counts one successful authentication. It reports whether it is the first one
// since the last flush, which must then be told to [Verifier.Remark]. Passwords and
// access tokens have no counter.
func (v *Verifier) Use(k Known, now time.Time) (first bool) {
	if kind := k.Kind(); kind == sallyport.Password || kind == sallyport.AccessToken {
		k.entry.Touch(now.Unix())
		return false
	}
	return k.entry.Use(now.Unix())
}

// Remark notes where the first use in a flush interval came from, and sees that
// the flush finds the credential.
func (v *Verifier) Remark(k Known, client netip.Addr, agent string) {
	if len(agent) > maxVia {
		agent = agent[:maxVia]
	}
	digest := v.Secrets.Digest(k.secret.Reveal())
	v.uses.mu.Lock()
	v.uses.list = append(v.uses.list, used{k.entry, digest, client, strings.Clone(asText(agent))})
	v.uses.mu.Unlock()
}

// asText leaves out what cannot be stored as text: a header may hold any byte, and
// one that the store refuses would keep all counts from being written.
func asText(s string) string { return strings.ToValidUTF8(s, "") }

// flushPart is how many uses are written in one transaction: some tenths of a
// second, for which nobody else writes. All of a backlog in one would run out of
// time, and be written no more.
const flushPart = 10_000

// Flush writes the uses counted since the last flush to the store. What could
// not be written is kept for the next one.
func (v *Verifier) Flush(ctx context.Context) error {
	v.uses.mu.Lock()
	list := v.uses.list
	v.uses.list = nil
	v.uses.mu.Unlock()
	for len(list) > 0 {
		n := min(len(list), flushPart)
		if err := v.write(ctx, list[:n]); err != nil {
			v.uses.mu.Lock()
			v.uses.list = append(v.uses.list, list...)
			v.uses.mu.Unlock()
			return fmt.Errorf("write %d use counts: %w", len(list), err)
		}
		list = list[n:]
	}
	return nil
}

// write writes the uses of entries; or puts them back where they were counted.
func (v *Verifier) write(ctx context.Context, list []used) error {
	counts := make([]store.UseCount, len(list))
	for i, u := range list {
		counts[i] = store.UseCount{
			Credential: sallyport.CredentialID(sallyport.UUID(u.entry.ID).String()),
			Digest:     u.digest,
			Uses:       int64(u.entry.Drain()),
			LastUsed:   time.Unix(u.entry.LastUsed(), 0),
			Addr:       u.addr.String(),
			Via:        u.via,
		}
	}
	_, err := v.Store.Write(ctx, func(tx *store.Tx) error { return tx.CountUses(ctx, counts) })
	if err != nil {
		for i, u := range list {
			u.entry.Restore(uint32(counts[i].Uses))
		}
	}
	return err
}
