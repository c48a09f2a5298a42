// Package authn is door one's judgement: from a credential to who it is.
//
// A [Verifier] remembers what it verified in a table that needs no lock to be
// read (package known). What it does not know it asks the store about, and for
// a password it computes the hash, behind a gate that bounds how many are
// computed at once and a throttle that bounds how often one may guess.
//
// What was verified is remembered, never what was decided: expiry, idle time,
// network and audience are looked at on every request, and who the owner is now
// is asked by the caller on every request.
//
// Where the credential was in the request is package carrier's business.
package authn
