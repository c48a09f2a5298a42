// Package surface is what every surface that serves net/http does around the
// doors: it turns an http.Request into a request to the doors ([Desk.Read]) and
// a denial into an answer ([Desk.Deny]). [Identities] keeps what is told of those
// that are let in.
//
// All surfaces of this program that take credentials stand on it, so that the
// same request has the same client, scheme and id at each, and gets the same
// decision and the same answer.
package surface
