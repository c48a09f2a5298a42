package admin_test

import (
	"net/netip"
	"testing"
	"time"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/admin"
	"github.com/sallyport/sallyport/internal/admin/admintest"
	"github.com/sallyport/sallyport/internal/store"
	"github.com/sallyport/sallyport/internal/token"
)

// field returns the field that an error is about.
func field(err error) string {
	if list := admin.Faults(err); len(list) > 0 {
		return list[0].Field
	}
	return ""
}

func TestTokenInput(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	alice := admintest.As(s.user)
	now := s.Clock.Now()
	long := make([]rune, 101)
	for i := range long {
		long[i] = 'é'
	}
	for name, tt := range map[string]struct {
		in    admin.NewToken
		field string // empty: accepted
	}{
		"plain":            {admin.NewToken{Name: "laptop"}, ""},
		"html":             {admin.NewToken{Name: "<script>alert(1)</script>"}, ""}, // who shows it escapes it
		"100 characters":   {admin.NewToken{Name: string(long[:100])}, ""},
		"101 characters":   {admin.NewToken{Name: string(long)}, "name"},
		"no name":          {admin.NewToken{}, "name"},
		"line break":       {admin.NewToken{Name: "a\r\nb"}, "name"},
		"escape sequence":  {admin.NewToken{Name: "a\x1b[31mb"}, "name"},
		"right-to-left":    {admin.NewToken{Name: "a\u202eb"}, "name"},
		"space at the end": {admin.NewToken{Name: "a "}, "name"},
		"not UTF-8":        {admin.NewToken{Name: "a\xff"}, "name"},
		"one scope":        {admin.NewToken{Name: "x", Scopes: []string{"orders/read"}}, ""},
		"all of an API":    {admin.NewToken{Name: "x", Scopes: []string{"orders"}}, ""},
		"no scope at all":  {admin.NewToken{Name: "x", Scopes: []string{}}, "scopes"},
		"two in one":       {admin.NewToken{Name: "x", Scopes: []string{"orders/read orders/write"}}, "scopes[0]"},
		"upper case":       {admin.NewToken{Name: "x", Scopes: []string{"orders/read", "ORDERS/READ"}}, "scopes[1]"},
		"wildcard":         {admin.NewToken{Name: "x", Scopes: []string{"orders/*"}}, "scopes[0]"},
		"NUL":              {admin.NewToken{Name: "x", Scopes: []string{"orders/read\x00"}}, "scopes[0]"},
		"twice":            {admin.NewToken{Name: "x", Scopes: []string{"orders/read", "orders/read"}}, "scopes[1]"},
		"unknown API":      {admin.NewToken{Name: "x", Scopes: []string{"nowhere/read"}}, "scopes[0]"},
		"empty scope":      {admin.NewToken{Name: "x", Scopes: []string{""}}, "scopes[0]"},
		"a network":        {admin.NewToken{Name: "x", Networks: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}}, ""},
		"bits below":       {admin.NewToken{Name: "x", Networks: []netip.Prefix{netip.MustParsePrefix("10.1.2.3/8")}}, "networks[0]"},
		"no network":       {admin.NewToken{Name: "x", Networks: []netip.Prefix{{}}}, "networks[0]"},
		"mapped":           {admin.NewToken{Name: "x", Networks: []netip.Prefix{netip.MustParsePrefix("::ffff:10.0.0.0/104")}}, "networks[0]"},
		"in the past":      {admin.NewToken{Name: "x", Expires: now.Add(-time.Second)}, "expires"},
		"now":              {admin.NewToken{Name: "x", Expires: now}, "expires"},
		"soon":             {admin.NewToken{Name: "x", Expires: now.Add(time.Microsecond)}, ""},
		"own tenant":       {admin.NewToken{Name: "x", Tenant: s.in}, ""},
		"another tenant":   {admin.NewToken{Name: "x", Tenant: s.T2.ID}, "tenant"},
		"unknown tenant":   {admin.NewToken{Name: "x", Tenant: "5a11f0e7-0000-4000-8000-00000000ffff"}, "tenant"},
		"number":           {admin.NewToken{Name: "x", Shape: admin.ShapeNumber}, ""},
		"unknown shape":    {admin.NewToken{Name: "x", Shape: "round"}, "shape"},
	} {
		issued, err := s.CreateToken(s.ctx, alice, tt.in)
		switch {
		case tt.field == "" && err != nil:
			t.Errorf("%s: %v", name, err)
		case tt.field != "" && (sallyport.KindOf(err) != sallyport.Invalid || field(err) != tt.field):
			t.Errorf("%s: err = %v of field %q, want invalid %s", name, err, field(err), tt.field)
		case tt.field != "" && issued.Secret != "":
			t.Errorf("%s: refused with a secret", name)
		}
	}
}

func TestTokenAge(t *testing.T) {
	t.Parallel()
	const day = 24 * time.Hour
	for name, tt := range map[string]struct {
		policy sallyport.TenantPolicy
		asked  time.Duration // 0: none
		want   time.Duration // 0: never, -1: refused
	}{
		"no policy":        {sallyport.TenantPolicy{}, 0, 0},
		"as asked":         {sallyport.TenantPolicy{}, 1000 * day, 1000 * day},
		"default":          {sallyport.TenantPolicy{TokenDefaultAge: day}, 0, day},
		"default and more": {sallyport.TenantPolicy{TokenDefaultAge: day}, 2 * day, 2 * day},
		"maximum":          {sallyport.TenantPolicy{TokenMaxAge: day}, 0, day},
		"at the maximum":   {sallyport.TenantPolicy{TokenMaxAge: day}, day, day},
		"over the maximum": {sallyport.TenantPolicy{TokenMaxAge: day}, day + time.Second, -1},
	} {
		s := newScene(t)
		must(s.UpdateTenant(s.ctx, s.Root, s.in, anyVersion, admin.TenantChange{Policy: &tt.policy}))
		in := admin.NewToken{Name: "x"}
		if tt.asked != 0 {
			in.Expires = s.Clock.Now().Add(tt.asked)
		}
		issued, err := s.CreateToken(s.ctx, admintest.As(s.user), in)
		if tt.want < 0 {
			if field(err) != "expires" {
				t.Errorf("%s: err = %v, want it refused", name, err)
			}
			continue
		}
		want := time.Time{}
		if tt.want > 0 {
			want = s.Clock.Now().Add(tt.want)
		}
		if got := issued.Credential.Expires; err != nil || !got.Equal(want) {
			t.Errorf("%s: expires %v, %v; want %v", name, got, err, want)
		}
		if tt.want == 0 {
			continue
		}
		// Nor can it be prolonged beyond it later.
		far := s.Clock.Now().Add(10_000 * day)
		_, err = s.UpdateToken(s.ctx, admintest.As(s.user), issued.Credential.ID, anyVersion, admin.TokenChange{Expires: &far})
		if refused := field(err) == "expires"; refused != (tt.policy.TokenMaxAge > 0) {
			t.Errorf("%s: prolong: %v", name, err)
		}
	}
}

// works reports whether a secret finds its credential and is in time.
func works(s *scene, secret sallyport.Secret) bool {
	c, r, err := s.Store.CredentialByDigest(s.ctx, s.Secrets.Digest(secret.Reveal()))
	return err == nil && c.State == sallyport.Active && (r.Expires.IsZero() || r.Expires.After(s.Clock.Now()))
}

func TestRenewToken(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	alice := admintest.As(s.user)
	first := must(s.CreateToken(s.ctx, alice, admin.NewToken{Name: "x", Scopes: []string{"orders/read"}}))
	if kind, ok := token.Inspect(first.Secret.Reveal()); !ok || kind != sallyport.PersonalToken {
		t.Errorf("the secret is of kind %q", kind)
	}
	second := must(s.RenewToken(s.ctx, alice, first.Credential.ID, first.Credential.Version, time.Hour))
	if !works(s, first.Secret) || !works(s, second.Secret) {
		t.Error("during the overlap both must work")
	}
	if got := second.Credential; got.ID != first.Credential.ID || got.Name != "x" || len(got.Scopes) != 1 || got.Version == first.Credential.Version {
		t.Errorf("renewed to %+v", got.ID)
	}
	if list := must(s.TokenSecrets(s.ctx, alice, first.Credential.ID)); len(list) != 2 || list[0].Hint == "" {
		t.Errorf("secrets = %+v, want two", list)
	}
	s.Clock.Advance(time.Hour)
	if works(s, first.Secret) || !works(s, second.Secret) {
		t.Error("after the overlap the new one alone must work")
	}
	third := must(s.RenewToken(s.ctx, alice, first.Credential.ID, anyVersion, 0))
	if works(s, second.Secret) || !works(s, third.Secret) {
		t.Error("without overlap the new one alone must work")
	}
	if _, err := s.RenewToken(s.ctx, alice, first.Credential.ID, first.Credential.Version, 0); sallyport.KindOf(err) != sallyport.Changed {
		t.Errorf("with an old version: %v", err)
	}
	if _, err := s.RenewToken(s.ctx, alice, first.Credential.ID, anyVersion, 31*24*time.Hour); field(err) != "overlap" {
		t.Errorf("overlap of 31 days: %v", err)
	}
	if err := s.RevokeToken(s.ctx, alice, first.Credential.ID, anyVersion); err != nil {
		t.Fatal(err)
	}
	if _, err := s.RenewToken(s.ctx, alice, first.Credential.ID, anyVersion, 0); sallyport.KindOf(err) != sallyport.Conflict {
		t.Errorf("renew a revoked token: %v", err)
	}
	if works(s, third.Secret) {
		t.Error("a revoked token works")
	}
}

// TestTokensOfOthers has one person meet the tokens of another.
func TestTokensOfOthers(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	mallory := s.Person(s.in)
	helper := s.Person(s.in, admin.TokensRead, admin.TokensWrite, admin.TokensRevoke)
	name := "x"
	for who, a := range map[string]admin.Actor{"a stranger": mallory, "a helper": helper} {
		for what, err := range map[string]error{
			"renew":  tell(s.RenewToken(s.ctx, a, s.token.ID, anyVersion, 0)),
			"update": tell(s.UpdateToken(s.ctx, a, s.token.ID, anyVersion, admin.TokenChange{Name: &name})),
		} {
			if err == nil {
				t.Errorf("%s can %s a personal token of somebody else", who, what)
			}
		}
	}
	if _, err := s.CreateApplicationToken(s.ctx, helper, s.in, s.user.ID, admin.NewToken{Name: "x"}); field(err) != "owner" {
		t.Errorf("a token in the name of a person: %v", err)
	}
	// Ids of other kinds of credential are no tokens.
	for _, id := range []sallyport.CredentialID{s.key.ID, s.session.ID, "5a11f0e7-0000-4000-8000-00000000ffff", ""} {
		if _, err := s.Token(s.ctx, s.Root, id); sallyport.KindOf(err) != sallyport.NotFound {
			t.Errorf("Token(%s): %v, want not found", id, err)
		}
	}
	if list := must(s.Tokens(s.ctx, helper, s.in, admin.TokenFilter{Owner: s.user.ID}, admin.Page{})); len(list.Items) != 1 {
		t.Errorf("%d tokens of the user, want 1", len(list.Items))
	}
	if err := s.RevokeToken(s.ctx, helper, s.token.ID, anyVersion); err != nil {
		t.Errorf("revoke with tokens.revoke: %v", err)
	}
}

func TestAdoptSecret(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	const chosen = "_P__VGhlcmUtaXMtbm8tc2VjcmV0"
	if err := s.AdoptSecret(s.ctx, s.Root, s.app.ID, chosen); err != nil {
		t.Fatal(err)
	}
	if !works(s, chosen) {
		t.Error("the adopted secret does not work")
	}
	mine := must(s.CreateToken(s.ctx, admintest.As(s.user), admin.NewToken{Name: "x"}))
	for name, tt := range map[string]struct {
		secret sallyport.Secret
		kind   sallyport.Kind
	}{
		"somebody has it":   {chosen, sallyport.Conflict}, // AK-01
		"too short":         {"short", sallyport.Invalid},
		"a space":           {"a secret with spaces in it", sallyport.Invalid},
		"not ASCII":         {"geheimnis-äöü-geheimnis", sallyport.Invalid},
		"unresolved":        {"$secret://vault/orchestrator", sallyport.Invalid}, // AK-02
		"unresolved braces": {"${ORCHESTRATOR_API_KEY}", sallyport.Invalid},
		"of another kind":   {mine.Secret, sallyport.Invalid},
		"broken checksum":   {"spk_000000000000000000000000000000000000", sallyport.Invalid},
	} {
		if err := s.AdoptSecret(s.ctx, s.Root, s.key.ID, tt.secret); sallyport.KindOf(err) != tt.kind {
			t.Errorf("%s: %v, want kind %d", name, err, tt.kind)
		}
	}
	for name, tt := range map[string]struct {
		secret sallyport.Secret
		kind   sallyport.Kind
	}{
		"somebody has it": {chosen, sallyport.Conflict},
		"too short":       {"short", sallyport.Invalid},
	} {
		if _, err := s.CreateKey(s.ctx, s.Root, s.in, admin.NewKey{Name: "new", Secret: tt.secret}); sallyport.KindOf(err) != tt.kind || field(err) != "secret" {
			t.Errorf("a new key, %s: %v, want kind %d", name, err, tt.kind)
		}
	}
	const known = "clients-have-this-already"
	if issued := must(s.CreateKey(s.ctx, s.Root, s.in, admin.NewKey{Name: "new", Secret: known})); issued.Secret != "" || !works(s, known) {
		t.Error("a new key does not have the secret that it was given, or repeats it")
	}
	if err := s.AdoptSecret(s.ctx, s.Root, s.session.ID, "a-secret-for-a-session"); sallyport.KindOf(err) != sallyport.NotFound {
		t.Errorf("a session: %v", err)
	}
}

func TestKeys(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	issued := must(s.CreateKey(s.ctx, s.Root, s.in, admin.NewKey{Name: "robot", Roles: []admin.KeyRole{{Role: s.role.ID, Realm: "north"}}}))
	c := issued.Credential
	if string(c.Owner) != string(c.ID) || c.Tenant != s.in || c.Creator != s.Root.Principal.ID {
		t.Errorf("key %+v", c)
	}
	bindings := must(s.Bindings(s.ctx, s.Root, s.in, store.BindingFilter{Subject: string(c.ID)}, admin.Page{})).Items
	if len(bindings) != 1 || bindings[0].SubjectKind != sallyport.SubjectKey || bindings[0].Realm != "north" {
		t.Errorf("bindings %+v", bindings)
	}
	for name, tt := range map[string]struct {
		tenant sallyport.TenantID
		in     admin.NewKey
		field  string
		kind   sallyport.Kind
	}{
		"same name":     {s.in, admin.NewKey{Name: "robot"}, "name", sallyport.Conflict},
		"every tenant":  {sallyport.EveryTenant, admin.NewKey{Name: "x"}, "tenant", sallyport.Invalid},
		"unknown role":  {s.in, admin.NewKey{Name: "x", Roles: []admin.KeyRole{{Role: s.role.ID}, {Role: "nope"}}}, "roles[1].role", sallyport.Invalid},
		"foreign role":  {s.T2.ID, admin.NewKey{Name: "x", Roles: []admin.KeyRole{{Role: s.role.ID}}}, "roles[0].role", sallyport.Invalid},
		"same role":     {s.in, admin.NewKey{Name: "x", Roles: []admin.KeyRole{{Role: s.role.ID}, {Role: s.role.ID}}}, "roles[1].role", sallyport.Conflict},
		"bad condition": {s.in, admin.NewKey{Name: "x", Roles: []admin.KeyRole{{Role: s.role.ID, Condition: "1 +"}}}, "roles[0].condition", sallyport.Invalid},
		"expired":       {s.in, admin.NewKey{Name: "x", Expires: s.Clock.Now()}, "expires", sallyport.Invalid},
		"unknown scope": {s.in, admin.NewKey{Name: "x", Scopes: []string{"nope"}}, "scopes[0]", sallyport.Invalid},
	} {
		if _, err := s.CreateKey(s.ctx, s.Root, tt.tenant, tt.in); sallyport.KindOf(err) != tt.kind || field(err) != tt.field {
			t.Errorf("%s: %v of %q, want kind %d of %s", name, err, field(err), tt.kind, tt.field)
		}
	}
	must(s.CreateKey(s.ctx, s.Root, s.T2.ID, admin.NewKey{Name: "robot"})) // unique in a tenant only
	if err := s.RevokeKey(s.ctx, s.Root, s.in, c.ID, c.Version); err != nil {
		t.Fatal(err)
	}
	must(s.CreateKey(s.ctx, s.Root, s.in, admin.NewKey{Name: "robot"})) // the name is free again
	// A key acts in its own name, and a revoked one not at all.
	worker := must(s.CreateKey(s.ctx, s.Root, s.in, admin.NewKey{Name: "worker", Roles: []admin.KeyRole{{Role: s.MakeRole(s.in, admin.UsersRead).ID}}})).Credential
	a := admintest.With(admin.Actor{Principal: sallyport.Principal{ID: worker.Owner}}, worker)
	if _, err := s.Users(s.ctx, a, s.in, store.UserFilter{}, admin.Page{}); err != nil {
		t.Errorf("the key lists users: %v", err)
	}
	if _, err := s.CreateToken(s.ctx, a, admin.NewToken{Name: "x"}); sallyport.KindOf(err) != sallyport.Conflict {
		t.Errorf("the key makes a token: %v", err)
	}
	if err := s.RevokeKey(s.ctx, s.Root, s.in, worker.ID, anyVersion); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Users(s.ctx, a, s.in, store.UserFilter{}, admin.Page{}); sallyport.KindOf(err) != sallyport.Refused {
		t.Errorf("the revoked key lists users: %v", err)
	}
}

// TestOnce repeats each way to make something with the same key.
func TestOnce(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	a := s.Root
	with := func(key string, request byte) admin.Actor {
		b := a
		b.Once = &admin.Once{Key: key, Request: [32]byte{request}}
		return b
	}
	for name, create := range map[string]func(a admin.Actor) (string, error){
		"tenant": func(a admin.Actor) (string, error) {
			v, err := s.CreateTenant(s.ctx, a, admin.NewTenant{Name: "once"})
			return string(v.ID), err
		},
		"realm": func(a admin.Actor) (string, error) {
			v, err := s.CreateRealm(s.ctx, a, s.in, admin.NewRealm{Name: "once"})
			return v.Name, err
		},
		"user": func(a admin.Actor) (string, error) {
			v, err := s.CreateUser(s.ctx, a, s.in, admin.NewUser{Login: "once"})
			return string(v.ID), err
		},
		"group": func(a admin.Actor) (string, error) {
			v, err := s.CreateGroup(s.ctx, a, s.in, admin.NewGroup{Name: "once"})
			return string(v.ID), err
		},
		"role": func(a admin.Actor) (string, error) {
			v, err := s.CreateRole(s.ctx, a, s.in, admin.NewRole{Name: "once"})
			return string(v.ID), err
		},
		"binding": func(a admin.Actor) (string, error) {
			v, err := s.CreateBinding(s.ctx, a, s.in, admin.NewBinding{SubjectKind: sallyport.SubjectUser, Subject: string(s.user.ID), Role: s.role.ID})
			return string(v.ID), err
		},
		"API": func(a admin.Actor) (string, error) {
			v, err := s.CreateAPI(s.ctx, a, sallyport.API{Name: "once", BasePath: "/once"})
			return string(v.API.Name), err
		},
	} {
		id, err := create(with(name, 1))
		if err != nil || id == "" {
			t.Errorf("%s: %v", name, err)
			continue
		}
		revision, seq := state(s)
		if again, err := create(with(name, 1)); err != nil || again != id {
			t.Errorf("%s again: %q, %v; want %q", name, again, err, id)
		}
		if r, n := state(s); r != revision || n != seq {
			t.Errorf("%s again: something has changed", name)
		}
		if _, err := create(with(name, 2)); sallyport.KindOf(err) != sallyport.Conflict || field(err) != "Idempotency-Key" {
			t.Errorf("%s with another request: %v", name, err)
		}
	}
	for name, create := range map[string]func(a admin.Actor) (admin.Issued, error){
		"token": func(a admin.Actor) (admin.Issued, error) {
			return s.CreateToken(s.ctx, a, admin.NewToken{Name: "once"})
		},
		"application-token": func(a admin.Actor) (admin.Issued, error) {
			return s.CreateApplicationToken(s.ctx, a, s.in, s.svc.ID, admin.NewToken{Name: "once"})
		},
		"key": func(a admin.Actor) (admin.Issued, error) {
			return s.CreateKey(s.ctx, a, s.in, admin.NewKey{Name: "once"})
		},
	} {
		first, err := create(with(name, 1))
		if err != nil || first.Secret == "" || first.Replayed {
			t.Fatalf("%s: %v", name, err)
		}
		second, err := create(with(name, 1))
		if err != nil || second.Credential.ID != first.Credential.ID || second.Secret != "" || !second.Replayed {
			t.Errorf("%s again: replayed %v, secret shown %v, %v", name, second.Replayed, second.Secret != "", err)
		}
	}
	for _, key := range []string{"", "a b", "a\n", "é", string(make([]byte, 129))} {
		if _, err := s.CreateGroup(s.ctx, with(key, 1), s.in, admin.NewGroup{Name: "x"}); field(err) != "Idempotency-Key" {
			t.Errorf("key %q: %v", key, err)
		}
	}
	// The key of somebody else is another one.
	other := s.Person(s.in, admin.GroupsWrite)
	other.Once = &admin.Once{Key: "group", Request: [32]byte{9}}
	if _, err := s.CreateGroup(s.ctx, other, s.in, admin.NewGroup{Name: "other"}); err != nil {
		t.Errorf("the same key of another principal: %v", err)
	}
	// A refused request does not use up its key.
	poor := s.Person(s.in)
	poor.Once = &admin.Once{Key: "k", Request: [32]byte{1}}
	if _, err := s.CreateGroup(s.ctx, poor, s.in, admin.NewGroup{Name: "later"}); sallyport.KindOf(err) != sallyport.Refused {
		t.Fatal(err)
	}
	s.Give(poor.Principal.ID, s.in, admin.GroupsWrite)
	if _, err := s.CreateGroup(s.ctx, poor, s.in, admin.NewGroup{Name: "later"}); err != nil {
		t.Errorf("after the right was given: %v", err)
	}
}
