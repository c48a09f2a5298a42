package admin

import (
	"log/slog"
	"net/netip"

	"github.com/sallyport/sallyport"
)

// An Actor is who does something. The zero Actor may nothing.
type Actor struct {
	Principal      sallyport.Principal
	CredentialKind sallyport.CredentialKind
	Credential     sallyport.UUID     // as in [sallyport.Decision]
	Scopes         []string           // of the credential; nil: not limited
	Tenant         sallyport.TenantID // the one tenant that the credential acts in; empty or [sallyport.EveryTenant]: not limited
	RequestID      string
	Address        string
	Once           *Once // idempotency of one call; nil: none

	system string // why the installation acts itself; empty: it does not
}

// ActorOf returns the actor of a request that was allowed. The address is the
// client's.
func ActorOf(d *sallyport.Decision, address string) Actor {
	a := Actor{
		CredentialKind: d.CredentialKind,
		Credential:     d.Credential,
		Scopes:         d.Scopes,
		RequestID:      d.RequestID,
		Address:        address,
	}
	if d.Allowed && d.Principal != nil {
		a.Principal = *d.Principal
	}
	return a
}

// System returns the actor that stands for the installation itself: its first
// start, its demonstration, a command on the machine that it runs on. It may do
// everything, and the audit trail tells the reason. Nothing that came over a
// network may act as it, but for who has the code of the first run.
func System(reason string) Actor {
	if reason == "" {
		reason = "unknown"
	}
	return Actor{system: reason}
}

// IsSystem reports whether the actor came from [System].
func (a Actor) IsSystem() bool { return a.system != "" }

// LogValue returns what a log may show of the actor.
func (a Actor) LogValue() slog.Value {
	if a.IsSystem() {
		return slog.StringValue("system: " + a.system)
	}
	return slog.GroupValue(slog.String("principal", string(a.Principal.ID)), slog.String("credential", a.Credential.String()))
}

func (a Actor) client() netip.Addr {
	addr, err := netip.ParseAddr(a.Address)
	if err != nil {
		return netip.Addr{}
	}
	return addr.Unmap()
}

// is reports whether the actor is this principal.
func (a Actor) is(id sallyport.PrincipalID) bool {
	return !a.IsSystem() && id != "" && a.Principal.ID == id
}
