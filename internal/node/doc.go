// Package node is one running Sallyport without its surfaces: the store opened
// and migrated, the keys derived, the doors with their policy in force, the
// administration over the same store, and the loops that keep them current.
//
// The program and the middleware library both begin with [Open]; surfaces are
// put in front of what it returns.
package node
