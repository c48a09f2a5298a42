// Package decide is the decision service: it tells a front proxy whether a
// request that the proxy holds may pass, and as whom.
//
// Each family of proxies has an endpoint of its own, /decide/NAME, which reads
// the original request from the headers that this family sets itself and from
// no others (family.go): a proxy passes on whatever else a client sends, so a
// header that belongs to another family is a client's word. Envoy asks with the
// client's request itself, below /decide/envoy/, or over gRPC (check.go and package
// extauthz). A header that is missing or there twice decides nothing and is a
// refusal.
//
// The answer is one that the family can carry. Allow is exactly 200 with every
// identity header, none of them empty, and without a body. A refusal is a
// problem document with its own status; nginx, which turns most statuses into
// 500, gets 403 and the status beside it.
//
// Only configured proxies are answered: by their address and the shared secret,
// or because they come over the unix socket. What is decided is a request's head
// alone. Two things that the gateway can do are therefore refused here: a path
// whose spelling would have to be changed to find its route (the proxy forwards
// what the client sent), and an operation that is told apart by a form field
// (the proxy keeps the body).
//
// Over gRPC Envoy can show the body, and takes out of a request what an upstream must
// not see (trim.go): there the second is decided, unless the credential itself is in
// the body.
package decide
