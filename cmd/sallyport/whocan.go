package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/api"
)

func newWhoCan() *cobra.Command {
	var tenant tenantFlag
	var q api.WhoCanQuery
	var limit int
	c := leaf(&cobra.Command{
		Use: "who-can PERMISSION | METHOD URL", Short: "List who holds a permission, or may make a request",
		Long: `List who holds a permission, or may make a request, in a tenant: active users and API keys,
through which role, and the tokens that reach it. Conditions are shown and not evaluated.

It needs the permission sallyport/bindings.read. Logins are shown to who may see users, keys
and tokens to who may see these.`,
		Example: `  sallyport who-can itadvisor/CUSTOMERS
  sallyport who-can POST /api/current/customers
  sallyport who-can edgeintel/asset-management --tenant acme_3 -o json`,
		Args: needs("PERMISSION", "[URL]"),
		RunE: managed(func(ctx context.Context, m *manager, args []string) (err error) {
			if q.Permission = sallyport.Permission(args[0]); len(args) == 2 {
				q.Permission = ""
				if q.Method, q.URL, err = requestOf(args); err != nil {
					return err
				}
			} else if !strings.Contains(args[0], "/") && args[0] != "*" {
				return &usageError{withHint(fmt.Errorf("%q is not a permission", args[0]), "write a permission as api/name, or give a METHOD and a URL")}
			}
			if tenant.name != "" {
				if q.Tenant, err = m.tenantID(ctx, tenant.name); err != nil {
					return err
				}
			}
			return m.showWhoCan(ctx, q, limit)
		}),
	})
	tenant.add(c, usageTenantEvery)
	c.Flags().StringVar(&q.Realm, "realm", "", "in this `REALM` (default: in any)")
	addLimit(c, &limit, usualEntries)
	return c
}

func (m *manager) showWhoCan(ctx context.Context, q api.WhoCanQuery, limit int) error {
	first, all, err := m.WhoCan(ctx, q)
	if err != nil {
		return err
	}
	if m.format == formatTable && first.Open != "" {
		return m.told(nil, "%s", openSentence(first.Open))
	}
	if m.format == formatTable {
		m.say("%s in %s:", neededText(&first), tenantWords(m.tenantText(ctx, first.Tenant)))
		m.blank()
	}
	// They come by id; people look for names.
	items, more, err := take(all, limit)
	if err != nil {
		return err
	}
	slices.SortStableFunc(items, func(a, b api.Holder) int { return strings.Compare(a.Login, b.Login) })
	return showItems(&m.printer, holders, holderView, items, more, limit)
}

func openSentence(open string) string {
	if open == api.OpenToEverybody {
		return "Everybody may, also without a credential."
	}
	return "Whoever has a good credential may; the route asks for no permission."
}

// neededText says what was asked for.
func neededText(w *api.WhoCan) string {
	needed := joined(w.AllOf)
	if len(w.AnyOf) > 0 {
		needed = strings.Join(append(words(w.AllOf), strings.Join(words(w.AnyOf), " or ")), ", and ")
	}
	if w.Route != "" {
		return fmt.Sprintf("The route %q of %s needs %s. Who has that", w.Route, w.API, needed)
	}
	return "Who has " + needed
}

func tenantWords(name string) string {
	if name == string(sallyport.EveryTenant) {
		return "every tenant"
	}
	return name
}

var holders = sort{"holder", "holders"}

var holderView = view[api.Holder]{
	{name: "kind", text: func(h api.Holder) string { return strings.ReplaceAll(string(h.Kind), "_", " ") }},
	{name: "who", text: func(h api.Holder) string { return cmp.Or(h.Login, string(h.Principal)) }},
	{name: "through", text: func(h api.Holder) string {
		var all []string
		for _, t := range h.Through {
			all = append(all, throughText(t))
		}
		return some(all, 3)
	}},
	{name: "realms", text: func(h api.Holder) string { return orAny(strings.Join(h.Realms, ", ")) }},
	{name: "always", text: func(h api.Holder) string {
		if h.Conditional {
			return "on a condition"
		}
		return "yes"
	}},
	{name: "tokens", text: func(h api.Holder) string {
		var names []string
		for _, t := range h.Tokens {
			names = append(names, t.Name)
		}
		if h.MoreTokens > 0 {
			return fmt.Sprintf("%s and %d more", strings.Join(names, ", "), h.MoreTokens)
		}
		return some(names, 3)
	}},
}

// throughText names a binding by its role, and tells what is odd about it.
func throughText(t api.Held) string {
	text := t.RoleName
	if t.Group != "" {
		text += " of the group " + cmp.Or(t.GroupName, string(t.Group))
	}
	if t.Every {
		text += " in every tenant"
	}
	if t.Condition != "" {
		text += " while " + t.Condition
	}
	return text
}
