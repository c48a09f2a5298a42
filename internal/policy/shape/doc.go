// Package shape makes path patterns of the paths that requests had, for an API
// of which nobody knows the routes yet.
//
// It does so in two steps. [Pattern] looks at one path: a segment that is no
// word (a number, a UUID, a hash, whatever looks like a secret) becomes a name.
// [Bound] and [Refine] look at all patterns together: where very many words
// stand in one place, they are values of something, and become a name too.
package shape
