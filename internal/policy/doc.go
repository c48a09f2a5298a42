// Package policy compiles the documents that say who may do what into the form
// that a decision reads, and checks them on the way in.
//
// A [Compiler] turns a [Source], which is everything that the store holds about
// APIs, roles and tenants at one revision, into a [Snapshot]. A snapshot
// never changes: its owner swaps it whole, and a request reads it once. On the
// way of a request it answers, without a query, a lock or an allocation,
//
//   - which API has this host and path ([Snapshot.Find]),
//   - which of its routes this method, path and parameter ([API.Match]),
//   - which grants a principal has in a tenant ([Principal.Grants]), and
//   - what the scopes of a credential leave ([Snapshot.LimitAt]).
//
// # Which route matches
//
// The order of routes in a document never matters. Of the routes that match a
// request the most specific one is taken:
//
//  1. one that names a host before one that does not;
//  2. then by path, segment for segment from the left: a literal before
//     "{name}", and "{name}" before "{rest...}";
//  3. then one that names a parameter before one that does not, and one that
//     names the method before one for "*".
//
// A route that matches the path but not the method or the parameter is passed
// over, and the next most specific one is tried. "{name}" takes one segment that
// is not empty, "{rest...}" any number of segments, none included. "/x/" goes to
// the route of "/x" unless a route says "/x/" itself, so a trailing slash never
// leads around a policy. Two routes that some request matches with equal right
// are an error when the policy is compiled.
//
// # What is faulty denies
//
// [Compiler.Compile] always returns a snapshot. A part with a fault grants
// nothing in it: an API stays where it is mounted and matches no request, an
// unknown permission of a role is left out, a binding whose condition cannot be
// read never holds. Its error tells all faults at once. Who writes policy refuses the change on
// an error; a node in service logs it and goes on with what is sound.
package policy
