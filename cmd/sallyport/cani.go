package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/api"
)

// errNo is what a question ends with that was answered with no; that was told
// already.
var errNo = errors.New("no")

// A whoFlags says who would make a request.
type whoFlags struct {
	as, key, token string
	tenant         tenantFlag
}

func (f *whoFlags) add(c *cobra.Command) {
	c.Flags().StringVar(&f.as, "as", "", "`LOGIN` or id of the user who would make it (default: you)")
	c.Flags().StringVar(&f.key, "key", "", "name or id of the API `KEY` that would make it")
	f.tenant.add(c, "name or id of the `TENANT` that it would be for")
}

// principal finds out who is meant; empty: the caller.
func (m *manager) asked(ctx context.Context, f *whoFlags) (id sallyport.PrincipalID, tenant sallyport.TenantID, err error) {
	if f.tenant.name != "" {
		if tenant, err = m.tenantID(ctx, f.tenant.name); err != nil {
			return "", "", err
		}
	}
	switch {
	case sallyport.IsUUID(f.as):
		return sallyport.PrincipalID(f.as), tenant, nil
	case f.as != "":
		u, err := m.user(ctx, f.as, tenantFlag{})
		return u.ID, tenant, err
	case f.key != "":
		home := tenant
		if home == "" {
			if home, err = m.within(ctx, f.tenant); err != nil {
				return "", "", err
			}
		}
		k, err := m.key(ctx, home, f.key)
		return sallyport.PrincipalID(k.ID), home, err
	}
	return "", tenant, nil
}

// requestOf checks what was written as a request.
func requestOf(args []string) (method, target string, err error) {
	method, target = args[0], args[1]
	if !strings.HasPrefix(target, "/") && !strings.Contains(target, "://") {
		return "", "", &usageError{withHint(fmt.Errorf("%q is neither a path nor a URL", target), "write it with a slash in front: /%s", target)}
	}
	return strings.ToUpper(method), target, nil
}

func newCanI() *cobra.Command {
	var who whoFlags
	var q api.CanIQuery
	c := leaf(&cobra.Command{
		Use: "can-i METHOD URL", Short: "Ask what would be decided on a request, before it is made",
		Long: `Ask what would be decided on a request, for yourself or for somebody else, with all of his
rights or with one of his tokens. Nobody makes the request, and nothing is counted.

Exit status: 0 it would be let in, 1 it would not. For others it needs the permission
sallyport/decisions.explain.`,
		Example: `  sallyport can-i GET /inventory/items
  sallyport can-i POST /api/current/customers --as crm
  sallyport can-i GET /nbapi/ei/v1/assetTypes --as jane --tenant acme_3
  sallyport can-i GET /inventory/items --as viewer --token laptop`,
		Args:    needs("METHOD", "URL"),
		PreRunE: func(c *cobra.Command, _ []string) error { return atMostOne(c, "as", "key") },
		RunE: managed(func(ctx context.Context, m *manager, args []string) (err error) {
			if q.Method, q.URL, err = requestOf(args); err != nil {
				return err
			}
			if q.Principal, q.Tenant, err = m.asked(ctx, &who); err != nil {
				return err
			}
			if who.token != "" {
				t, _, err := m.token(ctx, ownerFlag{who.as}, who.token)
				if err != nil {
					return err
				}
				q.Credential = t.ID
			}
			answer, err := m.CanI(ctx, q)
			if err != nil {
				return err
			}
			if err := m.showCanI(ctx, &q, &answer); err != nil || answer.Allowed {
				return err
			}
			return errNo
		}),
	})
	who.add(c)
	c.Flags().StringVar(&who.token, "token", "", "name or id of the `TOKEN` of his that it would be made with")
	c.Flags().StringVar(&q.Realm, "realm", "", "the `REALM` that it would be for")
	c.Flags().StringVar(&q.Address, "address", "", "the `ADDRESS` that it would come from (default: yours)")
	return c
}

func (m *manager) showCanI(ctx context.Context, q *api.CanIQuery, answer *api.CanI) error {
	if m.format != formatTable {
		return m.encode(answer)
	}
	who := answer.Login
	if who == "" {
		who = string(answer.Principal)
	}
	may := "Yes: "
	if !answer.Allowed {
		may = "No: "
	}
	m.say("%s%s %s by %s would be %s.", may, q.Method, q.URL, who, verdictText(answer.Allowed, answer.Reason))
	return m.showWay(ctx, &way{
		trace: &answer.Trace, suggestions: answer.Suggestions, refused: !answer.Allowed, scopes: answer.RequiredScopes,
		subject: subjectFlag(answer.PrincipalKind, answer.Login, answer.Principal),
	})
}
