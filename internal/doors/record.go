package doors

import (
	"strings"

	"github.com/sallyport/sallyport"
)

// A record is a note that outlives its request. The texts of a note are parts of
// a head that may be large, so the record has them copied, one behind the other,
// in a piece of memory that is used again: a flood of refusals writes over the
// same records for as long as it goes on, and costs no more memory than they
// have.
type record struct {
	note note   // its texts are to be read from text
	text []byte // all of them
	ends []int  // of each, in the order of texts
}

// keep copies a note.
func (r *record) keep(n *note) {
	r.note = *n
	r.text, r.ends = r.text[:0], r.ends[:0]
	r.note.texts(func(t *string) {
		r.text = append(r.text, *t...)
		r.ends = append(r.ends, len(r.text))
		*t = ""
	})
	r.note.values = nil
	for _, value := range n.values {
		r.text = append(r.text, head(maxPath, value)...)
		r.ends = append(r.ends, len(r.text))
	}
}

// read returns the note, with texts of its own. What cannot be stored as text is
// left out of them.
func (r *record) read() *note {
	n := r.note
	all, next, from := string(r.text), 0, 0
	text := func() string {
		t := strings.ToValidUTF8(all[from:r.ends[next]], "")
		from = r.ends[next]
		next++
		return t
	}
	n.texts(func(t *string) { *t = text() })
	for next < len(r.ends) {
		n.values = append(n.values, text())
	}
	return &n
}

// forget empties the record, so that what it points to can go.
func (r *record) forget() { *r = record{text: r.text[:0], ends: r.ends[:0]} }

// texts visits the texts of a note that may be parts of a request, except the path
// values.
func (n *note) texts(visit func(*string)) {
	for _, t := range [...]*string{
		&n.method, &n.host, &n.path, &n.rest, &n.asked, &n.decision.Realm, (*string)(&n.decision.Tenant), &n.decision.RequestID,
	} {
		visit(t)
	}
}

// whose returns the tenant whose history the decision belongs to.
func (n *note) whose() sallyport.TenantID {
	switch {
	case n.decision.Tenant != "":
		return n.decision.Tenant
	case n.principal != nil && n.principal.Home != "":
		return n.principal.Home
	default:
		return sallyport.EveryTenant
	}
}
