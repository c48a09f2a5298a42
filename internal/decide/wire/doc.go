// Package wire is an HTTP/1.1 server for requests that have a head and no body:
// the questions of proxies. It stands in front of a server of net/http and
// answers, on the same connections, what it knows for less than half of the CPU.
//
// It knows little on purpose. A request that it serves has the version HTTP/1.1,
// a path below one prefix, one Host, no body and nothing in its head that two
// programs could read differently (head.go). It makes the same [http.Request] of
// it that net/http would, which a fuzz test holds against net/http's own parser.
// The rest falls into two kinds. What is well-formed and only uncommon, such as
// HTTP/1.0, a body of known length or another path, is for net/http: it gets the
// connection with all that was read of it, and keeps it (hand.go). What makes the
// framing doubtful is refused with 400, and the connection ends: a transfer
// coding, lengths or hosts that are there twice, folded lines, lines that end in
// a bare LF, control characters, names that are no tokens.
//
// It saves where net/http must be general: one goroutine reads, decides and
// writes; a head is copied once, and its names and values are parts of the copy;
// requests and answers are used again; deadlines are moved only when it matters.
package wire
