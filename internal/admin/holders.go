package admin

import (
	"context"
	"slices"
	"strings"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/policy"
	"github.com/sallyport/sallyport/internal/store"
)

// maxHolderTokens is how many tokens of one holder are listed.
const maxHolderTokens = 20

// A Wanted is what somebody may hold.
type Wanted struct {
	Tenant sallyport.TenantID // where; [sallyport.EveryTenant]: in each; filled in by [Service.WhoCan]
	Realm  string             // empty: in any, if Realms
	Realms bool               // a right in one realm counts too
	AllOf  []sallyport.Permission
	AnyOf  []sallyport.Permission
	Route  *policy.Route // that limited tokens must reach; nil: any
}

// A Holder is somebody who holds what was asked for.
type Holder struct {
	Principal   sallyport.Principal // without login and name when the actor may not see them
	Through     []Held
	Realms      []string // only in these; nil: wherever
	Conditional bool     // only while a condition holds
	Tokens      []sallyport.Credential
	MoreTokens  int // that are not listed
}

// A Held is a binding through which somebody holds something.
type Held struct {
	Binding sallyport.Binding
	Role    *policy.Role
	Group   *sallyport.Group // nil: it is bound to the holder himself
	Gives   []sallyport.Permission
}

// WhoCan returns who holds what is wanted in a tenant, by id: active users and
// API keys, with the bindings that give it and the tokens that reach it. It needs
// [BindingsRead] there; the names of users are told with [UsersRead], those of
// keys with [KeysRead], and tokens with [TokensRead] where their owner is at home.
//
// The question is made when the right to ask it is certain, as making it tells
// what there is to be held.
func (s *Service) WhoCan(ctx context.Context, a Actor, tenant sallyport.TenantID, p Page, question func() (Wanted, error)) (list List[Holder], err error) {
	err = s.look(ctx, a, func(w *work) error {
		if err := w.may(tenant, BindingsRead); err != nil {
			return err
		}
		want, err := question()
		if err != nil || len(want.AllOf)+len(want.AnyOf) == 0 {
			return err
		}
		want.Tenant = tenant
		h := &holders{work: w, want: want, need: w.numbers(&want)}
		place := []string{"who-can", string(want.Tenant), want.Realm, joinPermissions(want.AllOf), joinPermissions(want.AnyOf)}
		list, err = pages(w, p, place, func(p store.Page) ([]Holder, string, error) { return h.page(ctx, p) })
		return err
	})
	return list, err
}

func joinPermissions(list []sallyport.Permission) string {
	var b strings.Builder
	for _, p := range list {
		b.WriteString(string(p) + ",")
	}
	return b.String()
}

// numbers turns what is wanted into numbers of the policy in force. What nobody
// declares is held by nobody.
func (w *work) numbers(want *Wanted) (need sallyport.Need) {
	number := func(list []sallyport.Permission) (out []int32) {
		for _, p := range list {
			n, known := w.snapshot.Permission(p)
			if !known {
				n = nobodys
			}
			out = append(out, n)
		}
		return out
	}
	return sallyport.Need{AllOf: number(want.AllOf), AnyOf: number(want.AnyOf)}
}

// nobodys is the number of a permission that is in no set.
const nobodys = -1

// holders looks for who holds something.
type holders struct {
	*work
	want Wanted
	need sallyport.Need
}

// page returns the holders behind an id.
func (h *holders) page(ctx context.Context, p store.Page) (out []Holder, next string, err error) {
	all, err := h.candidates(ctx, p)
	if err != nil {
		return nil, "", err
	}
	for {
		id, through, err := all.next(ctx)
		if err != nil || id == "" {
			return out, "", err
		}
		holder := Holder{Through: through}
		if !h.enough(&holder) {
			continue
		}
		there, err := h.fill(ctx, id, &holder)
		if err != nil {
			return nil, "", err
		}
		if !there {
			continue
		}
		if len(out) == p.Limit {
			return out, string(out[len(out)-1].Principal.ID), nil
		}
		out = append(out, holder)
	}
}

// gives returns what a role has of what is wanted.
func (h *holders) gives(role *policy.Role) (out []sallyport.Permission) {
	pick := func(numbers []int32, names []sallyport.Permission) {
		for i, n := range numbers {
			if role.Set.Has(n) && !slices.Contains(out, names[i]) {
				out = append(out, names[i])
			}
		}
	}
	pick(h.need.AllOf, h.want.AllOf)
	pick(h.need.AnyOf, h.want.AnyOf)
	return out
}

// counts reports whether a binding gives its role now, and where it is wanted.
func (h *holders) counts(b *sallyport.Binding) bool {
	over := !b.Expires.IsZero() && !b.Expires.After(h.now)
	elsewhere := b.Realm != "" && b.Realm != h.want.Realm && (h.want.Realm != "" || !h.want.Realms)
	return !over && !elsewhere
}

// enough reports whether what somebody has is what is wanted, and says where and
// under which circumstances.
func (h *holders) enough(holder *Holder) bool {
	always := func(t *Held) bool { return t.Binding.Condition == "" }
	realms, found := h.combined(holder.Through, func(*Held) bool { return true })
	_, unconditional := h.combined(holder.Through, always)
	holder.Realms, holder.Conditional = realms, found && !unconditional
	return found
}

// combined looks in which realms the bindings that count give all that is wanted;
// nil: in every one, or in the one that was asked about. As at the doors, rights
// in different realms do not add up.
func (h *holders) combined(through []Held, counts func(*Held) bool) (realms []string, found bool) {
	in := func(realm string) bool {
		var sets []sallyport.Set
		for i := range through {
			if t := &through[i]; counts(t) && (t.Binding.Realm == "" || t.Binding.Realm == realm) {
				sets = append(sets, t.Role.Set)
			}
		}
		return meets(h.need, sets)
	}
	if in(h.want.Realm) {
		return nil, true
	}
	for i := range through {
		if r := through[i].Binding.Realm; r != "" && !slices.Contains(realms, r) && in(r) {
			realms = append(realms, r)
		}
	}
	slices.Sort(realms)
	return realms, len(realms) > 0
}

// meets reports whether sets together have what is needed.
func meets(need sallyport.Need, sets []sallyport.Set) bool {
	has := func(n int32) bool {
		return n != nobodys && slices.ContainsFunc(sets, func(s sallyport.Set) bool { return s.Has(n) })
	}
	return !slices.ContainsFunc(need.AllOf, func(n int32) bool { return !has(n) }) &&
		(len(need.AnyOf) == 0 || slices.ContainsFunc(need.AnyOf, has))
}

// fill adds who the holder is, and his tokens. It reports false when he is
// nobody who can act now.
func (h *holders) fill(ctx context.Context, id sallyport.PrincipalID, holder *Holder) (bool, error) {
	record, err := h.identity(ctx, id)
	switch {
	case sallyport.KindOf(err) == sallyport.Refused: // neither a user nor a key any more
		return false, nil
	case err != nil:
		return false, err
	}
	home := record.Principal.Home
	if record.State != sallyport.Active || home != sallyport.EveryTenant && !h.snapshot.Tenant(home).Active() {
		return false, nil
	}
	holder.Principal = record.Principal
	sees := UsersRead
	if record.Principal.Kind == sallyport.PrincipalAPIKey {
		sees = KeysRead
	}
	if h.may(h.want.Tenant, sees) != nil {
		holder.Principal = sallyport.Principal{ID: id, Kind: record.Principal.Kind}
	}
	if record.Principal.Kind != sallyport.PrincipalAPIKey && h.may(home, TokensRead) == nil {
		err = h.tokens(ctx, id, holder)
	}
	return true, err
}

// tokens adds the tokens of a holder that reach what is wanted.
func (h *holders) tokens(ctx context.Context, id sallyport.PrincipalID, holder *Holder) error {
	list, err := all(func(p store.Page) ([]sallyport.Credential, string, error) {
		return h.tx.CredentialsOf(ctx, id, store.CredentialFilter{State: sallyport.Active}, p)
	})
	if err != nil {
		return err
	}
	for i := range list {
		switch c := &list[i]; {
		case c.Kind != sallyport.PersonalToken && c.Kind != sallyport.ApplicationToken, !h.reaches(c, holder):
		case len(holder.Tokens) == maxHolderTokens:
			holder.MoreTokens++
		default:
			holder.Tokens = append(holder.Tokens, *c)
		}
	}
	return nil
}

// reaches reports whether a token is good for what its owner holds.
func (h *holders) reaches(c *sallyport.Credential, holder *Holder) bool {
	switch {
	case h.stateOf(*c) != sallyport.Active:
		return false
	case c.Tenant != sallyport.EveryTenant && c.Tenant != h.want.Tenant:
		return false
	case c.Scopes == nil:
		return true
	}
	limit := h.snapshot.Limit(c.Scopes)
	if limit == nil || h.want.Route != nil && !limit.Reaches(h.want.Route) {
		return false
	}
	var sets []sallyport.Set
	for _, t := range holder.Through {
		sets = append(sets, intersection(t.Role.Set, limit.Set))
	}
	return meets(h.need, sets)
}

func intersection(a, b sallyport.Set) sallyport.Set {
	out := slices.Clone(a[:min(len(a), len(b))])
	for i := range out {
		out[i] &= b[i]
	}
	return out
}
