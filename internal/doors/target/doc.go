// Package target is the one parser of request targets.
//
// Every surface hands it the method, the request target as it stood on the
// wire and the host, and gets one canonical [Target] or a [Fault]. What the
// two doors match is the very string that is sent on, so a front and a back
// cannot read one path in two ways. A path that two servers could read
// differently is refused; the little that can be made equal without doubt is
// made equal once, before anybody looks at it.
//
// # Canonical path
//
// There is one spelling for one path:
//
//   - it starts with "/", and a trailing slash is kept as it came;
//   - an escape of a character that may stand for itself in a path segment is
//     decoded (RFC 3986 §6.2.2.2 asks it for the unreserved characters; we do
//     the same for "!$&'()*,=:@", because a server that decodes "things%3Apurge"
//     runs "things:purge", whatever the route table said about it);
//   - "+" and "%2B" are both kept as they came, since some servers read a "+" in
//     a path as a blank. A route pattern should therefore have neither;
//   - a character that may not stand in a path (one of "<>[]^`{|} or the double
//     quote) is escaped;
//   - every escape that remains has upper-case digits (RFC 3986 §6.2.2.1).
//
// Refused, each with a fault of its own: raw and encoded dot segments, empty
// segments, backslash, semicolon, encoded slash, percent, question mark and
// number sign, control characters, broken escapes, raw bytes outside visible
// ASCII and escapes that are not UTF-8. [Options] opens three of them, one by
// one. Bytes beyond ASCII are compared as they are: never folded, never
// normalised.
//
// The query takes no part in this. It is checked for length and for bytes that
// may not stand in a request line, and otherwise left exactly as it was sent.
//
// # Headers and addresses
//
// The package also knows which header names only a gateway may set (see
// [StripManaged]) and who the client is when a trusted proxy stands between
// (see [ClientIP]).
//
// All functions are pure and safe for concurrent use.
package target
