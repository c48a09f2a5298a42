package admin

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/api"
	"github.com/sallyport/sallyport/internal/policy"
	"github.com/sallyport/sallyport/internal/store"
)

// How far advice looks back.
const (
	defaultWindow = 30 * 24 * time.Hour
	keepUses      = 90 * 24 * time.Hour
)

// An AdviceFilter chooses among findings; what is empty does not matter.
type AdviceFilter struct {
	// Tenant is where it is granted: [sallyport.EveryTenant] in every tenant at
	// once, empty where the actor is at home.
	Tenant    sallyport.TenantID
	Kind      string
	Principal sallyport.PrincipalID
	Role      sallyport.RoleID
	Window    time.Duration // 30 days when 0
}

// An adviser compares what is granted with what was used.
type adviser struct {
	*work
	estate  *estate
	since   time.Time // beginning of the window
	counted time.Time // when counting began; zero: it has not
	finder  *finder
}

// Findings returns what is granted in a tenant and was not used, the worst
// first. It needs [AdviceRead] there.
func (s *Service) Findings(ctx context.Context, a Actor, f AdviceFilter, p Page) (list List[api.Finding], err error) {
	if err := s.settle(ctx, p); err != nil {
		return list, err
	}
	err = s.look(ctx, a, func(w *work) (err error) {
		if f.Tenant == "" {
			f.Tenant = sallyport.EveryTenant
			if w.principal != nil {
				f.Tenant = w.principal.Home
			}
		}
		if err := w.mayList(f.Tenant, AdviceRead); err != nil {
			return err
		}
		v, err := w.adviser(ctx, f.Window)
		if err != nil {
			return err
		}
		all, err := v.findings(ctx, f)
		if err != nil {
			return err
		}
		place := []string{"advice", string(f.Tenant), f.Kind, string(f.Principal), string(f.Role), f.Window.String()}
		list, err = pages(w, p, place, func(p store.Page) ([]api.Finding, string, error) {
			part, next, err := slicePage(all, p)
			if err != nil {
				return nil, "", err
			}
			return part, next, v.nameAll(ctx, part)
		})
		return err
	})
	return list, err
}

// settle has this node write down what it counted a moment ago, for the first
// page of a list.
func (s *Service) settle(ctx context.Context, p Page) error {
	if s.c.Settle == nil || p.Cursor != "" {
		return nil
	}
	return s.c.Settle(ctx)
}

// Advice returns what a principal was granted against what it used, and a policy
// that would leave it what it needs. About oneself everybody may ask; about
// others it needs [AdviceRead], and tells of the tenants in which the actor has
// it.
func (s *Service) Advice(ctx context.Context, a Actor, id sallyport.PrincipalID, window time.Duration) (out api.Advice, err error) {
	if err := s.settle(ctx, Page{}); err != nil {
		return out, err
	}
	err = s.look(ctx, a, func(w *work) error {
		record, err := w.record(ctx, id)
		if isUnknown(err) {
			return errNoAdvice()
		}
		if err != nil {
			return err
		}
		v, err := w.adviser(ctx, window)
		if err != nil {
			return err
		}
		shown, err := v.shown(record)
		if err != nil {
			return err
		}
		out, err = v.advice(ctx, record, shown)
		return err
	})
	return out, err
}

func errNoAdvice() error {
	return sallyport.ErrNotFound("there is no such user or API key that you may be advised on; it needs the permission " + string(AdviceRead))
}

// shown returns a function that tells of which tenants the actor may see what
// a principal has and does there.
func (v *adviser) shown(record *policy.Record) (func(sallyport.TenantID) bool, error) {
	if v.actor.is(record.Principal.ID) {
		return func(sallyport.TenantID) bool { return true }, v.history()
	}
	known := map[sallyport.TenantID]bool{}
	may := func(t sallyport.TenantID) bool {
		ok, asked := known[t]
		if !asked {
			ok = v.may(t, AdviceRead) == nil
			known[t] = ok
		}
		return ok
	}
	somewhere := may(record.Principal.Home)
	for _, b := range record.Bindings {
		somewhere = may(b.Tenant) || somewhere
	}
	if !somewhere {
		return nil, errNoAdvice()
	}
	return may, nil
}

// adviser reads what all advice looks at.
func (w *work) adviser(ctx context.Context, window time.Duration) (*adviser, error) {
	switch {
	case window == 0:
		window = defaultWindow
	case window < 0 || window > keepUses:
		return nil, sallyport.ErrInvalid("since", "since is out of bounds; from 1h to "+keepUses.String()+", for which uses are kept")
	}
	v := &adviser{work: w, estate: newEstate(), since: store.DayStart(store.DayOf(w.now.Add(-window)))}
	switch began, err := w.tx.Meta(ctx, store.MetaUsesSince); {
	case err == nil:
		if v.counted, err = time.Parse(time.RFC3339, began); err != nil {
			return nil, err
		}
	case sallyport.KindOf(err) != sallyport.NotFound:
		return nil, err
	}
	if err := v.estate.loadCommon(ctx, w.tx); err != nil {
		return nil, err
	}
	v.finder = newFinder(w.snapshot)
	return v, nil
}

// observed returns since when the use of something was watched that was granted
// at a time.
func (v *adviser) observed(granted time.Time) time.Time {
	at := v.since
	for _, t := range []time.Time{v.counted, granted} {
		if t.After(at) {
			at = t
		}
	}
	return at
}

// uses reads what was used in a tenant, by principal.
func (v *adviser) uses(ctx context.Context, tenant sallyport.TenantID) (map[sallyport.PrincipalID][]store.UseSum, error) {
	out := map[sallyport.PrincipalID][]store.UseSum{}
	since := store.DayOf(v.since)
	list, err := all(func(p store.Page) ([]store.UseSum, string, error) {
		if tenant == sallyport.EveryTenant {
			return v.tx.EveryUse(ctx, since, p)
		}
		return v.tx.Uses(ctx, tenant, since, p)
	})
	for _, u := range list {
		out[u.Principal] = append(out[u.Principal], u)
	}
	return out, err
}

// live reports whether a binding may give something now.
func (v *adviser) live(b *sallyport.Binding) bool {
	return b.State == sallyport.Active && (b.Expires.IsZero() || b.Expires.After(v.now))
}

// findings returns all that is found in a tenant, the worst first.
func (v *adviser) findings(ctx context.Context, f AdviceFilter) ([]api.Finding, error) {
	if err := v.estate.load(ctx, v.tx, f.Tenant); err != nil {
		return nil, err
	}
	if f.Tenant != sallyport.EveryTenant {
		if err := v.estate.loadGroups(ctx, v.tx, sallyport.EveryTenant); err != nil {
			return nil, err
		}
	}
	uses, err := v.uses(ctx, f.Tenant)
	if err != nil {
		return nil, err
	}
	g, err := v.grants(ctx, f.Tenant)
	if err != nil {
		return nil, err
	}
	g.uses = uses
	out := v.grantFindings(g)
	out = append(out, v.roleFindings(g, f.Tenant)...)
	tokens, err := v.credentialFindings(ctx, f.Tenant, uses)
	if err != nil {
		return nil, err
	}
	out = append(out, tokens...)
	out = slices.DeleteFunc(out, func(x api.Finding) bool {
		return f.Kind != "" && x.Kind != f.Kind || f.Principal != "" && x.Principal != f.Principal || f.Role != "" && x.Role != f.Role
	})
	slices.SortFunc(out, compareFindings)
	return out, nil
}

func compareFindings(a, b api.Finding) int {
	id := func(f *api.Finding) string {
		if f.Credential != nil {
			return string(f.Credential.ID)
		}
		return cmp.Or(string(f.Binding), string(f.Role))
	}
	return cmp.Or(b.Opens-a.Opens, cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.RoleName, b.RoleName), cmp.Compare(id(&a), id(&b)))
}

// A granted is the bindings of a tenant with who has them and what they used.
type granted struct {
	bindings []sallyport.Binding
	every    []sallyport.Binding                // also those that give nothing now; of one principal
	members  map[string][]sallyport.PrincipalID // by group
	uses     map[sallyport.PrincipalID][]store.UseSum
	live     map[sallyport.BindingID]bool
}

// holders returns who has a binding.
func (g *granted) holders(b *sallyport.Binding) []sallyport.PrincipalID {
	if b.SubjectKind == sallyport.SubjectGroup {
		return g.members[b.Subject]
	}
	return []sallyport.PrincipalID{sallyport.PrincipalID(b.Subject)}
}

// grants collects the bindings of a tenant that give something.
func (v *adviser) grants(ctx context.Context, tenant sallyport.TenantID) (*granted, error) {
	g := &granted{members: map[string][]sallyport.PrincipalID{}, live: map[sallyport.BindingID]bool{}}
	everywhere, err := all(func(p store.Page) ([]sallyport.Binding, string, error) {
		return v.tx.Bindings(ctx, sallyport.EveryTenant, store.BindingFilter{State: sallyport.Active}, p)
	})
	if err != nil {
		return nil, err
	}
	for _, b := range everywhere {
		g.live[b.ID] = v.live(&b)
	}
	for _, b := range sorted(v.estate.bindings, func(b sallyport.Binding) string { return string(b.ID) }) {
		if b.Tenant != tenant || !v.live(&b) {
			continue
		}
		g.live[b.ID] = true
		if u, known := v.estate.users[sallyport.PrincipalID(b.Subject)]; known && u.State == sallyport.Deactivated {
			continue // of whom nothing can be used; he is to be deleted, not narrowed
		}
		if _, known := g.members[b.Subject]; !known && b.SubjectKind == sallyport.SubjectGroup {
			ids, err := v.tx.MemberIDs(ctx, v.estate.groups[sallyport.GroupID(b.Subject)].Tenant, sallyport.GroupID(b.Subject))
			if err != nil {
				return nil, err
			}
			g.members[b.Subject] = ids
		}
		g.bindings = append(g.bindings, b)
	}
	return g, nil
}

// nameAll fills in the names of who findings are about.
func (v *adviser) nameAll(ctx context.Context, list []api.Finding) error {
	for i := range list {
		f := &list[i]
		f.GroupName = v.estate.groups[f.Group].Name
		if f.Principal == "" || f.Login != "" {
			continue
		}
		record, err := v.principalNamed(ctx, f.Principal)
		if err != nil {
			return err
		}
		f.Login, f.PrincipalKind = record.Login, record.Kind
	}
	return nil
}

func (v *adviser) principalNamed(ctx context.Context, id sallyport.PrincipalID) (sallyport.Principal, error) {
	if u, known := v.estate.users[id]; known {
		return principalOf(u), nil
	}
	u, err := v.tx.UserByID(ctx, id)
	if err == nil {
		return principalOf(u), nil
	}
	if sallyport.KindOf(err) != sallyport.NotFound {
		return sallyport.Principal{}, err
	}
	c, err := v.tx.CredentialByID(ctx, sallyport.CredentialID(id))
	if err != nil {
		return sallyport.Principal{ID: id}, unlessNotFound(err)
	}
	return keyPrincipal(c), nil
}
