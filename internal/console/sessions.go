package console

import (
	"net/http"
	"net/netip"
	"slices"
	"time"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/admin"
)

// A sessionsPage lists where somebody has signed in.
type sessionsPage struct {
	frame
	In     signedIn
	Others int // sessions and sign-ins besides this session
}

// A signedIn is where a user is signed in.
type signedIn struct {
	Now      time.Time
	At       string // of whom: the path that sessions and sign-ins are below
	End      bool   // the visitor may try to end them
	Sessions []sessionRow
	SignIns  []signInRow
}

// A sessionRow is a session that is not over.
type sessionRow struct {
	ID       sallyport.CredentialID
	Current  bool
	Agent    string
	Via      string
	Address  string
	Started  time.Time
	LastUsed time.Time
	Ends     time.Time // unless it is used until then
}

// A signInRow is a sign-in of a program: what its access tokens stem from.
type signInRow struct {
	ID      sallyport.FamilyID
	Client  string
	API     sallyport.APIName
	Started time.Time
	Ends    time.Time
}

// maxList is how much of a list a page shows, mostly all of it.
const maxList = 200

func (v *visit) sessions() error {
	page, err := v.sessionsPage()
	if err != nil {
		return err
	}
	return v.show(http.StatusOK, "sessions", page)
}

func (v *visit) sessionsPage() (*sessionsPage, error) {
	me := v.self.Principal
	in, err := v.signedInAs(me.Home, me.ID)
	in.At, in.End = Base, true
	page := &sessionsPage{frame: v.frame(v.text("nav.sessions"), "sessions"), In: in, Others: len(in.SignIns)}
	for _, s := range in.Sessions {
		if !s.Current {
			page.Others++
		}
	}
	return page, err
}

// signedInAs tells where a user is signed in: this session first, and nothing that
// is over.
func (v *visit) signedInAs(home sallyport.TenantID, id sallyport.PrincipalID) (in signedIn, err error) {
	ctx := v.r.Context()
	in.Now = v.now
	sessions, err := v.Admin.Sessions(ctx, v.actor, home, id, admin.Page{Limit: maxList})
	if err != nil {
		return in, err
	}
	for _, c := range sessions.Items {
		row, alive := v.sessionRow(c)
		switch {
		case !alive:
		case row.Current:
			in.Sessions = slices.Insert(in.Sessions, 0, row)
		default:
			in.Sessions = append(in.Sessions, row)
		}
	}
	signIns, err := v.Admin.Families(ctx, v.actor, home, id, admin.Page{Limit: maxList})
	for _, f := range signIns.Items {
		if f.State == sallyport.Active && f.Expires.After(v.now) {
			in.SignIns = append(in.SignIns, signInRow{
				ID: f.ID, Client: titleOr(f.Client, v.text("sessions.unnamed")), API: f.API, Started: f.Created, Ends: f.Expires,
			})
		}
	}
	return in, err
}

// sessionRow reports false for a session that is over by its limits.
func (v *visit) sessionRow(c sallyport.Credential) (sessionRow, bool) {
	row := sessionRow{
		ID: c.ID, Current: string(c.ID) == v.actor.Credential.String(), Via: c.LastVia, Started: c.Created, LastUsed: c.LastUsed, Ends: c.Expires,
		Agent: titleOr(agent(c.LastVia), v.text("sessions.unknown")), Address: titleOr(plainAddress(c.LastAddr), v.text("sessions.unknown")),
	}
	if row.Current {
		row.LastUsed = v.now // uses are written down now and then
	}
	if idle := row.LastUsed.Add(c.Idle); c.Idle > 0 && idle.Before(row.Ends) {
		row.Ends = idle
	}
	return row, row.Ends.After(v.now)
}

// plainAddress is an address as people know it.
func plainAddress(s string) string {
	if a, err := netip.ParseAddr(s); err == nil {
		return a.Unmap().String()
	}
	return ""
}

// ending is the question before the session or the sign-in in the path ends, which
// is one of those where somebody is signed in.
func (v *visit) ending(in *signedIn) (*confirmPage, error) {
	page := &confirmPage{Action: v.r.URL.Path, Button: v.text("sessions.end")}
	words := func(t time.Time) string { return v.texts().moment(v.now, t).Words }
	for _, s := range in.Sessions {
		if string(s.ID) == v.r.PathValue("session") {
			page.Heading = v.text("sessions.end.heading", s.Agent, s.Address)
			page.Points = []string{v.text("sessions.end.used", words(s.LastUsed)), v.text("sessions.end.point")}
		}
	}
	for _, s := range in.SignIns {
		if string(s.ID) == v.r.PathValue("signin") {
			page.Heading = v.text("sessions.end-program.heading", s.Client)
			page.Points = []string{v.text("sessions.end-program.since", words(s.Started)), v.text("sessions.end-program.point")}
		}
	}
	if page.Heading == "" {
		return nil, sallyport.ErrNotFound("there is no such session; maybe it has ended already")
	}
	return page, nil
}

func (v *visit) askEnd() error {
	there, err := v.sessionsPage()
	if err != nil {
		return err
	}
	page, err := v.ending(&there.In)
	if err != nil {
		return err
	}
	page.frame, page.Trail, page.Cancel = there.frame, tab{Text: v.text("nav.sessions"), Path: Base + "/sessions"}, Base+"/sessions"
	page.Title = page.Heading
	return v.ask(page, nil)
}

func (v *visit) endSession() error {
	id := sallyport.CredentialID(v.r.PathValue("session"))
	if err := v.Admin.EndSession(v.r.Context(), v.actor, id); err != nil {
		return err
	}
	if string(id) == v.actor.Credential.String() {
		return v.leave("out")
	}
	return v.redirect(Base + "/sessions?done=session")
}

func (v *visit) endSignIn() error {
	if err := v.Admin.RevokeFamily(v.r.Context(), v.actor, sallyport.FamilyID(v.r.PathValue("signin"))); err != nil {
		return err
	}
	return v.redirect(Base + "/sessions?done=signin")
}

// askEndOthers names what will end.
func (v *visit) askEndOthers() error {
	there, err := v.sessionsPage()
	if err != nil {
		return err
	}
	page := &confirmPage{
		frame: there.frame, Heading: v.text("sessions.others.heading"), Trail: tab{Text: v.text("nav.sessions"), Path: Base + "/sessions"},
		Action: Base + "/sessions/others", Button: v.text("sessions.others"), Cancel: Base + "/sessions",
	}
	words := func(t time.Time) string { return v.texts().moment(v.now, t).Words }
	for _, s := range there.In.Sessions {
		if !s.Current {
			page.Points = append(page.Points, v.text("sessions.others.browser", s.Agent, s.Address, words(s.LastUsed)))
		}
	}
	for _, s := range there.In.SignIns {
		page.Points = append(page.Points, v.text("sessions.others.program", s.Client, words(s.Started)))
	}
	if page.Points = append(page.Points, v.text("sessions.others.stay")); there.Others == 0 {
		page.Points, page.Button = []string{v.text("sessions.others.none")}, ""
	}
	return v.show(http.StatusOK, "confirm", page)
}

func (v *visit) endOthers() error {
	if _, err := v.Admin.EndOtherSessions(v.r.Context(), v.actor); err != nil {
		return err
	}
	return v.redirect(Base + "/sessions?done=others")
}
