// Package floors holds the laws of the house as tests: which package may
// import which, how large the ground floor and a file may grow, and which calls
// are not made anywhere.
//
// The floors are the import direction of the design: upper floors import lower
// ones, never the reverse, and the rooms of one floor do not see each other. A
// package that is on no floor breaks the law too, so the list in floors_test.go
// is always the whole house.
//
// The laws read the source files themselves rather than asking the go command:
// that covers files behind build constraints, works while some package does
// not compile, and lets go test notice, when it remembers a result, that a
// file has changed.
package floors
