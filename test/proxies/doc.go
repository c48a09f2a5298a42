// Package proxies holds the suite that puts real front proxies, configured as
// deploy/ ships them, between clients and an API that remembers every request,
// with the real decision service beside them: once in this process, over
// policies and credentials of the suite's own, and once as the built program.
//
// What it promises: what may pass arrives with the identity of the decision and
// none of the client's making; what may not pass gets the status that it would
// get from the gateway; and when nothing can be decided, nothing arrives.
package proxies
