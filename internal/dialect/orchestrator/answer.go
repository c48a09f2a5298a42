package orchestrator

import (
	"bytes"
	"encoding/xml"
	"net/http"
	"strings"
	"time"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/dialect/wire"
)

const (
	asJSON = "application/json"
	asXML  = "application/xml; charset=utf-8"
)

// declaration is what answers in XML begin with.
const declaration = `<?xml version="1.0"?>` + "\n"

// stamp is a time as the product writes it.
func stamp(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05") + " UTC" }

// An element is an element of an XML answer: it holds a text or other elements.
type element struct {
	name     string
	attrs    []string // names and values in turn; one with an empty value is left out
	text     string
	raw      bool // text is markup already
	children []element
}

func (e *element) write(b *bytes.Buffer) {
	b.WriteString("<" + e.name)
	for i := 0; i+1 < len(e.attrs); i += 2 {
		if e.attrs[i+1] != "" {
			b.WriteString(" " + e.attrs[i] + `="`)
			escape(b, e.attrs[i+1])
			b.WriteByte('"')
		}
	}
	if e.text == "" && len(e.children) == 0 {
		b.WriteString("/>")
		return
	}
	b.WriteByte('>')
	if e.raw {
		b.WriteString(e.text)
	} else {
		escape(b, e.text)
	}
	for i := range e.children {
		e.children[i].write(b)
	}
	b.WriteString("</" + e.name + ">")
}

// document returns an answer in XML.
func (e *element) document() []byte {
	var b bytes.Buffer
	b.WriteString(declaration)
	e.write(&b)
	return b.Bytes()
}

// escape writes text with everything that is special to XML escaped, and what XML
// cannot hold replaced.
func escape(b *bytes.Buffer, text string) { _ = xml.EscapeText(b, []byte(text)) } // a buffer takes every write

// send answers in the format that was asked for.
func (c *call) send(status int, value any, e *element) error {
	if formatOf(c.Exchange) == formatJSON {
		wire.SendJSON(c.w, c.r, c.Exchange, status, value)
		return nil
	}
	wire.Send(c.w, c.r, c.Exchange, status, asXML, e.document())
	return nil
}

// A user is somebody in an answer.
type user struct {
	Time   string `json:"time"`
	Action string `json:"action"`
	ID     int64  `json:"id"`
	Login  string `json:"login"`
}

// sendUser says what was done with whom.
func (c *call) sendUser(action string, p *sallyport.Principal) error {
	u := user{stamp(c.Now()), action, numberOf(p.ID), p.Login}
	return c.send(http.StatusOK, map[string]user{"user": u}, u.element())
}

func (u *user) element() *element {
	return &element{name: "user", attrs: []string{"time", u.Time, "action", u.Action, "id", decimal(u.ID), "login", u.Login}}
}

// has reports whether a list with blanks between its words has one of them.
func has(list, word string) bool {
	for one := range strings.FieldsSeq(list) {
		if one == word {
			return true
		}
	}
	return false
}
