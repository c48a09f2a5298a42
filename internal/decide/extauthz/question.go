package extauthz

import (
	"errors"
	"net/http"
	"net/netip"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/sallyport/sallyport/internal/decide"
	"github.com/sallyport/sallyport/internal/decide/wire"
)

// A question is what of an envoy.service.auth.v3.CheckRequest is read. Its strings
// are parts of one.
type question struct {
	method, path, host, scheme string
	query, fragment            string // always empty: both are in path

	fields []field // of headers or header_map, in their order
	merged bool    // headers is there: one entry for all values of a name
	listed bool    // header_map is there: an entry for each

	source  string // address.socket_address.address of the source
	rawBody string
}

// A field is a header as Envoy names it, pseudo-headers included.
type field struct {
	name  string
	value string
	raw   string // value in header_map
}

var errMalformed = errors.New("the message is not a CheckRequest")

// A walker goes through the fields of messages.
type walker struct {
	data []byte
	text string // the same
}

// each calls f with every field of the message between from and to that is of bytes,
// and skips the others.
func (w *walker) each(from, to int, f func(number, from, to int) error) error {
	for from < to {
		number, kind, n := protowire.ConsumeTag(w.data[from:to])
		if n < 0 {
			return errMalformed
		}
		from += n
		if kind != protowire.BytesType {
			if n = protowire.ConsumeFieldValue(number, kind, w.data[from:to]); n < 0 {
				return errMalformed
			}
			from += n
			continue
		}
		value, n := protowire.ConsumeBytes(w.data[from:to])
		if n < 0 {
			return errMalformed
		}
		from += n
		if err := f(int(number), from-len(value), from); err != nil {
			return err
		}
	}
	return nil
}

// only calls f with every field of one number.
func (w *walker) only(wanted, from, to int, f func(from, to int) error) error {
	return w.each(from, to, func(number, from, to int) error {
		if number != wanted {
			return nil
		}
		return f(from, to)
	})
}

// read reads a CheckRequest. The numbers are those of attribute_context.proto. A
// message that is there twice is one, as everywhere in protocol buffers; of a text
// that is, the last one counts.
func (q *question) read(data []byte) error {
	w := &walker{data, string(data)}
	const attributes = 1
	return w.only(attributes, 0, len(data), func(from, to int) error { return q.readAttributes(w, from, to) })
}

func (q *question) readAttributes(w *walker, from, to int) error {
	return w.each(from, to, func(number, from, to int) error {
		switch number {
		case 1: // source, with its address
			return w.only(1, from, to, func(from, to int) error { return q.readAddress(w, from, to) })
		case 4: // request, with what HTTP says of it
			return w.only(2, from, to, func(from, to int) error { return q.readHTTP(w, from, to) })
		}
		return nil
	})
}

// readAddress reads an envoy.config.core.v3.Address, which is one of three: a socket
// address is what there is for a connection over IP.
func (q *question) readAddress(w *walker, from, to int) error {
	return w.each(from, to, func(number, from, to int) error {
		switch number {
		case 1: // socket_address, with its address
			return w.only(2, from, to, func(from, to int) error {
				q.source = w.text[from:to]
				return nil
			})
		case 2, 3: // pipe, envoy_internal_address
			q.source = ""
		}
		return nil
	})
}

func (q *question) readHTTP(w *walker, from, to int) error {
	return w.each(from, to, func(number, from, to int) error {
		switch text := w.text[from:to]; number {
		case 2:
			q.method = text
		case 3:
			q.merged = true
			return q.readField(w, from, to)
		case 4:
			q.path = text
		case 5:
			q.host = text
		case 6:
			q.scheme = text
		case 7:
			q.query = text
		case 8:
			q.fragment = text
		case 12:
			q.rawBody = text
		case 13: // header_map, with its headers
			q.listed = true
			return w.only(1, from, to, func(from, to int) error { return q.readField(w, from, to) })
		}
		return nil
	})
}

// readField reads an entry of headers or a HeaderValue, which have the same numbers.
func (q *question) readField(w *walker, from, to int) error {
	var f field
	err := w.each(from, to, func(number, from, to int) error {
		switch text := w.text[from:to]; number {
		case 1:
			f.name = text
		case 2:
			f.value = text
		case 3:
			f.raw = text
		}
		return nil
	})
	q.fields = append(q.fields, f)
	return err
}

// What may be wrong with a question, for the operator's log.
const (
	unlike    = "is not what the request has"
	noName    = "is not a name"
	noValue   = "has control characters"
	twofold   = "is there more than once"
	notEmpty  = "is not empty, though it is part of path"
	bothKinds = "is there beside header_map"
	noMessage = "is not a CheckRequest"
)

// into makes the client's request of the question. The header of the request must be
// empty; its values are kept in room.
func (q *question) into(r *http.Request, c *decide.Check, room *[]string) {
	r.Method, r.RequestURI, r.Host = q.method, q.path, q.host
	switch {
	case q.query != "":
		c.Fault = decide.Fault{Header: "query", What: notEmpty}
	case q.fragment != "":
		c.Fault = decide.Fault{Header: "fragment", What: notEmpty}
	case q.merged && q.listed:
		c.Fault = decide.Fault{Header: "headers", What: bothKinds}
	default:
		c.Fault = q.header(r.Header, room)
	}
	if at, err := netip.ParseAddr(q.source); err == nil {
		c.Peer = at
	}
	// Envoy says whether it shows the whole body, in place of what a client says there.
	// A body of no bytes may be one that it does not show.
	if partial := r.Header[partialBody]; len(partial) == 1 && partial[0] == "false" && q.rawBody != "" {
		c.Body, c.Shown = []byte(q.rawBody), true
	}
	delete(r.Header, partialBody)
}

const partialBody = "X-Envoy-Auth-Partial-Body"

// header fills h with the client's headers. The pseudo-headers among them must say
// what the request says: there is one target.
func (q *question) header(h http.Header, room *[]string) decide.Fault {
	values := (*room)[:0]
	defer func() { *room = values }()
	for i := range q.fields {
		f := &q.fields[i]
		value := f.value
		switch {
		case f.raw != "" && value != "":
			return decide.Fault{Header: f.name, What: twofold}
		case f.raw != "":
			value = f.raw
		}
		if is, ok := q.pseudo(f.name); ok {
			if is != value {
				return decide.Fault{Header: f.name, What: unlike}
			}
			continue
		}
		name, ok := wire.FieldName(f.name)
		switch {
		case !ok || name == "":
			return decide.Fault{Header: "headers", What: noName}
		case !wire.IsValue(value):
			return decide.Fault{Header: name, What: noValue}
		}
		if before := h[name]; before != nil {
			h[name] = append(before, value)
			continue
		}
		values = append(values, value)
		h[name] = values[len(values)-1 : len(values) : len(values)]
	}
	return decide.Fault{}
}

// pseudo returns what a header must say that stands for a part of the request.
func (q *question) pseudo(name string) (is string, ok bool) {
	switch name {
	case ":method":
		return q.method, true
	case ":path":
		return q.path, true
	case ":authority", "host", "Host":
		return q.host, true
	case ":scheme":
		return q.scheme, true
	}
	return "", false
}

// reset makes the question ready for another use.
func (q *question) reset() { *q = question{fields: q.fields[:0]} }
