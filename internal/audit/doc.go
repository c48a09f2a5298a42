// Package audit keeps the trail: who did what to which thing, when, from where,
// and what the thing was before and after.
//
// [Append] writes an entry inside the transaction of the change it tells of, so
// that there is no change without its entry and no entry without its change.
// Every entry carries the hash of the one before it. [Verify] walks the chain
// and says where an entry was edited, removed, inserted or moved, as long as
// whoever did so did not recompute every entry after it as well. Against that
// there are checkpoints: [AppendCheckpoint] signs the newest hash, with a key that
// is not in the store, and they can be kept somewhere else.
//
// No secret gets into the trail: values of fields that by their name could hold
// one are masked, and a [sallyport.Secret] refuses to be written at all. A login
// that nobody has may be a password typed into the wrong field, so it is written
// as a pseudonym; see [Stranger].
package audit
