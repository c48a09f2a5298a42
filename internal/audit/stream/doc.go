// Package stream hands the audit trail on to where it is watched and kept: to a
// syslog server (RFC 5424) or to a webhook, as it grows and in its order.
//
// The trail itself is the queue. What is kept for each sink is the number of the
// last entry that arrived, in the store; so nothing is lost while a sink is away or
// this program does not run, and memory holds one batch at a time. An entry arrives
// at least once: after a failure the last batch is sent again, and whoever receives
// it tells by the number of an entry that he has it already. With several nodes one
// of them, which the store decides, serves a sink.
package stream
