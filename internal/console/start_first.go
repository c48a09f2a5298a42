package console

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/admin"
	"github.com/sallyport/sallyport/internal/doors"
	"github.com/sallyport/sallyport/internal/policy"
	"github.com/sallyport/sallyport/internal/store"
)

const (
	startTokenDays = 30 // that the first token works for
	startRights    = 20 // scopes to choose from
	shownRefusals  = 5
)

// A startTokenPage is the second step: a token with a right.
type startTokenPage struct {
	frame
	Steps  []startStep
	API    apiRow
	Name   string
	Rights []option
	Days   int
	Drift  *drift // from the document that the API was made of; nil: there is none
	Faults faults
}

// startTokenPage is the page, with a right chosen.
func (v *visit) startTokenPage(name, chosen string) (*startTokenPage, error) {
	d, err := v.Admin.API(v.r.Context(), v.actor, sallyport.APIName(v.r.PathValue("api")))
	if err != nil {
		return nil, err
	}
	doc := &d.API
	var differs *drift
	if compiled := v.Doors.Policy().API(doc.Name); compiled != nil {
		doc = compiled.Document // as its dialect completes it
		if differs, err = v.driftOf(compiled); err != nil {
			return nil, err
		}
	}
	page := &startTokenPage{
		frame: v.frame(v.text("start.token.title"), "apis"), Steps: v.startSteps(1), API: v.apiRow(doc), Name: name, Days: startTokenDays,
		Drift: differs,
	}
	page.Rights = append(page.Rights, option{Value: string(doc.Name), Text: v.text("start.right.all"), Hint: v.text("start.right.all.hint")})
	for _, s := range doc.Scopes[:min(len(doc.Scopes), startRights)] {
		full := string(doc.Name) + "/" + s.Name
		page.Rights = append(page.Rights, option{Value: full, Text: titleOr(s.Title, s.Name), Hint: full})
	}
	for i := range page.Rights {
		page.Rights[i].Chosen = page.Rights[i].Value == chosen
	}
	return page, nil
}

func (v *visit) showStartToken() error {
	page, err := v.startTokenPage(v.text("start.token.usual"), v.r.PathValue("api"))
	if err != nil {
		return err
	}
	return v.show(http.StatusOK, "start_token", page)
}

// startToken makes the token, and shows what to do with it.
func (v *visit) startToken() error {
	page, err := v.startTokenPage(strings.TrimSpace(v.form.Get("name")), v.form.Get("right"))
	if err != nil {
		return err
	}
	page.Faults.need(page.Name, "name", v.text("start.token.need"))
	if !slices.ContainsFunc(page.Rights, func(o option) bool { return o.Chosen }) {
		page.Faults.at("right", v.text("start.right.need"))
	}
	if page.Faults.Any() {
		return v.show(http.StatusUnprocessableEntity, "start_token", page)
	}
	issued, err := v.Admin.CreateToken(v.r.Context(), v.actor, admin.NewToken{
		Name: page.Name, Scopes: []string{v.form.Get("right")}, Expires: v.now.AddDate(0, 0, startTokenDays),
	})
	if err != nil {
		if page.Faults.take(err, "name") {
			return v.show(statusOf(err), "start_token", page)
		}
		return err
	}
	first, err := v.firstPage(&issued)
	if err != nil {
		return err
	}
	return v.show(http.StatusCreated, "start_first", first)
}

// A firstPage is the third step: the request, and what came of it.
type firstPage struct {
	frame
	Steps  []startStep
	API    apiRow
	Token  tokenRow
	Secret string   // shown this once
	Curl   []string // none: nothing is known that could be pasted
	Basic  bool     // curl asks for the password
	Path   string   // of the page, without the secret
	Seen   seen
}

// A seen is what has come of requests to an API since a token was made.
type seen struct {
	Allowed  bool
	LastUsed time.Time
	Address  string
	Refused  []whyRow // the newest first
}

// Any reports whether anything came.
func (s seen) Any() bool { return s.Allowed || len(s.Refused) > 0 }

func (v *visit) showFirst() error {
	c, err := v.Admin.Token(v.r.Context(), v.actor, sallyport.CredentialID(v.r.URL.Query().Get("token")))
	if err != nil {
		return err
	}
	if c.Owner != v.self.Principal.ID {
		return sallyport.ErrNotFound("no such token")
	}
	page, err := v.firstPage(&admin.Issued{Credential: c})
	if err != nil {
		return err
	}
	return v.show(http.StatusOK, "start_first", page)
}

func (v *visit) firstPage(issued *admin.Issued) (*firstPage, error) {
	d, err := v.Admin.API(v.r.Context(), v.actor, sallyport.APIName(v.r.PathValue("api")))
	if err != nil {
		return nil, err
	}
	c := &issued.Credential
	page := &firstPage{
		frame: v.frame(v.text("start.first.title"), "apis"), Steps: v.startSteps(2), API: v.apiRow(&d.API), Token: v.row(*c), Secret: issued.Secret.Reveal(),
		Path: startOf(d.API.Name) + "/first?" + url.Values{"token": {string(c.ID)}}.Encode(),
	}
	if api := v.Doors.Policy().API(d.API.Name); api != nil {
		page.Curl, page.Basic = v.firstCurl(api, issued)
	}
	page.Seen, err = v.seen(d.API.Name, c)
	return page, err
}

// firstCurl is a command that shows the doors at work: one that the token passes,
// or else the first that the API has at all.
func (v *visit) firstCurl(api *policy.API, issued *admin.Issued) (lines []string, basic bool) {
	can := v.reachOf(&issued.Credential)
	if issued.Secret != "" {
		if lines = v.exampleOf(api, issued, can); lines != nil {
			return lines, false
		}
	}
	tenant := v.tenantFor(&issued.Credential)
	if can != nil {
		if r := simplest(api, can); r != nil {
			plain := *r
			plain.Path, _ = plainPath(r.Path)
			return v.curl(&plain, tenant)
		}
	}
	for _, r := range api.Routes {
		if lines, basic = v.curl(r, tenant); lines != nil && !r.Public {
			return lines, basic
		}
	}
	return nil, false
}

// seen looks what came to an API since a token was made. Refusals are all kept for
// a while; of what was allowed only a sample is, but tokens count their uses.
func (v *visit) seen(api sallyport.APIName, made *sallyport.Credential) (s seen, err error) {
	ctx, filter := v.r.Context(), admin.DecisionFilter{Everywhere: true}
	filter.API, filter.Since, filter.Outcome = api, made.Created, store.OutcomeRefused
	list, err := v.Admin.Decisions(ctx, v.actor, filter, admin.Page{Limit: maxList})
	if sallyport.KindOf(err) == sallyport.Refused && err != nil {
		filter.Everywhere = false // his own are his to see
		list, err = v.Admin.Decisions(ctx, v.actor, filter, admin.Page{Limit: maxList})
	}
	if err != nil {
		return s, err
	}
	c, err := v.Admin.Token(ctx, v.actor, made.ID) // as it is now that its uses are written down
	if err != nil {
		return s, err
	}
	turnedAway := int64(0) // of the uses of the token
	for i := range list.Items {
		d := &list.Items[i]
		if d.Credential == string(c.ID) && d.Reason.Status() != http.StatusUnauthorized && doors.Counts(d.Reason) {
			turnedAway++
		}
		if len(s.Refused) < shownRefusals {
			s.Refused = append(s.Refused, v.whyRow(d))
		}
	}
	if s.Allowed = c.Uses > turnedAway; s.Allowed {
		s.LastUsed, s.Address = c.LastUsed, plainAddress(c.LastAddr)
	}
	return s, nil
}
