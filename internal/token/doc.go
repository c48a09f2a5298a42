// Package token makes and recognises what stands for a principal between two
// requests, and keeps the keys behind it:
//
//   - opaque secrets ([Mint], [Inspect]) and the keyed digests under which they
//     are stored ([Digester]); the text of a secret is stored nowhere;
//   - signed tokens ([KeySet.Sign], [KeySet.Verify]): JWTs of a few fixed kinds,
//     each with a key, type, audience and lifetime of its own;
//   - secrets that must be read again, such as private keys and cursors, sealed
//     under the master key ([Sealer]).
//
// Everything is derived from one [MasterKey], by purpose, so that a value made
// for one purpose is worthless for another. Nothing here reads a clock, a file
// or the store. All randomness is crypto/rand's; when it fails, so does the
// function, and nothing weaker takes its place. No error contains a secret or a
// part of one.
//
// Values of this package are safe for concurrent use unless they say otherwise.
package token
