package main

import (
	"fmt"
	"testing"
)

// BenchmarkDecision is a decision for benchstat and pprof, about one asker of
// each kind and about all of them in turn:
//
//	go test ./bench -run '^$' -bench Decision -count 8 -cpu 1
func BenchmarkDecision(b *testing.B) {
	w, err := newWorld(b.Context(), b.TempDir(), size{Routes: 1000, Roles: 100, Users: 1000, Tokens: 2000}, "")
	if err != nil {
		b.Fatal(err)
	}
	defer w.node.Close(b.Context())
	for _, kind := range []string{byToken, byAccess, bySession, byKey, byBasic, noToken, noPermission} {
		for _, s := range []*sample{one(w, kind), many(w, kind)} {
			b.Run(fmt.Sprint(s.name), func(b *testing.B) {
				if err := s.check(); err != nil {
					b.Fatal(err)
				}
				s.bench(b)
			})
		}
	}
}
