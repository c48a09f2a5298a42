package doors_test

import (
	"fmt"
	"testing"

	"github.com/sallyport/sallyport/internal/doors"
	"github.com/sallyport/sallyport/internal/doors/doorstest"
)

// BenchmarkExplained is what the background does about the refusals of a second: 256
// of them, of as many tokens, are explained and written down.
func BenchmarkExplained(b *testing.B) {
	k := doorstest.New(b, shop())
	var requests []*doors.Request
	for i := range 256 {
		_, token := k.Token(k.User(fmt.Sprint("poor", i), ""))
		requests = append(requests, request("GET", "/shop/orders/17", "Authorization", "Bearer "+token))
	}
	ctx := b.Context()
	for b.Loop() {
		b.StopTimer()
		for _, r := range requests {
			if dec := k.Doors.Decide(ctx, r); dec.Allowed {
				b.Fatal("let in")
			}
		}
		b.StartTimer()
		if err := k.Doors.FlushDecisions(ctx); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/256, "µs/refusal")
}
