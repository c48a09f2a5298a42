// Package respond turns a denial or a failure into the answer that its caller
// sees. It is the only place where a [sallyport.Reason] or a [sallyport.Kind]
// meets HTTP, so the same cause looks the same at every surface.
//
// A denial ([Denied]) and a failure ([Failed]) both become a problem document
// (RFC 9457) with Cache-Control: no-store and the request id. Every 401 carries
// at least one challenge (RFC 9110 section 15.5.2); [Challenges] makes them
// from what a route accepts. [ForNginx] narrows a status to those that nginx
// can carry.
//
// What goes into a header is cleaned on the way: no value given to this package
// can add a header line or end a quoted string.
package respond
