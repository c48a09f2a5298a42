// Package carrier finds the credential in a request. It decides nothing about
// whose it is, or whether it is good.
//
// A request may present one explicit credential: in the Authorization header,
// in a header of the API's own, in a query parameter or in a form field. Two of
// them, of whatever sort, are refused ([Ambiguous]) before anybody looks one up,
// so that no front and no back can disagree on which one counted. An
// Authorization header counts even where the API does not accept its scheme.
//
// An explicit credential that is bad is bad: it never gives way to a cookie. A
// session cookie is looked at only when there is no explicit credential, and
// ignored, good or bad, when there is one. An empty credential is a bad one, not
// an absent one.
//
// Every place has a length that is checked before anything else is done with the
// value. Names of parameters and cookies are compared exactly; nothing is folded,
// trimmed or normalised to make a value fit.
//
// Parameters are read by a scanner of our own that keeps to what clients send
// and servers read: an escape that is not valid stays as it is, and "+" is a
// blank. net/url drops such parameters without a word, which here would mean a
// credential that we do not see and the upstream does.
//
// Nothing in this package writes a credential anywhere; a [Found] prints as
// "[redacted]". All functions are pure and safe for concurrent use.
package carrier
