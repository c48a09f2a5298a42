package orchestrator

import (
	"bytes"
	"encoding/xml"
	"net/http"

	"github.com/sallyport/sallyport/demo/platform/web"
)

// An answer is one result in both formats. The zero status is 200. An answer
// with a text is that text alone, whatever the format.
type answer struct {
	status int
	json   any
	xml    node
	text   *string
}

func (a answer) write(w http.ResponseWriter, format string) error {
	if a.status == 0 {
		a.status = http.StatusOK
	}
	if a.text == nil && format == "json" {
		return web.JSON(w, a.status, a.json)
	}
	var b bytes.Buffer
	w.Header().Set("X-Content-Type-Options", "nosniff")
	if a.text != nil {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		b.WriteString(*a.text)
	} else {
		w.Header().Set("Content-Type", "application/xml; charset=utf-8")
		b.WriteString(`<?xml version="1.0" encoding="UTF-8"?>` + "\n")
		a.xml.write(&b)
		b.WriteByte('\n')
	}
	w.WriteHeader(a.status)
	_, _ = w.Write(b.Bytes())
	return nil
}

// A node is an element of an XML answer: it holds a text or other nodes.
type node struct {
	name     string
	attrs    []string // names and values in turn
	text     string
	children []node
}

// leaf is an element that holds only text.
func leaf(name, text string) node { return node{name: name, text: text} }

func (n node) write(b *bytes.Buffer) {
	b.WriteString("<" + n.name)
	for i := 0; i+1 < len(n.attrs); i += 2 {
		b.WriteString(" " + n.attrs[i] + `="`)
		escape(b, n.attrs[i+1])
		b.WriteByte('"')
	}
	if n.text == "" && len(n.children) == 0 {
		b.WriteString("/>")
		return
	}
	b.WriteByte('>')
	escape(b, n.text)
	for _, c := range n.children {
		c.write(b)
	}
	b.WriteString("</" + n.name + ">")
}

// escape writes text with everything that is special to XML escaped and what
// XML cannot hold replaced.
func escape(b *bytes.Buffer, text string) {
	_ = xml.EscapeText(b, []byte(text)) // a buffer takes every write
}
