// Package doors is the two doors: one call from request to decision.
//
// Every surface, be it the gateway, a decision endpoint, the management API or
// the middleware of a Go program, turns what it received into one [Request] and
// calls [Doors.Decide]. Nothing else in the house decides.
//
// A request is one visit (visit.go). First its API and its route are found
// (find.go), since a public route needs no credential. Door one (door_one.go)
// finds the credential and makes sure of the principal; it asks internal/authn,
// which remembers what it verified. Door two (door_two.go) finds the tenant and the
// realm, and asks the pure function [sallyport.Authorize] about the rest.
//
// What both stand on is a snapshot of the policy, a table of known credentials
// and a table of principals. They are changed in one place, follow.go, which
// reads the change log of the store: after each change made on this node before
// its caller is answered, and a few times a second for the changes of others.
// A decision asks the store only about what this node does not know yet.
package doors
