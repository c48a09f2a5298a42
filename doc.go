// Package sallyport holds the words of Sallyport and the pure decision.
//
// A sally port is a fortress entrance with two doors, one behind the other.
// Door one asks who are you (authentication); door two asks may you
// (authorization). This package is the ground floor of the house: the types
// that every other package speaks in, the table of reasons for which a request
// can be refused, and [Authorize], the function that answers door two's last
// question. It imports the standard library only and does no I/O.
//
// The words, from the outside in:
//
//   - A [Tenant] is an isolation boundary; a realm is a named partition of the
//     resources inside one.
//   - A [User] is an account, of a person or of a service. A [Credential] is
//     anything a request presents. A [Principal] is who a request acts as once
//     its credential was verified.
//   - An [API] is a protected API with its [Route] table. A [Permission] is one
//     named right of an API, a [Role] is a named set of permissions, and a
//     [Binding] gives a role to a user, a group or an API key in a tenant.
//   - A scope is a limit that a credential carries; it can only narrow.
//   - A [Decision] is the answer, and a [Reason] says why not.
//
// Until version 1.0 these words may still change.
package sallyport
