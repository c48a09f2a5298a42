package audit

import (
	"crypto/sha256"
	"encoding/binary"

	"github.com/sallyport/sallyport/internal/store"
)

// chainFormat begins what is hashed. Another way to hash would have another.
const chainFormat = "sallyport audit 1"

// hashOf returns the hash of an entry in its place: over the hash of the entry
// before, its number, and all that it says. Every field goes with its length, so
// that no two different entries are hashed over the same bytes.
func hashOf(e *store.AuditRow, prev [32]byte, seq int64) [32]byte {
	b := make([]byte, 0, 512+len(e.Before)+len(e.After))
	number := func(n int64) { b = binary.BigEndian.AppendUint64(b, uint64(n)) } //nolint:gosec // the bits are what counts
	text := func(s string) {
		number(int64(len(s)))
		b = append(b, s...)
	}
	text(chainFormat)
	text(string(prev[:]))
	number(seq)
	number(e.Time.UnixMicro())
	text(string(e.Tenant))
	text(string(e.ActorID))
	text(e.ActorKind)
	text(e.ActorName)
	text(e.Action)
	text(e.TargetKind)
	text(e.TargetID)
	text(e.TargetName)
	text(e.Before)
	text(e.After)
	text(e.RequestID)
	text(e.Address)
	return sha256.Sum256(b)
}
