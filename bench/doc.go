// Command bench measures what a decision of Sallyport costs: in the process,
// over HTTP beside a handler that does nothing, and in the gateway beside a bare
// reverse proxy. It prints a table and writes bench/out/results.json.
//
// A figure of time is CPU time. Over HTTP it is that of the server process
// divided by its answers, with the server on one core and the load on another.
// The speed of a machine that others share changes from second to second, so
// every comparison is of figures that were taken right after one another, and
// the median of a few of those is what counts. Of what is measured in the process
// without anything beside it the least of many short turns is told, with the median
// behind it: others only ever add to it. docs/explanation/performance.md says more.
//
// It fails if something answers wrongly, not if something is slow.
//
// Which file does what:
//
//   - main.go: the arguments, and which part comes when. child.go: each part runs in
//     a process of its own, on a core of its own. machine.go: cores, and CPU time
//     as the system tells it. result.go: a figure with its baseline and goal, the
//     table and results.json.
//   - world.go: an installation with users, roles, tokens and all else, on SQLite.
//     pour.go: very many of them.
//   - decisions.go: decisions in the process; with unseen.go, access tokens that were
//     not seen before, and why.go, one refusal of very many. crowd.go: memory, and
//     decisions about all of very many tokens; two cores. start.go and process.go:
//     starts of a node and of the program. lists.go: pages of the console.
//   - serve.go: the servers, ours and the bare ones. cases.go: who asks which of them
//     what. rounds.go: the rounds. tail.go: the slowest answers. million.go:
//     everything about one store with a million tokens. grpc.go: the same as
//     Envoy asks, with a bare server of grpc-go.
//   - load.go and drive_linux.go (elsewhere drive_other.go): the load. wrk.go: another
//     one, to compare.
//   - debian.go: nginx and HAProxy as peers. redis.go: a handler that asks Redis.
//     peers: other engines, in a module of their own.
//   - bench_test.go: tests of all this. decisions_bench_test.go: decisions for go test
//     -bench, pprof and benchstat.
//   - sallyport.pgo: a CPU profile for the compiler, made by make pgo.
package main
