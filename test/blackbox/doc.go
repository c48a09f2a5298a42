// Package blackbox tries the built program as somebody would who has only that:
// it starts `sallyport demo`, `quickstart` and `serve` as processes of their
// own and speaks to them over sockets. What is promised about restarts, crashes,
// lost databases and several nodes can be seen in no other way.
//
// SALLYPORT_BIN names the program; "make test" builds it and sets that. Without
// it the tests build one.
//
// ATTACKS.md lists attacks and the tests that play them, here and elsewhere in
// the tree.
package blackbox
