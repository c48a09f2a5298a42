// Package store keeps everything that Sallyport must remember: in a SQLite file
// or in a PostgreSQL database.
//
// [Open] gives a [Store]. What asks and changes nothing is a method of [Reader],
// which a Store and a [Tx] both are. What changes something is a method of Tx
// alone, inside [Store.Write]; it is committed whole or not at all. A change
// that other nodes, or other parts of this one, must learn of is noted with
// [Tx.Note] and gets a revision; [Reader.Changes] reads them in order.
//
// Both engines run the same query text. The rules that make this true are
// checked by tests:
//
//   - placeholders are $1, $2, … and first appear in that order, since SQLite
//     numbers them by first appearance and not every driver hides it;
//   - times are unix microseconds, 0 for none; durations are microseconds;
//   - text sorts and compares byte by byte (COLLATE "C" in PostgreSQL);
//   - no column is NULL but a tenant's parent;
//   - what only one engine has stays in migrations/ and dialect.go.
//
// The tenant is the first parameter and stands in every WHERE, with three sorts
// of exception that are named so: what door one must find before it can know a
// tenant (ByDigest, ByLogin, ByID, BindingsOf, FamilyByID), what a principal
// owns (Of), and what goes over the whole installation (Every, Prune).
//
// Errors are [sallyport.Error]: NotFound when there is no such row in this
// tenant, Conflict for what exists already or is still referred to, Changed for
// a version that is not the newest, Unavailable for everything that means that
// the store did not answer, which includes a context that ended first. A row
// that cannot be, such as one of an unknown state, is an Internal error that is
// [ErrDamaged]; it is never passed on.
package store
