package main

import (
	"context"
	"encoding/base64"
	"fmt"
	"log/slog"
	"path/filepath"
	"time"

	"github.com/google/uuid"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/admin"
	"github.com/sallyport/sallyport/internal/node"
	"github.com/sallyport/sallyport/internal/password"
	"github.com/sallyport/sallyport/internal/store"
	"github.com/sallyport/sallyport/internal/token"
)

// A size says how much is in an installation.
type size struct {
	Routes, Roles, Users, Tokens int
}

// A world is a running node with a filled store: what `sallyport serve` has
// behind its surfaces.
type world struct {
	size
	node   *node.Node
	master token.MasterKey
	url    sallyport.Secret
	users  []sallyport.PrincipalID // but for those with a password
	askers map[string][]asker      // by the kind of what they present
}

// An asker is somebody who presents a credential where it leads to something.
type asker struct {
	Path   string
	Header [2]string // name and value
}

// Kinds of askers: those that are let in, and those that are not.
const (
	byToken   = "personal token"
	byAccess  = "access token"
	bySession = "session cookie"
	byKey     = "API key"
	byBasic   = "Basic"

	noToken      = "unknown token"
	noPermission = "missing permission"
	noChecksum   = "mistyped token"
)

const (
	apiName       = sallyport.APIName("bench")
	basePath      = "/bench"
	sessionCookie = "sp_session"

	maxPermissions = 500
	perRole        = 50
	// ofOther is how many there are of each kind of asker but tokens.
	ofOther = 2000
	// inOneWrite is how many users, tokens or other credentials are written together; a
	// write has a limit of time, and machines are busy.
	inOneWrite = 1_000
	// inStore is how many users and tokens are written through the store; all others
	// are poured into its file.
	inStore = 10_000
	// mostRefused is how many tokens are also presented where they are not enough.
	mostRefused = 10_000
	// ofBasic is less, since each password takes 20 ms to hash.
	ofBasic = 8
)

// staleness is more than the default, since a busy machine may let more time pass
// between two looks at the change log.
const staleness = time.Minute

// newWorld makes an installation in a folder and opens it. The upstream may be
// empty if nothing will be forwarded.
func newWorld(ctx context.Context, folder string, s size, upstream string) (*world, error) {
	w := &world{size: s, askers: map[string][]asker{}}
	var err error
	if w.master, err = token.NewMasterKey(); err != nil {
		return nil, fmt.Errorf("make a master key: %w", err)
	}
	w.url = sallyport.Secret("sqlite:" + filepath.Join(folder, fmt.Sprintf("bench-%d.db", s.Routes)))
	if w.node, err = w.open(ctx, false); err != nil {
		return nil, err
	}
	if upstream == "" {
		upstream = "127.0.0.1:9" // the discard service; nothing goes there
	}
	if err := w.furnish(ctx, upstream); err != nil {
		return nil, fmt.Errorf("fill the store: %w", err)
	}
	some := min(w.Tokens, inStore)
	for first := 0; first < some; first += inOneWrite {
		if _, err := w.node.Store.Write(ctx, func(tx *store.Tx) error { return w.insertTokens(ctx, tx, first) }); err != nil {
			return nil, fmt.Errorf("fill the store: %w", err)
		}
	}
	if err := w.pour(ctx, min(w.Users, inStore), some); err != nil {
		return nil, fmt.Errorf("fill the store: %w", err)
	}
	if _, err := w.node.Doors.Apply(ctx); err != nil {
		return nil, fmt.Errorf("put the policy in force: %w", err)
	}
	return w, nil
}

// open opens a node of the installation.
func (w *world) open(ctx context.Context, untraced bool) (*node.Node, error) {
	n, err := node.Open(ctx, node.Config{
		StorageURL: w.url, MasterKey: w.master, Issuer: "http://sallyport.test", Log: slog.New(slog.DiscardHandler), Now: time.Now,
		ManagementAPI: admin.BuiltInAPI(), MaxStaleness: staleness, Untraced: untraced,
	})
	if err != nil {
		return nil, fmt.Errorf("open a node: %w", err)
	}
	return n, nil
}

// untraced returns the same world with a node that does not keep decisions.
func (w *world) untraced(ctx context.Context) (*world, error) {
	other := *w
	var err error
	other.node, err = w.open(ctx, true)
	return &other, err
}

// run keeps the node current in the background until the returned function is
// called.
func (w *world) run(ctx context.Context) (stop func() error) {
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		w.node.Run(ctx, time.Second)
	}()
	return func() error {
		cancel()
		<-done
		return w.node.Close(ctx)
	}
}

// newID returns a random UUID.
func newID() string { return uuid.NewString() }

// furnish writes everything that the askers need, and the askers but for most
// tokens.
func (w *world) furnish(ctx context.Context, upstream string) error {
	tenant := sallyport.Tenant{ID: sallyport.TenantID(newID()), Name: "bench", State: sallyport.Active}
	var roles []sallyport.RoleID
	_, err := w.node.Store.Write(ctx, func(tx *store.Tx) (err error) {
		if err := tx.InsertTenant(ctx, &tenant); err != nil {
			return err
		}
		if err := tx.InsertAPI(ctx, &store.APIDocument{API: w.api(upstream)}); err != nil {
			return err
		}
		roles, err = w.insertRoles(ctx, tx)
		return err
	})
	for first := 0; first < min(w.Users, inStore) && err == nil; first += inOneWrite {
		_, err = w.node.Store.Write(ctx, func(tx *store.Tx) error { return w.insertUsers(ctx, tx, tenant.ID, roles, first) })
	}
	if err != nil {
		return err
	}
	for first := 0; first < min(ofOther, w.Tokens) && err == nil; first += inOneWrite {
		_, err = w.node.Store.Write(ctx, func(tx *store.Tx) error { return w.insertOthers(ctx, tx, tenant.ID, roles, first) })
	}
	if err != nil {
		return err
	}
	_, err = w.node.Store.Write(ctx, func(tx *store.Tx) error {
		tx.Note(sallyport.ChangePolicy, "")
		return w.insertPasswords(ctx, tx, tenant.ID, roles)
	})
	return err
}

// insertUsers makes the users from this one on, as many as go into one write.
func (w *world) insertUsers(ctx context.Context, tx *store.Tx, tenant sallyport.TenantID, roles []sallyport.RoleID, first int) error {
	for i := first; i < min(first+inOneWrite, w.Users, inStore); i++ {
		id, err := insertUser(ctx, tx, tenant, fmt.Sprintf("user-%d", i), roles[i%w.Roles])
		if err != nil {
			return err
		}
		w.users = append(w.users, id)
	}
	return nil
}

// insertUser makes a user with a role.
func insertUser(ctx context.Context, tx *store.Tx, tenant sallyport.TenantID, login string, role sallyport.RoleID) (sallyport.PrincipalID, error) {
	user := sallyport.User{ID: sallyport.PrincipalID(newID()), Tenant: tenant, Kind: sallyport.Person, Login: login, State: sallyport.Active}
	if err := tx.InsertUser(ctx, &user); err != nil {
		return "", err
	}
	return user.ID, bind(ctx, tx, tenant, sallyport.SubjectUser, string(user.ID), role)
}

// permissions returns how many different permissions the routes need.
func (w *world) permissions() int { return min(w.Routes, maxPermissions) }

// api makes an API whose routes need one permission each. The names of the
// routes' segments are as alike as they are in a real API.
func (w *world) api(upstream string) sallyport.API {
	api := sallyport.API{
		Name: apiName, BasePath: basePath, Upstream: sallyport.Upstream{URL: "http://" + upstream},
		Accept: []sallyport.Accept{
			{In: sallyport.CarrierBearer},
			{In: sallyport.CarrierBasic},
			{In: sallyport.CarrierHeader, Name: "X-API-Key"},
			{In: sallyport.CarrierCookie, Name: sessionCookie, Kinds: []sallyport.CredentialKind{sallyport.Session}},
		},
		Tenant:      &sallyport.Selector{From: "header", Name: "X-Tenant-Id"},
		Permissions: []sallyport.PermissionSpec{{Name: "never"}},
		Scopes:      []sallyport.ScopeSpec{{Name: "use", Permissions: []string{"*"}}},
		Routes:      []sallyport.Route{{ID: "closed", Methods: []string{"GET"}, Path: "/v1/closed/{id}", AllOf: []string{"never"}}},
	}
	for i := range w.permissions() {
		api.Permissions = append(api.Permissions, sallyport.PermissionSpec{Name: fmt.Sprint("p", i)})
	}
	for i := range w.Routes {
		api.Routes = append(api.Routes, sallyport.Route{
			ID: fmt.Sprint("r", i), Methods: []string{"GET"}, Path: fmt.Sprintf("/v1/resource-%d/{id}/parts", i),
			AnyOf: []string{fmt.Sprint("p", i%w.permissions())},
		})
	}
	return api
}

// insertRoles makes the roles. The role i has the permission i among others.
func (w *world) insertRoles(ctx context.Context, tx *store.Tx) ([]sallyport.RoleID, error) {
	var ids []sallyport.RoleID
	for i := range w.Roles {
		role := sallyport.Role{ID: sallyport.RoleID(newID()), Tenant: sallyport.EveryTenant, Name: fmt.Sprintf("role %d", i)}
		for j := range min(perRole, w.permissions()) {
			role.Permissions = append(role.Permissions, sallyport.Permission(fmt.Sprintf("%s/p%d", apiName, (i+j)%w.permissions())))
		}
		if err := tx.InsertRole(ctx, &role); err != nil {
			return nil, err
		}
		ids = append(ids, role.ID)
	}
	return ids, nil
}

// pathFor returns a path of a route that the role with this number may use, not
// the same one for every asker.
func (w *world) pathFor(role, asker int) string {
	n := w.permissions()
	return fmt.Sprintf("%s/v1/resource-%d/7f3a%d/parts", basePath, role%n+n*(asker%(w.Routes/n)), asker)
}

func bind(ctx context.Context, tx *store.Tx, tenant sallyport.TenantID, kind sallyport.SubjectKind, subject string, role sallyport.RoleID) error {
	return tx.InsertBinding(ctx, &sallyport.Binding{
		ID: sallyport.BindingID(newID()), Tenant: tenant, SubjectKind: kind, Subject: subject, Role: role, State: sallyport.Active,
	})
}

// insertOthers makes the askers with a session, a key or an access token from this
// one on, as many as go into one write, and those whom nobody knows.
func (w *world) insertOthers(ctx context.Context, tx *store.Tx, tenant sallyport.TenantID, roles []sallyport.RoleID, first int) error {
	digester, err := w.digester()
	if err != nil {
		return err
	}
	insert := func(c sallyport.Credential) (string, error) { return insertCredential(ctx, tx, digester, c) }
	scopes := []string{string(apiName) + "/use"}
	for i := first; i < min(first+inOneWrite, ofOther, w.Tokens); i++ {
		user, path := i%w.Users, w.pathFor(i%w.Users%w.Roles, i)
		session, err := insert(sallyport.Credential{Kind: sallyport.Session, Owner: w.users[user], Name: "session"})
		if err != nil {
			return err
		}
		w.add(bySession, path, "Cookie", "lang=en; "+sessionCookie+"="+session)
		id := newID()
		key, err := insert(sallyport.Credential{
			ID: sallyport.CredentialID(id), Kind: sallyport.APIKey, Owner: sallyport.PrincipalID(id), Tenant: tenant, Name: fmt.Sprint("key", i),
		})
		if err != nil {
			return err
		}
		if err := bind(ctx, tx, tenant, sallyport.SubjectKey, id, roles[i%w.Roles]); err != nil {
			return err
		}
		w.add(byKey, w.pathFor(i%w.Roles, i), "X-Api-Key", key)
		access, err := w.accessToken(ctx, tx, w.users[user], scopes)
		if err != nil {
			return err
		}
		w.add(byAccess, path, "Authorization", "Bearer "+access)
		if err := w.addStrangers(path, session); err != nil {
			return err
		}
	}
	return nil
}

func (w *world) digester() (*token.Digester, error) {
	pepper, err := w.master.Pepper(1)
	if err != nil {
		return nil, err
	}
	return token.NewDigester(token.UseSecret, pepper)
}

// insertTokens makes the tokens from this one on, as many as go into one write.
func (w *world) insertTokens(ctx context.Context, tx *store.Tx, first int) error {
	digester, err := w.digester()
	if err != nil {
		return err
	}
	scopes := []string{string(apiName) + "/use"}
	for i := first; i < min(first+inOneWrite, w.Tokens); i++ {
		user := i % w.Users
		secret, err := insertCredential(ctx, tx, digester, sallyport.Credential{Kind: sallyport.PersonalToken, Owner: w.users[user], Name: fmt.Sprint("bench", i), Scopes: scopes})
		if err != nil {
			return err
		}
		w.addToken(i, secret)
	}
	return nil
}

// addToken adds the askers with a token.
func (w *world) addToken(i int, secret string) {
	w.add(byToken, w.pathFor(i%w.Users%w.Roles, i), "Authorization", "Bearer "+secret)
	if i < mostRefused {
		w.add(noPermission, basePath+"/v1/closed/1", "Authorization", "Bearer "+secret)
	}
}

func (w *world) add(kind, path, header, value string) {
	w.askers[kind] = append(w.askers[kind], asker{path, [2]string{header, value}})
}

func insertCredential(ctx context.Context, tx *store.Tx, d *token.Digester, c sallyport.Credential) (string, error) {
	minted, err := token.Mint(c.Kind)
	if err != nil {
		return "", err
	}
	secret := minted.Reveal()
	c.State, c.Hint = sallyport.Active, token.Hint(secret)
	if c.ID == "" {
		c.ID = sallyport.CredentialID(newID())
	}
	if c.Tenant == "" {
		c.Tenant = sallyport.EveryTenant
	}
	return secret, tx.InsertCredential(ctx, &c, &sallyport.CredentialSecret{Digest: d.Digest(secret), Pepper: d.Version(), Hint: c.Hint})
}

// accessLife is the longest that there is; a run takes less.
const accessLife = 15 * time.Minute

// accessToken signs one as the token endpoint does, for a sign-in of its own.
func (w *world) accessToken(ctx context.Context, tx *store.Tx, owner sallyport.PrincipalID, scopes []string) (string, error) {
	now := time.Now()
	family := store.Family{
		ID: sallyport.FamilyID(newID()), Tenant: sallyport.EveryTenant, Principal: owner, Client: "bench", API: apiName,
		State: sallyport.Active, Expires: now.Add(24 * time.Hour),
	}
	if err := tx.InsertFamily(ctx, &family); err != nil {
		return "", err
	}
	text, err := w.node.Doors.Keys().Sign(token.AccessJWT, "", token.Claims{
		Audience: []string{string(apiName)}, Issued: now, Expires: now.Add(accessLife), Subject: owner,
		Client: family.Client, Session: family.ID, Scopes: scopes,
	})
	return text.Reveal(), err
}

// addStrangers adds those whom nobody knows.
func (w *world) addStrangers(path, secret string) error {
	unknown, err := token.Mint(sallyport.PersonalToken)
	if err != nil {
		return err
	}
	w.add(noToken, path, "Authorization", "Bearer "+unknown.Reveal())
	w.add(noChecksum, path, "Authorization", "Bearer "+tamper(secret))
	return nil
}

// tamper changes the last character of a secret.
func tamper(secret string) string {
	last := byte('0')
	if secret[len(secret)-1] == last {
		last = '1'
	}
	return secret[:len(secret)-1] + string(last)
}

// insertPasswords makes the askers with a password. They are users of their own:
// setting a password ends older access tokens.
func (w *world) insertPasswords(ctx context.Context, tx *store.Tx, tenant sallyport.TenantID, roles []sallyport.RoleID) error {
	hasher, err := password.NewHasher(password.DefaultParams(), password.NewGate(1, 1))
	if err != nil {
		return err
	}
	for i := range ofBasic {
		login, secret := fmt.Sprintf("basic-%d", i), newID()
		id, err := insertUser(ctx, tx, tenant, login, roles[i%w.Roles])
		if err != nil {
			return err
		}
		hash, err := hasher.Hash(ctx, secret)
		if err != nil {
			return err
		}
		if err := tx.SetPassword(ctx, tenant, id, sallyport.Secret(hash), false); err != nil {
			return err
		}
		pair := base64.StdEncoding.EncodeToString([]byte(login + ":" + secret))
		w.add(byBasic, w.pathFor(i%w.Roles, i), "Authorization", "Basic "+pair)
	}
	return nil
}
