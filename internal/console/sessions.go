package console

import (
	"net/http"
	"net/netip"
	"time"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/admin"
)

// A sessionsPage lists where somebody has signed in.
type sessionsPage struct {
	frame
	Sessions []sessionRow
	SignIns  []signInRow
	Others   int // sessions and sign-ins besides this session
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
	ctx, me := v.r.Context(), v.self.Principal
	page := &sessionsPage{frame: v.frame(v.text("nav.sessions"), "sessions")}
	sessions, err := v.Admin.Sessions(ctx, v.actor, me.Home, me.ID, admin.Page{Limit: maxList})
	if err != nil {
		return nil, err
	}
	for _, c := range sessions.Items {
		row, alive := v.sessionRow(c)
		switch {
		case !alive:
		case row.Current:
			page.Sessions = append([]sessionRow{row}, page.Sessions...)
		default:
			page.Sessions = append(page.Sessions, row)
			page.Others++
		}
	}
	signIns, err := v.Admin.Families(ctx, v.actor, me.Home, me.ID, admin.Page{Limit: maxList})
	if err != nil {
		return nil, err
	}
	for _, f := range signIns.Items {
		if f.State == sallyport.Active && f.Expires.After(v.now) {
			page.SignIns = append(page.SignIns, signInRow{ID: f.ID, Client: f.Client, API: f.API, Started: f.Created, Ends: f.Expires})
			page.Others++
		}
	}
	return page, nil
}

// sessionRow reports false for a session that is over by its limits.
func (v *visit) sessionRow(c sallyport.Credential) (sessionRow, bool) {
	row := sessionRow{
		ID: c.ID, Current: string(c.ID) == v.actor.Credential.String(), Agent: agent(c.LastVia), Via: c.LastVia,
		Address: plainAddress(c.LastAddr), Started: c.Created, LastUsed: c.LastUsed, Ends: c.Expires,
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
	for _, s := range there.Sessions {
		if !s.Current {
			page.Points = append(page.Points, v.text("sessions.others.browser", titleOr(s.Agent, v.text("sessions.unknown")),
				titleOr(s.Address, v.text("sessions.unknown")), words(s.LastUsed)))
		}
	}
	for _, s := range there.SignIns {
		page.Points = append(page.Points, v.text("sessions.others.program", titleOr(s.Client, v.text("sessions.unnamed")), words(s.Started)))
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
