package main

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/api"
	"github.com/sallyport/sallyport/client"
	"github.com/sallyport/sallyport/internal/foreign"
	"github.com/sallyport/sallyport/internal/password"
)

func newImport() *cobra.Command {
	var tenant tenantFlag
	var dry bool
	c := leaf(&cobra.Command{
		Use: "import FORMAT FILE", Short: "Take over users, groups, roles and keys from another system",
		Long: `Take over users, groups, roles and keys from another system into a tenant. FORMAT is one of
  csv        a table: login, name, email, kind, state, password_hash or password, groups, roles
  htpasswd   bcrypt, SHA and apr1
  itop       users with their profiles, as CSV or XML
  keycloak   a realm export: users with pbkdf2 and argon2 passwords, roles, groups
  kong       declarative YAML: consumers with keys, passwords and groups

Nobody needs a new secret: hashes of passwords go on being good and are replaced by better
ones when they are first used, and API keys keep the secrets that clients have. Roles come
without permissions: give each what it means here with sallyport role update.

Each user and key is made whole, with its groups, roles and state, or not at all. What is there
already stays as it is. So an import that was broken off leaves nothing half made, and doing it
again makes the rest. What could not be carried over is told at the end.`,
		Example: `  sallyport import htpasswd users.htpasswd --tenant DemoTenant5 --dry-run
  sallyport import kong kong.yaml --tenant DemoTenant5
  sallyport import keycloak realm-export.json --tenant acme_3 -o json`,
		Args: needs("FORMAT", "FILE"),
		RunE: managed(func(ctx context.Context, m *manager, args []string) error {
			data, shown, err := readInput(m.in, args[1], foreign.MaxSize)
			if err != nil {
				return err
			}
			haul, err := foreign.Read(args[0], data)
			if err != nil {
				return fmt.Errorf("%s: %w", shown, err)
			}
			in, err := m.within(ctx, tenant)
			if err != nil {
				return err
			}
			i := &importer{manager: m, tenant: in, dry: dry, report: importReport{Made: []importedThing{}, Lost: []importLoss{}}}
			if err := i.run(ctx, haul); err != nil {
				return err
			}
			return i.tell()
		}),
	})
	tenant.add(c, usageTenant)
	c.Flags().BoolVar(&dry, "dry-run", false, "only tell what would be made, and what could not be carried over")
	return c
}

// An importReport is what became of an import.
type importReport struct {
	DryRun bool            `json:"dry_run,omitempty"`
	Made   []importedThing `json:"made"`
	There  int             `json:"there"` // were there already
	Lost   []importLoss    `json:"lost"`
}

type importedThing struct {
	Kind string `json:"kind"`
	Name string `json:"name"`
}

type importLoss struct {
	What string `json:"what"`
	Why  string `json:"why"`
}

// An importer carries an import out.
type importer struct {
	*manager
	tenant sallyport.TenantID
	dry    bool
	report importReport

	roles  map[string]sallyport.RoleID
	groups map[string]sallyport.GroupID
	users  map[string]sallyport.PrincipalID
	keys   map[string]bool
	hasher *password.Hasher
}

func (i *importer) run(ctx context.Context, haul *foreign.Haul) error {
	if err := i.look(ctx); err != nil {
		return err
	}
	for _, l := range haul.Lost {
		i.lose(l.What, l.Why)
	}
	for _, r := range haul.Roles {
		if err := i.role(ctx, r); err != nil {
			return err
		}
	}
	for _, name := range haul.Groups {
		if err := i.group(ctx, name); err != nil {
			return err
		}
	}
	for n := range haul.Users {
		if err := i.user(ctx, &haul.Users[n]); err != nil {
			return err
		}
	}
	for n := range haul.Keys {
		if err := i.key(ctx, &haul.Keys[n]); err != nil {
			return err
		}
	}
	return nil
}

// look reads what is there.
func (i *importer) look(ctx context.Context) (err error) {
	i.roles, err = byName(i.Roles(i.tenant).All(ctx, api.Search{}), func(r api.Role) (string, sallyport.RoleID) { return r.Name, r.ID })
	if err != nil {
		return err
	}
	i.groups, err = byName(i.Groups(i.tenant).All(ctx, api.Search{}), func(g api.Group) (string, sallyport.GroupID) { return g.Name, g.ID })
	if err != nil {
		return err
	}
	i.users, err = byName(i.Users(i.tenant).All(ctx, api.UserFilter{}), func(u api.User) (string, sallyport.PrincipalID) { return u.Login, u.ID })
	if err != nil {
		return err
	}
	i.keys, err = byName(i.Keys(i.tenant).All(ctx, api.StateFilter{State: sallyport.Active}), func(k api.Credential) (string, bool) { return k.Name, true })
	return err
}

func byName[T, V any](all iter.Seq2[T, error], of func(T) (string, V)) (map[string]V, error) {
	m := map[string]V{}
	for item, err := range all {
		if err != nil {
			return nil, err
		}
		name, v := of(item)
		m[name] = v
	}
	return m, nil
}

func (i *importer) made(kind, name string) {
	i.report.Made = append(i.report.Made, importedThing{kind, name})
}

func (i *importer) lose(what, why string) {
	i.report.Lost = append(i.report.Lost, importLoss{what, why})
}

// refused notes what the server would not take; other failures end the import.
func (i *importer) refused(what string, err error) error {
	e, ok := errors.AsType[*client.Error](err)
	if !ok || e.Status != http.StatusUnprocessableEntity && e.Status != http.StatusConflict && e.Status != http.StatusBadRequest {
		return err
	}
	why := e.Detail
	if len(e.Fields) > 0 {
		why = e.Fields[0].Message
	}
	i.lose(what, why)
	return nil
}

func (i *importer) role(ctx context.Context, r foreign.Role) error {
	if _, there := i.roles[r.Name]; there {
		i.report.There++
		return nil
	}
	if !i.dry {
		made, err := i.Roles(i.tenant).Create(ctx, api.NewRole{Name: r.Name, Title: r.Title, Permissions: []sallyport.Permission{}})
		if err != nil {
			return i.refused(fmt.Sprintf("role %q", r.Name), err)
		}
		i.roles[r.Name] = made.ID
	}
	i.made("role", r.Name)
	return nil
}

func (i *importer) group(ctx context.Context, name string) error {
	if _, there := i.groups[name]; there {
		i.report.There++
		return nil
	}
	if !i.dry {
		made, err := i.Groups(i.tenant).Create(ctx, api.NewGroup{Name: name})
		if err != nil {
			return i.refused(fmt.Sprintf("group %q", name), err)
		}
		i.groups[name] = made.ID
	}
	i.made("group", name)
	return nil
}

func (i *importer) user(ctx context.Context, u *foreign.User) error {
	login := strings.ToLower(u.Login)
	if _, there := i.users[login]; there {
		i.report.There++
		return nil
	}
	what := fmt.Sprintf("user %q", u.Login)
	if u.Hash != "" {
		if err := password.CheckHash(u.Hash.Reveal()); err != nil {
			i.lose(what, "has a password that cannot be carried over: "+err.Error()+"; give the user a new one")
			u.Hash = ""
		}
	}
	if i.dry {
		i.made("user", login)
		return nil
	}
	hash, err := i.hash(ctx, u)
	if err != nil {
		return err
	}
	in := api.NewUser{Kind: u.Kind, Login: u.Login, Name: u.Name, Email: u.Email, PasswordHash: hash, KeepPassword: true}
	// A name that is not known was told of already.
	for _, name := range u.Groups {
		if id, ok := i.groups[name]; ok {
			in.Groups = append(in.Groups, id)
		}
	}
	for _, name := range u.Roles {
		if id, ok := i.roles[name]; ok {
			in.Roles = append(in.Roles, id)
		}
	}
	if u.Disabled {
		in.State = sallyport.Deactivated
	}
	made, err := i.Users(i.tenant).Create(ctx, in)
	if err != nil {
		return i.refused(what, err)
	}
	i.users[login] = made.ID
	i.made("user", made.Login)
	return nil
}

// hash returns the hash that a user begins with. A password that the file has
// itself is hashed here: whether it would be a good new one does not matter.
func (i *importer) hash(ctx context.Context, u *foreign.User) (api.Secret, error) {
	if u.Plain == "" {
		return api.Secret(u.Hash.Reveal()), nil
	}
	if i.hasher == nil {
		h, err := password.NewHasher(password.DefaultParams(), password.NewGate(1, 1))
		if err != nil {
			return "", fmt.Errorf("prepare to hash passwords: %w", err)
		}
		i.hasher = h
	}
	hash, err := i.hasher.Hash(ctx, u.Plain.Reveal())
	if err != nil {
		return "", fmt.Errorf("hash the password of %q: %w", u.Login, err)
	}
	return api.Secret(hash), nil
}

func (i *importer) key(ctx context.Context, k *foreign.Key) error {
	if i.keys[k.Name] {
		i.report.There++
		return nil
	}
	what := fmt.Sprintf("key %q", k.Name)
	if i.dry {
		i.made("key", k.Name)
		return nil
	}
	in := api.NewKey{Name: k.Name, Secret: api.Secret(k.Secret.Reveal())}
	for _, name := range k.Roles {
		if id, ok := i.roles[name]; ok {
			in.Roles = append(in.Roles, api.KeyRole{Role: id})
		}
	}
	if _, err := i.Keys(i.tenant).Create(ctx, in); err != nil {
		return i.refused(what, err)
	}
	i.made("key", k.Name)
	return nil
}

// tell prints what became of the import.
func (i *importer) tell() error {
	i.report.DryRun = i.dry
	if i.format != formatTable {
		return i.encode(i.report)
	}
	counts := map[string]int{}
	for _, t := range i.report.Made {
		counts[t.Kind]++
		if i.dry {
			fmt.Fprintf(i.out, "+ %s %s\n", t.Kind, printable(t.Name))
		}
	}
	word := "Made"
	if i.dry {
		word = "Would make"
	}
	fmt.Fprintf(i.out, "%s %s, %s, %s and %s; %d were there already.\n", word, counted(counts["user"], "user", "users"), counted(counts["key"], "key", "keys"),
		counted(counts["group"], "group", "groups"), counted(counts["role"], "role", "roles"), i.report.There)
	if counts["role"] > 0 {
		fmt.Fprintln(i.out, "New roles give nothing yet; give each its permissions: sallyport role update NAME --add-permission PERMISSION")
	}
	for _, l := range i.report.Lost {
		fmt.Fprintf(i.errOut, "not carried over: %s: %s\n", printable(l.What), printable(l.Why))
	}
	return nil
}
