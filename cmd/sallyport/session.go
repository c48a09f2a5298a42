package main

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/api"
)

func newSession() *cobra.Command {
	return resource(&cobra.Command{
		Use:   "session",
		Short: "See who is signed in, and end it",
		Long: `See who is signed in, and end it. A session is a browser's, held by a cookie; a sign-in is
a program's, held by access and refresh tokens. Without --user it is about your own.`,
	}, newSessionList(), newSessionSignIns(), newSessionEnd())
}

var (
	sessions = sort{"session", "sessions"}
	signIns  = sort{"sign-in", "sign-ins"}
)

func sessionView(p *printer) view[api.Credential] {
	return view[api.Credential]{
		{name: "id", text: credentialID},
		{name: "state", text: func(c api.Credential) string { return string(c.State) }},
		{name: "begun", text: func(c api.Credential) string { return p.when(c.CreatedAt) }},
		{name: "expires", text: func(c api.Credential) string { return p.until(c.ExpiresAt) }},
		{name: "last used", text: func(c api.Credential) string { return p.when(c.LastUsedAt) }},
		{name: "address", text: func(c api.Credential) string { return c.LastAddr }},
		{name: "agent", text: func(c api.Credential) string { return c.LastUsedBy }},
	}
}

func signInView(p *printer) view[api.SignIn] {
	return view[api.SignIn]{
		{name: "id", text: func(s api.SignIn) string { return string(s.ID) }},
		{name: "state", text: func(s api.SignIn) string { return string(s.State) }},
		{name: "client", text: func(s api.SignIn) string { return s.Client }},
		{name: "api", text: func(s api.SignIn) string { return orAny(string(s.API)) }},
		{name: "scopes", text: func(s api.SignIn) string { return orAny(strings.Join(s.Scopes, ", ")) }},
		{name: "begun", text: func(s api.SignIn) string { return p.when(s.CreatedAt) }},
		{name: "expires", text: func(s api.SignIn) string { return p.when(s.ExpiresAt) }},
	}
}

// signedIn is what somebody is signed in with, and how to end it.
type signedIn struct {
	sessions   iter.Seq2[api.Credential, error]
	signIns    iter.Seq2[api.SignIn, error]
	endSession func(context.Context, sallyport.CredentialID) error
	endSignIn  func(context.Context, sallyport.FamilyID) error
}

// A signedInFlags says who is meant.
type signedInFlags struct {
	user, key string
	tenant    tenantFlag
}

func (f *signedInFlags) add(c *cobra.Command) {
	c.Flags().StringVar(&f.user, "user", "", "`LOGIN` of who is signed in (default: you)")
	c.Flags().StringVar(&f.key, "key", "", "name or id of the API `KEY` that is signed in")
	f.tenant.add(c, "name or id of the key's `TENANT` (default: your own)")
}

func (f *signedInFlags) check(c *cobra.Command, _ []string) error {
	if c.Flags().Changed("tenant") && !c.Flags().Changed("key") {
		return &usageError{errors.New("--tenant says where an API key is; it goes with --key")}
	}
	return atMostOne(c, "user", "key")
}

// signedIn returns what somebody is signed in with.
func (m *manager) signedIn(ctx context.Context, f signedInFlags) (signedIn, error) {
	var tenant sallyport.TenantID
	var owner sallyport.PrincipalID
	switch {
	case f.user != "":
		u, err := m.user(ctx, f.user, tenantFlag{})
		if err != nil {
			return signedIn{}, err
		}
		tenant, owner = u.Tenant, u.ID
	case f.key != "":
		in, err := m.within(ctx, f.tenant)
		if err != nil {
			return signedIn{}, err
		}
		k, err := m.key(ctx, in, f.key)
		if err != nil {
			return signedIn{}, err
		}
		tenant, owner = in, k.Owner
	default:
		s, i := m.Me().Sessions(), m.Me().SignIns()
		return signedIn{s.All(ctx, struct{}{}), i.All(ctx, struct{}{}), s.End, i.End}, nil
	}
	s, i, of := m.Sessions(tenant), m.SignIns(tenant), api.OwnerFilter{Owner: owner}
	return signedIn{s.All(ctx, of), i.All(ctx, of), s.End, i.End}, nil
}

func newSessionList() *cobra.Command {
	var who signedInFlags
	var limit int
	c := &cobra.Command{
		Use: "list", Short: "List sessions, which browsers have",
		Example: "  sallyport session list --user viewer",
		Args:    noArgs,
		PreRunE: who.check,
		RunE: managed(func(ctx context.Context, m *manager, _ []string) error {
			s, err := m.signedIn(ctx, who)
			if err != nil {
				return err
			}
			return showList(&m.printer, sessions, sessionView(&m.printer), s.sessions, limit)
		}),
	}
	who.add(c)
	addLimit(c, &limit, 0)
	return c
}

func newSessionSignIns() *cobra.Command {
	var who signedInFlags
	var limit int
	c := &cobra.Command{
		Use: "sign-ins", Short: "List sign-ins, which programs have",
		Example: "  sallyport session sign-ins --user viewer",
		Args:    noArgs,
		PreRunE: who.check,
		RunE: managed(func(ctx context.Context, m *manager, _ []string) error {
			s, err := m.signedIn(ctx, who)
			if err != nil {
				return err
			}
			return showList(&m.printer, signIns, signInView(&m.printer), s.signIns, limit)
		}),
	}
	who.add(c)
	addLimit(c, &limit, 0)
	return c
}

func newSessionEnd() *cobra.Command {
	var who signedInFlags
	var every, signIn bool
	c := &cobra.Command{
		Use: "end [ID]", Aliases: []string{"delete"}, Short: "End a session or a sign-in, or all of them",
		Long: `End a session, or with --sign-in a sign-in with its access and refresh tokens. With --all
it ends all of both, but of your own not the one that this command uses. Tokens and
keys are not touched.`,
		Example: `  sallyport session end --all
  sallyport session end --all --user viewer`,
		Args: needs("[ID]"),
		PreRunE: func(c *cobra.Command, args []string) error {
			switch {
			case every && (len(args) > 0 || signIn):
				return &usageError{errors.New("--all ends all sessions and sign-ins; give it without an id and without --sign-in")}
			case !every && len(args) == 0:
				return &usageError{withHint(errors.New("the id is missing"), "sallyport session list and sallyport session sign-ins show them; --all ends all")}
			case len(args) > 0 && !sallyport.IsUUID(args[0]):
				return &usageError{fmt.Errorf("%q is not the id of a session or sign-in", args[0])}
			}
			return who.check(c, args)
		},
		RunE: managed(func(ctx context.Context, m *manager, args []string) error {
			if every {
				return m.endAll(ctx, who)
			}
			s, err := m.signedIn(ctx, who)
			if err != nil {
				return err
			}
			what := sessions.one
			if signIn {
				what, err = signIns.one, s.endSignIn(ctx, sallyport.FamilyID(args[0]))
			} else {
				err = s.endSession(ctx, sallyport.CredentialID(args[0]))
			}
			if err != nil {
				return err
			}
			return m.told(map[string]string{"ended": args[0]}, "Ended the %s %s.", what, args[0])
		}),
	}
	who.add(c)
	c.Flags().BoolVar(&every, "all", false, "end all sessions and sign-ins")
	c.Flags().BoolVar(&signIn, "sign-in", false, "the id is that of a sign-in")
	return c
}

// endAll ends all sessions and sign-ins of somebody; of the caller's own all but
// the one that he uses now.
func (m *manager) endAll(ctx context.Context, f signedInFlags) error {
	n := 0
	if f.user == "" && f.key == "" {
		ended, err := m.Me().EndOthers(ctx)
		if err != nil {
			return err
		}
		n = ended
	} else {
		s, err := m.signedIn(ctx, f)
		if err != nil {
			return err
		}
		if n, err = s.endAll(ctx); err != nil {
			return err
		}
	}
	return m.told(api.Ended{Ended: n}, "Ended %d sessions and sign-ins.", n)
}

// endAll lists first, so that pages do not shift under it.
func (s *signedIn) endAll(ctx context.Context) (n int, err error) {
	open, _, err := take(s.sessions, 0)
	if err != nil {
		return 0, err
	}
	families, _, err := take(s.signIns, 0)
	if err != nil {
		return 0, err
	}
	for _, c := range open {
		if c.State != sallyport.Active {
			continue
		}
		if err := s.endSession(ctx, c.ID); err != nil {
			return n, err
		}
		n++
	}
	for _, f := range families {
		if f.State != sallyport.Active {
			continue
		}
		if err := s.endSignIn(ctx, f.ID); err != nil {
			return n, err
		}
		n++
	}
	return n, nil
}
