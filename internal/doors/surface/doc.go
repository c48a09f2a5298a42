// Package surface is what every surface that serves net/http does around the
// doors: it turns an http.Request into a request to the doors ([Desk.Read]) and
// a denial into an answer ([Desk.Deny]).
//
// The gateway and the middleware of package guard both stand on it, so that the
// same request gets the same decision and the same answer at either.
package surface
