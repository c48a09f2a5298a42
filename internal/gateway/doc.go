// Package gateway is the reverse proxy in front of the protected APIs.
//
// A request goes through the two doors and, if it is allowed, on to the upstream
// of its API: with the path that was matched, byte for byte, without what the
// client said about its own identity and without its credential, and with the
// headers that tell who it is instead. What is denied is answered here and no
// upstream hears of it.
//
// [New] makes the handler, [Server] the http.Server that it is to be used with
// and [Limit] a listener that bounds connections. One request is one passage;
// its file passage.go reads from the top to the bottom like its way.
package gateway
