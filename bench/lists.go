package main

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/admin"
	"github.com/sallyport/sallyport/internal/console"
	"github.com/sallyport/sallyport/internal/node"
	"github.com/sallyport/sallyport/internal/store"
	"github.com/sallyport/sallyport/internal/token"
)

// The part about long lists: how long the pages of the console take that list
// users, members, bindings, tokens, keys and audit entries, of an installation with
// very many of them.
//
// The store is filled by plain SQL, which takes a minute where the way through
// admin would take hours. Nobody can sign in with what is in it but one
// administrator.
type lists struct {
	users, tokens int
	folder        string
	node          *node.Node
	pages         http.Handler
	session       string
	keeper        admin.Actor // who has the session
	tenant        sallyport.TenantID
	group         sallyport.GroupID
	role          sallyport.RoleID
}

const (
	listSite   = "http://127.0.0.1:1"
	listCookie = "sp_session"
	listLogin  = "keeper"
	listRounds = 5
	listSecret = sallyport.Secret("seven-purple-anvils-hum")
)

// measureLists fills a store and prints how long each page takes.
func measureLists(ctx context.Context, o options, out io.Writer, say func(string, ...any)) error {
	folder, err := os.MkdirTemp("", "sallyport-bench-")
	if err != nil {
		return fmt.Errorf("make a folder: %w", err)
	}
	defer os.RemoveAll(folder)
	l := &lists{users: o.users, tokens: o.tokens, folder: folder}
	say("a store with %d users and %d tokens", l.users, l.tokens)
	if err := l.open(ctx); err != nil {
		return err
	}
	defer func() { _ = l.node.Close(ctx) }()
	say("filled")
	return l.print(ctx, out)
}

// open makes an installation, fills it and signs in.
func (l *lists) open(ctx context.Context) error {
	key, err := token.NewMasterKey()
	if err != nil {
		return fmt.Errorf("make a master key: %w", err)
	}
	path := filepath.Join(l.folder, "lists.db")
	open := func() (*node.Node, error) {
		return node.Open(ctx, node.Config{
			StorageURL: sallyport.Secret("sqlite:" + path), MasterKey: key, Issuer: listSite, Log: slog.New(slog.DiscardHandler), Now: time.Now,
			ManagementAPI: admin.BuiltInAPI(), MaxStaleness: time.Hour,
		})
	}
	if l.node, err = open(); err != nil {
		return fmt.Errorf("open a node: %w", err)
	}
	if err := l.furnish(ctx); err != nil {
		return fmt.Errorf("begin an installation: %w", err)
	}
	if err := l.node.Close(ctx); err != nil {
		return fmt.Errorf("close a node: %w", err)
	}
	if err := l.fill(ctx, path); err != nil {
		return fmt.Errorf("fill the store: %w", err)
	}
	if l.node, err = open(); err != nil {
		return fmt.Errorf("open a node: %w", err)
	}
	tickets, err := token.NewSealer(token.SealSignIn, key)
	if err != nil {
		return fmt.Errorf("derive the key of sign-ins: %w", err)
	}
	l.pages, err = console.New(console.Config{
		Doors: l.node.Doors, Admin: l.node.Admin, Tickets: tickets, Cookie: listCookie, URL: listSite, Now: time.Now, Log: slog.New(slog.DiscardHandler),
		Node: l.node.ID(),
	})
	if err != nil {
		return fmt.Errorf("make the console: %w", err)
	}
	return l.signIn()
}

func (l *lists) furnish(ctx context.Context) error {
	system, a := admin.System("bench"), l.node.Admin
	keeper, err := a.FirstAdministrator(ctx, system, admin.NewUser{Login: listLogin, Password: listSecret, KeepPassword: true})
	if err != nil {
		return err
	}
	l.keeper = admin.Actor{Principal: sallyport.Principal{ID: keeper.ID}, CredentialKind: sallyport.Password}
	tenant, err := a.CreateTenant(ctx, system, admin.NewTenant{Name: "Plant North"})
	if err != nil {
		return err
	}
	group, err := a.CreateGroup(ctx, system, tenant.ID, admin.NewGroup{Name: "everybody"})
	if err != nil {
		return err
	}
	role, err := a.CreateRole(ctx, system, tenant.ID, admin.NewRole{Name: "reader", Permissions: []sallyport.Permission{admin.UsersRead}})
	l.tenant, l.group, l.role = tenant.ID, group.ID, role.ID
	return err
}

// What the store is filled with: users, of whom each hundredth is a service
// account and all are in the group and have the role; tokens of theirs in turn, and
// a twentieth as many API keys; and audit entries of theirs, a fifth as many.
const (
	listNumbers = `WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < ?1) `
	listUser    = `printf('00000000-0000-4000-8000-%012x', i)`

	fillUsers = listNumbers + `INSERT INTO users (id, tenant, kind, login, name, email, state, epoch, not_before, last_login, created, updated, version)
		SELECT ` + listUser + `, ?2, CASE WHEN i % 100 = 0 THEN 'service' ELSE 'person' END, printf('user-%07d', i), 'Somebody', '', 'active', 0, 0, 0, ?3 + i, ?3 + i, 1 FROM n`
	fillMembers  = listNumbers + `INSERT INTO member (user_group, principal, created) SELECT ?2, ` + listUser + `, ?3 FROM n`
	fillBindings = listNumbers + `INSERT INTO binding (id, tenant, subject_kind, subject, role, realm, condition, expires, state, created, updated, version)
		SELECT printf('00000000-0000-4002-8000-%012x', i), ?2, 'user', ` + listUser + `, ?4, '', '', 0, 'active', ?3 + i, ?3 + i, 1 FROM n`
	fillCredentials = `INSERT INTO credential (id, tenant, kind, owner, creator, name, hint, scopes, networks, state, expires, idle, uses, last_used,
			last_addr, last_via, created, renewed, updated, version) `
	fillTokens = listNumbers + fillCredentials + `SELECT printf('00000000-0000-4001-8000-%012x', i), '*',
		CASE WHEN (i % ?4) % 100 = 0 THEN 'application_token' ELSE 'personal_token' END, printf('00000000-0000-4000-8000-%012x', i % ?4), '',
		printf('token-%d', i), 'spp_…abcd', 'null', 'null', 'active', ?3 + 31536000000000 + i, 0, 41, ?3, '10.0.0.7', 'curl/8.14', ?3 + i, ?3 + i, ?3 + i, 1 FROM n`
	fillKeys = listNumbers + fillCredentials + `SELECT printf('00000000-0000-4003-8000-%012x', i), ?2, 'api_key', printf('00000000-0000-4003-8000-%012x', i), '',
		printf('key-%d', i), 'spk_…abcd', 'null', 'null', 'active', ?3 + 31536000000000 + i, 0, 41, ?3, '10.0.0.7', 'curl/8.14', ?3 + i, ?3 + i, ?3 + i, 1 FROM n`
	fillAudit = listNumbers + `INSERT INTO audit_entry (seq, at, tenant, actor_id, actor_name, actor_kind, action, target_kind, target_id, target_name, before,
			after, request_id, address, prev, hash)
		SELECT 1000 + i, ?3 + i, ?2, printf('00000000-0000-4000-8000-%012x', i % ?4), printf('user-%07d', i % ?4), 'user', 'token.create', 'token', '', '', '', '',
			'', '10.0.0.7', zeroblob(32), zeroblob(32) FROM n`
)

func (l *lists) fill(ctx context.Context, path string) error {
	db, err := sql.Open("sqlite", path+"?_pragma=journal_mode(OFF)&_pragma=synchronous(OFF)&_pragma=cache_size(-200000)")
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }()
	began := time.Now().AddDate(0, -1, 0).UnixMicro()
	for _, f := range []struct {
		query string
		args  []any
	}{
		{fillUsers, []any{l.users, string(l.tenant), began}},
		{fillMembers, []any{l.users, string(l.group), began}},
		{fillBindings, []any{l.users, string(l.tenant), began, string(l.role)}},
		{fillTokens, []any{l.tokens, string(l.tenant), began, l.users}},
		{fillKeys, []any{l.tokens / 20, string(l.tenant), began}},
		{fillAudit, []any{l.tokens / 5, string(l.tenant), began, l.users}},
	} {
		if _, err := db.ExecContext(ctx, f.query, f.args...); err != nil {
			return fmt.Errorf("%.60s: %w", f.query, err)
		}
	}
	return nil
}

func (l *lists) signIn() error {
	form := url.Values{"login": {listLogin}, "password": {listSecret.Reveal()}}
	r := httptest.NewRequest(http.MethodPost, listSite+console.Base+"/sign-in", strings.NewReader(form.Encode()))
	r.RequestURI = console.Base + "/sign-in"
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	answer := httptest.NewRecorder()
	l.pages.ServeHTTP(answer, r)
	for _, c := range answer.Result().Cookies() {
		if c.Name == listCookie {
			l.session = c.Value
			return nil
		}
	}
	return fmt.Errorf("signing in: status %d", answer.Code)
}

// get asks for a page, and returns it with how long that took.
func (l *lists) get(path string) (string, time.Duration, error) {
	r := httptest.NewRequest(http.MethodGet, listSite+path, http.NoBody)
	r.RequestURI = path
	r.Header.Set("Cookie", listCookie+"="+l.session)
	answer := httptest.NewRecorder()
	began := time.Now()
	l.pages.ServeHTTP(answer, r)
	took := time.Since(began)
	if answer.Code != http.StatusOK {
		return "", took, fmt.Errorf("%s: status %d", path, answer.Code)
	}
	return answer.Body.String(), took, nil
}

// A walker reads a part of a list.
type walker func(admin.Page) (next string, err error)

// nearEnd follows a list, in parts as large as there are, to the last one.
func nearEnd(read walker) (cursor string, err error) {
	for {
		next, err := read(admin.Page{Limit: 200, Cursor: cursor})
		if err != nil || next == "" {
			return cursor, err
		}
		cursor = next
	}
}

func walking[T any](list admin.List[T], err error) (string, error) { return list.Next, err }

func (l *lists) print(ctx context.Context, out io.Writer) error {
	a, as := l.node.Admin, l.keeper
	in := console.Base + "/access/" + string(l.tenant)
	last := fmt.Sprintf("user-%07d", l.users-1)
	someone := fmt.Sprintf("00000000-0000-4000-8000-%012x", l.users-1)
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "page\tfirst part, ms\tlast part, ms\tkB\t")
	for _, p := range []struct {
		name, path string
		read       walker // to its end; nil: only the first part is looked at
	}{
		{"users", in + "/users", func(p admin.Page) (string, error) { return walking(a.Users(ctx, as, l.tenant, store.UserFilter{}, p)) }},
		{"users, search", in + "/users?search=" + last[:len(last)-1], nil},
		{"users of the installation", console.Base + "/access/all/users", nil},
		{"users that are locked, of whom there are none", in + "/users?state=locked", nil},
		{"service accounts", in + "/services", func(p admin.Page) (string, error) {
			return walking(a.Users(ctx, as, l.tenant, store.UserFilter{Kind: sallyport.Service}, p))
		}},
		{"application tokens", in + "/applications", func(p admin.Page) (string, error) {
			return walking(a.Applications(ctx, as, l.tenant, sallyport.Active, "", p))
		}},
		{"members of a group", in + "/groups/" + string(l.group), func(p admin.Page) (string, error) { return walking(a.Members(ctx, as, l.tenant, l.group, p)) }},
		{"bindings", in + "/bindings", func(p admin.Page) (string, error) {
			return walking(a.Bindings(ctx, as, l.tenant, store.BindingFilter{}, p))
		}},
		{"bindings of a role", in + "/bindings?role=" + string(l.role), nil},
		{"a role and who has it", in + "/roles/" + string(l.role), nil},
		{"API keys", in + "/keys", func(p admin.Page) (string, error) { return walking(a.Keys(ctx, as, l.tenant, sallyport.Active, p)) }},
		{"API keys with those that are revoked", in + "/keys?show=all", nil},
		{"a user with his tokens", in + "/users/" + someone, nil},
		{"who can", in + "/who-can?permission=sallyport/users.read", nil},
		{"audit", console.Base + "/audit", nil},
		{"audit, of somebody", console.Base + "/audit?actor=" + last, nil},
		{"overview", console.Base + "/overview", nil},
	} {
		first, kilobytes, err := l.time(p.path)
		if err != nil {
			return err
		}
		end := "–"
		if p.read != nil {
			cursor, err := nearEnd(p.read)
			if err != nil {
				return fmt.Errorf("%s: %w", p.name, err)
			}
			if end, _, err = l.time(p.path + "?" + url.Values{"cursor": {cursor}}.Encode()); err != nil {
				return err
			}
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t\n", p.name, first, end, kilobytes)
	}
	return table.Flush()
}

// time asks for a page some times, and tells the median and the size.
func (l *lists) time(path string) (millis, kilobytes string, err error) {
	var took []float64
	size := 0
	for range listRounds {
		page, d, err := l.get(path)
		if err != nil {
			return "", "", err
		}
		took, size = append(took, float64(d.Microseconds())/1e3), cmp.Or(size, len(page))
	}
	return fmt.Sprintf("%.1f", median(took)), fmt.Sprintf("%.0f", float64(size)/1e3), nil
}
