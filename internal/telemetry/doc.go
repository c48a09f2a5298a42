// Package telemetry is what an operator sees of a running node: request ids,
// the log, the access log with one line per decision, the metrics, and whether
// the node is healthy and ready.
//
// It promises three things. A request never waits for it: lines go through a
// bounded ring ([Async]) and counters are pre-resolved; what does not fit is
// dropped and counted. It never shows a secret: values of telling names are
// replaced, and so is text that looks like a credential. And it is bounded:
// labels take their values from the policy in force, never from a request.
package telemetry
