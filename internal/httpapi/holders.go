package httpapi

import (
	"strings"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/api"
	"github.com/sallyport/sallyport/internal/admin"
	"github.com/sallyport/sallyport/internal/doors"
	"github.com/sallyport/sallyport/internal/policy"
)

func holderOperations() []operation {
	return []operation{
		paged("who-can.list", "/who-can", admin.BindingsRead, "Ask who holds a permission, or may make a request", (*Handler).whoCan, lateCheck,
			more("Active users and API keys, by id, with the bindings that give it. Logins are told to who may see users or keys, and tokens that reach it "+
				"to who may see the tokens of others. Whether a condition holds depends on the request and is not asked.")),
	}
}

func (h *Handler) whoCan(c *call, q api.WhoCanQuery, p admin.Page) (api.WhoCan, error) {
	tenant := q.Tenant
	if tenant == "" {
		tenant = c.actor.Principal.Home
	}
	out := api.WhoCan{Tenant: tenant}
	list, err := h.Admin.WhoCan(c.ctx, c.actor, tenant, p, func() (want admin.Wanted, err error) {
		want, out.Open, err = h.wanted(&q)
		out.Realm, out.AllOf, out.AnyOf = want.Realm, want.AllOf, want.AnyOf
		if want.Route != nil {
			out.API, out.Route = want.Route.API.Name, want.Route.ID
		}
		return want, err
	})
	out.List, err = wireList(holderOnWire)(list, err)
	return out, err
}

// wanted turns a question into what somebody must hold. Open says that nothing
// must be held.
func (h *Handler) wanted(q *api.WhoCanQuery) (want admin.Wanted, open string, err error) {
	switch {
	case q.Permission == "" && (q.Method == "" || q.URL == ""):
		return want, "", badParameter("permission", "is missing; give it, or method and url")
	case q.Permission != "" && (q.Method != "" || q.URL != ""):
		return want, "", badParameter("permission", "stands beside method and url; give one or the other")
	case q.Permission != "":
		role := sallyport.Role{Permissions: []sallyport.Permission{q.Permission}}
		if faults := h.Doors.Policy().CheckRole(&role); len(faults) > 0 {
			return want, "", badParameter("permission", "is not one that is declared: "+cutField(faults[0].Error()))
		}
		return admin.Wanted{AllOf: role.Permissions, Realm: q.Realm, Realms: q.Realm == ""}, "", nil
	}
	found, reason := doors.Look(h.Doors.Policy(), &policy.Trial{Method: q.Method, Target: q.URL, Time: h.Now(), Realm: q.Realm})
	switch route := found.Route; {
	case reason != "":
		return want, "", badParameter("url", "leads nowhere with this method: "+reason.Info().Public)
	case route == nil:
		return want, "", badParameter("url", "matches no route with this method")
	case route.Public:
		return admin.Wanted{Route: route}, api.OpenToEverybody, nil
	case route.Authenticated:
		return admin.Wanted{Route: route}, api.OpenToKnown, nil
	default:
		return admin.Wanted{
			Route: route, AllOf: route.AllOf, AnyOf: route.AnyOf, Realm: found.Realm,
			Realms: route.Realm != nil && found.Realm == "",
		}, "", nil
	}
}

// cutField takes the name of the field from the front of a fault.
func cutField(text string) string {
	if _, rest, ok := strings.Cut(text, ": "); ok {
		return rest
	}
	return text
}

func holderOnWire(h admin.Holder) api.Holder {
	out := api.Holder{
		Principal: h.Principal.ID, Kind: h.Principal.Kind, Login: h.Principal.Login, Name: h.Principal.Name,
		Realms: h.Realms, Conditional: h.Conditional, MoreTokens: h.MoreTokens, Through: []api.Held{},
	}
	for i := range h.Through {
		out.Through = append(out.Through, heldOnWire(&h.Through[i]))
	}
	for i := range h.Tokens {
		t := &h.Tokens[i]
		out.Tokens = append(out.Tokens, api.HolderToken{ID: t.ID, Kind: t.Kind, Name: t.Name, Scopes: t.Scopes, ExpiresAt: t.Expires})
	}
	return out
}

func heldOnWire(t *admin.Held) api.Held {
	b := &t.Binding
	out := api.Held{
		Binding: b.ID, Role: b.Role, RoleName: t.Role.Name, Every: b.Tenant == sallyport.EveryTenant,
		Realm: b.Realm, Condition: b.Condition, ExpiresAt: b.Expires, Gives: t.Gives,
	}
	if t.Group != nil {
		out.Group, out.GroupName = t.Group.ID, t.Group.Name
	}
	return out
}
