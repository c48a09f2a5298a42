package gateway

import (
	"net"
	"time"

	"github.com/sallyport/sallyport"
)

const (
	tunnelTick = 500 * time.Millisecond // how often an open tunnel is looked at
	tunnelTurn = 10                     // ticks after which it is decided on anew in any case
)

// A tunnel is an open WebSocket. It lasts as long as its request would be let in:
// it is decided on anew when the policy has a new revision, which every
// revocation makes, and every few seconds, for what ends by itself.
type tunnel struct {
	done  chan struct{} // closed when the passage is over
	ended chan struct{} // closed when nobody watches any more
}

// watch watches the tunnel over conn.
func (p *passage) watch(conn net.Conn) *tunnel {
	t := &tunnel{done: make(chan struct{}), ended: make(chan struct{})}
	go func() {
		defer close(t.ended)
		if !p.stays(t) {
			_ = conn.Close() // which has the proxy give up both sides
		}
	}()
	return t
}

// stays returns true when the tunnel ended by itself, and false when it must end.
func (p *passage) stays(t *tunnel) bool {
	tick := time.NewTicker(tunnelTick)
	defer tick.Stop()
	revision := p.decision.Revision
	for n := 1; ; n++ {
		select {
		case <-t.done:
			return true
		case <-p.gateway.closing:
			return false
		case <-tick.C:
		}
		newest := p.gateway.doors.Revision()
		if newest == revision && n%tunnelTurn != 0 {
			continue
		}
		revision = newest
		// The passage waits for the tunnel meanwhile, so the request is ours.
		p.request.Now = time.Time{} // that was then
		if again := p.gateway.doors.Decide(p.in.Context(), &p.request); !again.Allowed || !samePrincipal(&again, &p.decision) {
			p.gateway.log.InfoContext(p.in.Context(), "a tunnel was closed", "request_id", p.decision.RequestID, "reason", again.Reason)
			return false
		}
	}
}

func samePrincipal(a, b *sallyport.Decision) bool {
	if a.Principal == nil || b.Principal == nil {
		return a.Principal == b.Principal
	}
	return a.Principal.ID == b.Principal.ID && a.Tenant == b.Tenant
}

// end has the watching end and waits for it. A nil tunnel was never opened.
func (t *tunnel) end() {
	if t == nil {
		return
	}
	close(t.done)
	<-t.ended
}
