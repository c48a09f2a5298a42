package admin_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/admin"
	"github.com/sallyport/sallyport/internal/admin/admintest"
	"github.com/sallyport/sallyport/internal/policy"
	"github.com/sallyport/sallyport/internal/store"
)

// texts reads all pages of what changed.
func texts(t *testing.T, w *admintest.World, a admin.Actor, f admin.ChangeFilter) (all []admin.RightsChange, lines string) {
	t.Helper()
	page := admin.Page{Limit: 2}
	for {
		list, err := w.Changes(t.Context(), a, f, page)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, list.Items...)
		if page.Cursor = list.Next; list.Next == "" {
			break
		}
	}
	var out []string
	for _, c := range all {
		out = append(out, c.Text)
	}
	return all, strings.Join(out, "\n")
}

// story makes a past: jo may read and write orders at first, and then not.
type story struct {
	*admintest.World
	jo     sallyport.User
	role   sallyport.Role
	group  sallyport.Group
	began  time.Time
	system admin.Actor
}

func newStory(t *testing.T) *story {
	t.Helper()
	w := admintest.New(t)
	s := &story{World: w, system: admin.System("test")}
	ctx := t.Context()
	s.jo = must(w.CreateUser(ctx, s.system, w.T1.ID, admin.NewUser{Login: "jo", Kind: sallyport.Person}))
	s.role = must(w.CreateRole(ctx, s.system, w.T1.ID, admin.NewRole{Name: "clerk", Permissions: []sallyport.Permission{"orders/read", "orders/write"}}))
	s.group = must(w.CreateGroup(ctx, s.system, w.T1.ID, admin.NewGroup{Name: "staff"}))
	must(w.CreateBinding(ctx, s.system, w.T1.ID, admin.NewBinding{SubjectKind: sallyport.SubjectGroup, Subject: string(s.group.ID), Role: s.role.ID}))
	w.Clock.Advance(time.Hour)
	if err := w.AddMember(ctx, s.system, w.T1.ID, s.group.ID, s.jo.ID); err != nil {
		t.Fatal(err)
	}
	w.Clock.Advance(time.Hour)
	s.began = w.Clock.Now()
	w.Clock.Advance(time.Minute)
	return s
}

func (s *story) asks(method string) admin.ChangeFilter {
	return admin.ChangeFilter{
		Tenant: s.T1.ID, Principal: s.jo.ID, Since: s.began,
		Trial: &policy.Trial{Method: method, Target: "/orders/", Tenant: s.T1.ID},
	}
}

// Allowed then and refused now, because the role lost the permission at a time,
// by somebody; what made no difference is not told.
func TestWhatChanged(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	ctx := t.Context()
	must(s.CreateUser(ctx, s.system, s.T1.ID, admin.NewUser{Login: "someone", Kind: sallyport.Person}))
	title := "Clerks"
	must(s.UpdateRole(ctx, s.Root, s.T1.ID, s.role.ID, anyVersion, admin.RoleChange{Title: &title}))
	s.Clock.Advance(time.Minute)
	at := s.Clock.Now()
	must(s.UpdateRole(ctx, s.Root, s.T1.ID, s.role.ID, anyVersion, admin.RoleChange{Permissions: &[]sallyport.Permission{"orders/read"}}))
	s.Clock.Advance(time.Minute)
	other := s.MakeRole(s.T1.ID, "orders/read")
	must(s.CreateBinding(ctx, s.system, s.T1.ID, admin.NewBinding{SubjectKind: sallyport.SubjectUser, Subject: string(s.jo.ID), Role: other.ID}))

	list, err := s.Changes(ctx, s.Root, s.asks("POST"), admin.Page{})
	if err != nil || list.Then == nil || !list.Then.Allowed || list.Now.Reason != sallyport.PermissionMissing || len(list.Items) != 1 {
		t.Fatalf("then %+v, now %+v, %d changes, %v", list.Then, list.Now, len(list.Items), err)
	}
	c := list.Items[0]
	if c.Text != `the role "clerk" lost orders/write` || c.Entry.ActorName != "root" || c.Entry.Action != "role.update" || !c.At.Equal(at) ||
		!slices.Equal(c.Lost, []sallyport.Permission{"orders/write"}) || !c.Before.Allowed || c.After.Allowed {
		t.Errorf("the change is told as %+v, %+v", c, c.Entry)
	}
	if list, err := s.Changes(ctx, s.Root, s.asks("GET"), admin.Page{}); err != nil || !list.Then.Allowed || !list.Now.Allowed || len(list.Items) != 0 {
		t.Errorf("of what he may still do: %+v, %v", list, err)
	}
	_, lines := texts(t, s.World, s.Root, admin.ChangeFilter{Tenant: s.T1.ID, Permission: "orders/write"})
	if want := "the role \"clerk\" lost orders/write\njo came into the group \"staff\"\nthe group \"staff\" got the role \"clerk\"\nroot got the role \"administrator\""; lines != want {
		t.Errorf("of the permission:\n%s\nwant\n%s", lines, want)
	}
}

func bindingsOf(g sallyport.GroupID) store.BindingFilter {
	return store.BindingFilter{SubjectKind: sallyport.SubjectGroup, Subject: string(g)}
}

// Each way to lose a right, and each way to get it, is found.
func TestEveryWayOfChange(t *testing.T) {
	t.Parallel()
	allow := func(r sallyport.Reason) string { return map[bool]string{true: "allowed"}[r == ""] + string(r) }
	for name, tt := range map[string]struct {
		do   func(s *story) error
		want string // the texts, and what was decided after each, newest first
	}{
		"out of the group": {
			do:   func(s *story) error { return s.RemoveMember(t.Context(), s.Root, s.T1.ID, s.group.ID, s.jo.ID) },
			want: `jo was taken out of the group "staff": permission_missing`,
		},
		"out and in again": {
			do: func(s *story) error {
				if err := s.RemoveMember(t.Context(), s.Root, s.T1.ID, s.group.ID, s.jo.ID); err != nil {
					return err
				}
				s.Clock.Advance(time.Minute)
				return s.AddMember(t.Context(), s.Root, s.T1.ID, s.group.ID, s.jo.ID)
			},
			want: "jo came into the group \"staff\": allowed\njo was taken out of the group \"staff\": permission_missing",
		},
		"the group's role is taken": {
			do: func(s *story) error {
				list := must(s.Bindings(t.Context(), s.Root, s.T1.ID, bindingsOf(s.group.ID), admin.Page{}))
				return s.DeleteBinding(t.Context(), s.Root, s.T1.ID, list.Items[0].ID, anyVersion)
			},
			want: `the role "clerk" was taken from the group "staff": permission_missing`,
		},
		"the group's role is limited": {
			do: func(s *story) error {
				list := must(s.Bindings(t.Context(), s.Root, s.T1.ID, bindingsOf(s.group.ID), admin.Page{}))
				condition := `method == "GET"`
				_, err := s.UpdateBinding(t.Context(), s.Root, s.T1.ID, list.Items[0].ID, anyVersion, admin.BindingChange{Condition: &condition})
				return err
			},
			want: `the role "clerk" of the group "staff" reached everywhere and reaches while method == "GET" now: condition_unmet`,
		},
		"the account is deactivated": {
			do: func(s *story) error {
				_, err := s.DeactivateUser(t.Context(), s.Root, s.T1.ID, s.jo.ID, anyVersion)
				return err
			},
			want: `the user "jo" was deactivated: owner_inactive`,
		},
		"a role for a while": {
			do: func(s *story) error {
				_, err := s.CreateBinding(t.Context(), s.Root, s.T1.ID, admin.NewBinding{
					SubjectKind: sallyport.SubjectUser, Subject: string(s.jo.ID), Role: s.role.ID, Expires: s.Clock.Now().Add(time.Hour),
				})
				if err == nil {
					err = s.RemoveMember(t.Context(), s.Root, s.T1.ID, s.group.ID, s.jo.ID)
				}
				s.Clock.Advance(2 * time.Hour)
				return err
			},
			want: `the role "clerk" of jo ended, as it was given until then: permission_missing`,
		},
		"the API asks for more": {
			do: func(s *story) error {
				api := admintest.Orders()
				api.Routes[1] = sallyport.Route{Methods: []string{"POST"}, Path: "/", AllOf: []string{"write", "sign"}}
				api.Permissions = append(api.Permissions, sallyport.PermissionSpec{Name: "sign"})
				_, err := s.ApplyAPIs(t.Context(), s.Root, []sallyport.API{api})
				return err
			},
			want: `the API "orders" was replaced: permission_missing`,
		},
		"the role is restored": {
			do: func(s *story) error {
				for _, list := range [][]sallyport.Permission{{}, {"orders/*"}} {
					if _, err := s.UpdateRole(t.Context(), s.Root, s.T1.ID, s.role.ID, anyVersion, admin.RoleChange{Permissions: &list}); err != nil {
						return err
					}
					s.Clock.Advance(time.Minute)
				}
				return nil
			},
			want: "the role \"clerk\" gained orders/*: allowed\nthe role \"clerk\" lost orders/read, orders/write: permission_missing",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStory(t)
			if err := tt.do(s); err != nil {
				t.Fatal(err)
			}
			all, _ := texts(t, s.World, s.Root, s.asks("POST"))
			var got []string
			for _, c := range all {
				got = append(got, c.Text+": "+allow(c.After.Reason))
			}
			if text := strings.Join(got, "\n"); text != tt.want {
				t.Errorf("%s\nwant\n%s", text, tt.want)
			}
		})
	}
}

// Nobody learns of a tenant that is not his, nor who changed what belongs to the
// installation, nor about people whom he may not ask about.
func TestChangesTellNoMore(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	ctx := t.Context()
	every := s.MakeRole(sallyport.EveryTenant, "orders/write")
	must(s.CreateBinding(ctx, s.system, s.T1.ID, admin.NewBinding{SubjectKind: sallyport.SubjectUser, Subject: string(s.jo.ID), Role: every.ID}))
	must(s.CreateBinding(ctx, s.system, sallyport.EveryTenant, admin.NewBinding{SubjectKind: sallyport.SubjectUser, Subject: string(s.Root.Principal.ID), Role: every.ID}))
	must(s.UpdateRole(ctx, s.Root, sallyport.EveryTenant, every.ID, anyVersion, admin.RoleChange{Permissions: &[]sallyport.Permission{}}))
	foreign := s.MakeUser(s.T2.ID, sallyport.Person)
	s.Give(foreign.ID, s.T2.ID, "orders/read")

	auditor := s.Person(s.T1.ID, admin.AuditRead)
	all, lines := texts(t, s.World, auditor, admin.ChangeFilter{Tenant: s.T1.ID, Since: s.began})
	if strings.Contains(lines, string(s.T2.ID)) || strings.Contains(lines, string(s.Root.Principal.ID)) || strings.Contains(lines, "jo ") {
		t.Errorf("an auditor of one tenant reads:\n%s", lines)
	}
	role := slices.IndexFunc(all, func(c admin.RightsChange) bool { return c.Entry.Action == "role.update" })
	if role < 0 || all[role].Entry.ActorName != "" || all[role].Entry.Address != "" || all[role].Entry.RequestID != "" || len(all[role].Lost) != 1 {
		t.Errorf("of the role of every tenant he reads %+v", all)
	}
	if all, _ := texts(t, s.World, s.Root, admin.ChangeFilter{Tenant: s.T1.ID, Since: s.began}); !slices.ContainsFunc(all, func(c admin.RightsChange) bool {
		return c.Entry.Action == "role.update" && c.Entry.ActorName == "root"
	}) {
		t.Errorf("who may read all is not told by whom: %+v", all)
	}
	for name, tt := range map[string]struct {
		a    admin.Actor
		f    admin.ChangeFilter
		kind sallyport.Kind
	}{
		"without the right":        {s.Person(s.T1.ID, admin.BindingsRead), admin.ChangeFilter{Tenant: s.T1.ID}, sallyport.Refused},
		"of another tenant":        {auditor, admin.ChangeFilter{Tenant: s.T2.ID}, sallyport.NotFound},
		"of the installation":      {auditor, admin.ChangeFilter{Tenant: sallyport.EveryTenant}, sallyport.Refused},
		"about somebody else":      {auditor, admin.ChangeFilter{Tenant: s.T1.ID, Principal: s.jo.ID}, sallyport.NotFound},
		"about somebody elsewhere": {s.Person(s.T1.ID, admin.AuditRead, admin.DecisionsExplain), admin.ChangeFilter{Tenant: s.T1.ID, Principal: foreign.ID}, sallyport.NotFound},
		"about nobody":             {s.Root, admin.ChangeFilter{Tenant: s.T1.ID, Principal: "5a11f0e7-0000-4000-8000-00000000ffff"}, sallyport.NotFound},
	} {
		if _, err := s.Changes(ctx, tt.a, tt.f, admin.Page{}); sallyport.KindOf(err) != tt.kind {
			t.Errorf("%s: %v, want kind %d", name, err, tt.kind)
		}
	}
	if _, err := s.Changes(ctx, auditor, admin.ChangeFilter{Tenant: s.T1.ID, Principal: auditor.Principal.ID}, admin.Page{}); err != nil {
		t.Errorf("about himself: %v", err)
	}
}
