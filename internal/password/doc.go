// Package password turns passwords into hashes, checks them, and says which
// passwords may be set.
//
// New hashes are argon2id (RFC 9106). Hashes that other systems made are
// verified, within bounds of cost, and reported by [Hasher.NeedsUpgrade] so that
// they can be replaced at the first good sign-in. A password is used whole, byte
// for byte: it is never trimmed, folded or cut.
//
// Hashing is slow on purpose, so all of it passes a [Gate], and a sign-in under
// an unknown name costs what one under a known name does. No error contains a
// password or a hash.
package password
