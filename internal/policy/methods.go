package policy

import (
	"math/bits"
	"slices"
)

// A methodSet is a set of HTTP methods: those that every API knows, then the
// ones that the documents of this API name besides.
type methodSet uint64

const (
	methodGet methodSet = 1 << iota
	methodHead
	methodPost
	methodPut
	methodPatch
	methodDelete
	methodOptions
	methodConnect
	methodTrace
	methodOther // what no document of the API names
)

const (
	firstExtra = 10 // bit of the first method that is not listed above
	maxExtra   = 32
)

// tunnelling holds the methods that "*" does not take in: they ask for
// something else than to pass a request on, so a route must name them.
const tunnelling = methodConnect | methodTrace

// wellKnown has the methods of the bits above, in the same order.
var wellKnown = [...]string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "CONNECT", "TRACE"}

// ordinary is what Allow says for a path that takes every method.
var ordinary = methodGet | methodHead | methodPost | methodPut | methodPatch | methodDelete | methodOptions

// methodTable numbers the methods of one API.
type methodTable struct {
	extra []string
}

// bit returns the bit of a request's method, 0 for what is no method at all.
func (t *methodTable) bit(method string) methodSet {
	switch method {
	case "GET":
		return methodGet
	case "HEAD":
		return methodHead
	case "POST":
		return methodPost
	case "PUT":
		return methodPut
	case "PATCH":
		return methodPatch
	case "DELETE":
		return methodDelete
	case "OPTIONS":
		return methodOptions
	case "CONNECT":
		return methodConnect
	case "TRACE":
		return methodTrace
	case "":
		return 0
	}
	for i, m := range t.extra {
		if m == method {
			return 1 << (firstExtra + i)
		}
	}
	return methodOther
}

// add returns the bit of a method in a document, numbering it if it is new.
// It reports false when there are too many.
func (t *methodTable) add(method string) (methodSet, bool) {
	if b := t.bit(method); b != methodOther {
		return b, true
	}
	if len(t.extra) == maxExtra {
		return 0, false
	}
	t.extra = append(t.extra, method)
	return 1 << (firstExtra + len(t.extra) - 1), true
}

// names lists the methods of a set, for an Allow header (RFC 9110 section
// 10.2.1).
func (t *methodTable) names(set methodSet) []string {
	out := make([]string, 0, bits.OnesCount64(uint64(set)))
	for i, m := range wellKnown {
		if set&(1<<i) != 0 {
			out = append(out, m)
		}
	}
	extra := len(out)
	for i, m := range t.extra {
		if set&(1<<(firstExtra+i)) != 0 {
			out = append(out, m)
		}
	}
	slices.Sort(out[extra:])
	return out
}

// methods is what one route says about methods.
type methods struct {
	named methodSet
	every bool // "*"
}

// How well a route's methods fit a request's; 0 is not at all.
const (
	fitEvery   = 1 // through "*"
	fitImplied = 2 // HEAD through GET (RFC 9110 section 9.3.2)
	fitNamed   = 3
)

// fit tells how well the methods fit a request's.
func (m methods) fit(bit methodSet) int {
	switch {
	case m.named&bit != 0:
		return fitNamed
	case bit == methodHead && m.named&methodGet != 0:
		return fitImplied
	case m.every && bit != 0 && bit&tunnelling == 0:
		return fitEvery
	}
	return 0
}

// taken returns all methods that the route answers, as far as they have names.
func (m methods) taken() methodSet {
	set := m.named
	if set&methodGet != 0 {
		set |= methodHead
	}
	if m.every {
		set |= ordinary
	}
	return set
}

// and returns what either of the two takes.
func (m methods) and(other methods) methods {
	return methods{m.named | other.named, m.every || other.every}
}
