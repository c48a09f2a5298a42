package console

import (
	"context"
	"net/http"
	"strings"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/admin"
)

func applicationRoutes() []route {
	const in, made = "/access/{tenant}/applications", "/access/{tenant}/users/{user}/tokens/new"
	return []route{
		{"applications", "GET", in, member, (*visit).applications},
		{"application.token.new", "GET", made, member, (*visit).newApplicationToken},
		{"application.token.create", "POST", made, member, (*visit).createApplicationToken},
	}
}

// shownApplications is how many service accounts a page lists with their tokens.
const shownApplications = 8

// An applicationsPage lists service accounts with their tokens.
type applicationsPage struct {
	place
	Rows   []applicationRow
	Search string
	Ended  bool // tokens that were revoked are shown as well
	Pager  pager
}

// An applicationRow is a service account with its tokens.
type applicationRow struct {
	userRow
	Tokens tokenTable
	More   bool
	New    string // path of the form for another; empty: not the visitor's
}

func (v *visit) applications() error {
	q := v.r.URL.Query()
	p, err := v.place(v.text("applications.title"), "applications")
	if err != nil {
		return err
	}
	page := &applicationsPage{place: p, Search: strings.TrimSpace(q.Get("search")), Ended: q.Get("show") == "all"}
	state := sallyport.Active
	if page.Ended {
		state = ""
	}
	at := v.listed()
	at.Limit = shownApplications
	list, err := v.Admin.Applications(v.r.Context(), v.actor, v.listOf(p), state, strings.ToLower(page.Search), at)
	if err != nil {
		return err
	}
	for _, a := range list.Items {
		row := applicationRow{
			userRow: v.userRow(a.User), More: a.More,
			Tokens: tokenTable{Now: v.now, Change: p.Can("tokens.write"), Revoke: p.Can("tokens.revoke")},
		}
		for _, c := range a.Tokens {
			row.Tokens.Rows = append(row.Tokens.Rows, v.row(c))
		}
		if p.Can("tokens.write") && a.User.State == sallyport.Active {
			row.New = row.In + atUser(a.User) + "/tokens/new"
		}
		page.Rows = append(page.Rows, row)
	}
	page.Pager = v.pager(list.Next)
	return v.show(http.StatusOK, "applications", page)
}

// applicationToken is the form of a new token of the service account in the path.
func (v *visit) applicationToken() (*tokenFormPage, sallyport.User, error) {
	p, err := v.place(v.text("token.new"), "applications")
	if err != nil {
		return nil, sallyport.User{}, err
	}
	u, err := v.userIn()
	if err == nil && u.Kind != sallyport.Service {
		err = sallyport.ErrNotFound("a person makes his tokens himself")
	}
	if err != nil {
		return nil, u, err
	}
	at := p.In + atUser(u)
	return &tokenFormPage{frame: p.frame, Owner: u.Login, Action: at + "/tokens/new", Back: tab{Text: u.Login, Path: at}}, u, nil
}

func (v *visit) newApplicationToken() error {
	page, _, err := v.applicationToken()
	if err != nil {
		return err
	}
	page.tokenForm = v.prefilled(&page.Faults)
	return v.showForm(http.StatusOK, page)
}

func (v *visit) createApplicationToken() error {
	page, u, err := v.applicationToken()
	if err != nil {
		return err
	}
	return v.makeToken(page, func(ctx context.Context, a admin.Actor, in admin.NewToken) (admin.Issued, error) {
		return v.Admin.CreateApplicationToken(ctx, a, u.Tenant, u.ID, in)
	})
}
