package httpapi

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/netip"
	"net/url"
	"reflect"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/admin"
	"github.com/sallyport/sallyport/internal/respond"
	"github.com/sallyport/sallyport/internal/strictjson"
)

// maxBody bounds a request's body, in bytes.
const maxBody = 1 << 20

// A call is one request to one operation.
type call struct {
	ctx     context.Context
	w       http.ResponseWriter
	r       *http.Request
	op      *operation
	h       *Handler
	actor   admin.Actor
	client  netip.Addr
	tenant  sallyport.TenantID // of the path; empty if it names none
	version int64              // from If-Match
	made    string             // id of what was made, for Location
}

// register puts an operation behind its path.
func (h *Handler) register(op operation) {
	documented := h.describe(&op)
	h.api.Adapter().Handle(documented, func(ctx huma.Context) {
		r, w := humago.Unwrap(ctx)
		h.run(w, r, &op)
	})
}

// run carries an operation out.
func (h *Handler) run(w http.ResponseWriter, r *http.Request, op *operation) {
	c, err := h.call(w, r, op)
	if err != nil {
		h.fail(w, r, op, err)
		return
	}
	out, err := op.serve(h, c)
	if err != nil {
		h.fail(w, r, op, err)
		return
	}
	h.answer(c, out)
}

func (h *Handler) call(w http.ResponseWriter, r *http.Request, op *operation) (*call, error) {
	v := visitOf(r.Context())
	if v == nil || v.decision.Route != op.id && v.decision.Route != op.id+everySuffix {
		return nil, errors.New("the route that was decided on is not the operation that is served")
	}
	c := &call{ctx: r.Context(), w: w, r: r, op: op, h: h, client: v.request.Client}
	address := ""
	if c.client.IsValid() {
		address = c.client.String()
	}
	c.actor = admin.ActorOf(&v.decision, address)
	if err := c.checkPath(); err != nil {
		return nil, err
	}
	c.tenant = sallyport.TenantID(r.PathValue("tenant"))
	if !op.versioned {
		return c, nil
	}
	var err error
	c.version, err = versionFrom(r.Header)
	return c, err
}

// checkPath refuses ids that nothing can have.
func (c *call) checkPath() error {
	for segment := range strings.SplitSeq(c.op.path, "/") {
		if segment == "" || segment[0] != '{' {
			continue
		}
		name := strings.Trim(segment, "{}")
		value := c.r.PathValue(name)
		good := sallyport.IsUUID(value)
		switch name {
		case "realm", "api":
			good = utf8.ValidString(value)
		case "request":
			good = len(value) >= 8 && len(value) <= 64 && !strings.ContainsFunc(value, func(r rune) bool { return r <= ' ' || r > '~' })
		case "pseudonym":
			good = value != "" // admin says what is wrong with it
		case "tenant":
			good = good || c.op.every && value == string(sallyport.EveryTenant)
		}
		if !good {
			return sallyport.ErrNotFound("there is no such " + name)
		}
	}
	return nil
}

// path returns a part of the path.
func (c *call) path(name string) string { return c.r.PathValue(name) }

// versionFrom reads If-Match (RFC 9110 section 13.1.1): one ETag of ours, or "*"
// for whatever is there. Without it the version is 0.
func versionFrom(h http.Header) (int64, error) {
	values := h["If-Match"]
	if len(values) == 0 {
		return 0, nil
	}
	text := strings.TrimSpace(values[0])
	if len(values) == 1 && text == "*" {
		return admin.AnyVersion, nil
	}
	inner, opened := strings.CutPrefix(text, `"`)
	inner, closed := strings.CutSuffix(inner, `"`)
	version, err := strconv.ParseInt(inner, 10, 64)
	if len(values) != 1 || !opened || !closed || err != nil || version < 1 || inner[0] == '+' {
		return 0, badRequest("If-Match", `is not one ETag that this API gave out, such as "3"`)
	}
	return version, nil
}

// badRequest is a fault of the request itself, apart from what it asks for.
func badRequest(field, message string) error {
	return &sallyport.Error{Kind: sallyport.Refused, Reason: sallyport.HeaderMalformed, Field: field, Message: field + " " + message}
}

// errMediaType says that the body is in a format that is not read.
var errMediaType = errors.New("the body is not application/json")

// body reads the body into in.
func (c *call) body(in any) error {
	if err := c.query(); err != nil {
		return err
	}
	h := c.r.Header
	kind, _, err := mime.ParseMediaType(h.Get("Content-Type"))
	if len(h["Content-Type"]) != 1 || err != nil || kind != "application/json" || h.Get("Content-Encoding") != "" {
		return errMediaType
	}
	text, err := io.ReadAll(http.MaxBytesReader(c.w, c.r.Body, cmp.Or(c.op.most, maxBody)))
	if err != nil {
		if _, large := errors.AsType[*http.MaxBytesError](err); large {
			return err
		}
		return &sallyport.Error{Kind: sallyport.Refused, Reason: sallyport.BodyMalformed, Message: "The body could not be read to its end."}
	}
	if c.op.once {
		if err := c.idempotent(text); err != nil {
			return err
		}
	}
	return faultsOf(strictjson.Unmarshal(text, in))
}

// faultsOf turns the faults of a body into errors with fields.
func faultsOf(err error) error {
	faulty, ok := errors.AsType[*strictjson.Error](err)
	if !ok {
		return err
	}
	var list []error
	for _, f := range faulty.Faults {
		subject := f.Path
		if subject == "" {
			subject = "the body"
		}
		list = append(list, &sallyport.Error{
			Kind: sallyport.Refused, Reason: sallyport.BodyMalformed, Field: f.Path, Message: subject + " " + f.Message,
		})
	}
	return errors.Join(list...)
}

// idempotent notes the request if it has an Idempotency-Key. What is kept of it
// is a keyed digest: there may be a password in it.
func (c *call) idempotent(body []byte) error {
	switch keys := c.r.Header["Idempotency-Key"]; len(keys) {
	case 0:
		return nil
	case 1:
		digest := c.h.requests.Digest(c.r.Method + "\n" + c.r.URL.EscapedPath() + "\n" + string(body))
		c.actor.Once = &admin.Once{Key: keys[0], Request: digest}
		return nil
	default:
		return badRequest("Idempotency-Key", "is there twice; send one")
	}
}

// query reads the query parameters into structs with tags "query", and refuses
// those that none of them has.
func (c *call) query(into ...any) error {
	values, err := url.ParseQuery(c.r.URL.RawQuery)
	if err != nil {
		return &sallyport.Error{Kind: sallyport.Refused, Reason: sallyport.QueryMalformed, Message: "The query cannot be read; write name=value&name=value."}
	}
	var faults []error
	for _, target := range into {
		v := reflect.ValueOf(target).Elem()
		for i := range v.NumField() {
			name := v.Type().Field(i).Tag.Get("query")
			given, ok := values[name]
			delete(values, name)
			if message := setParameter(v.Field(i), v.Type().Field(i).Tag, given); ok && message != "" {
				faults = append(faults, badParameter(name, message))
			} else if !ok && v.Type().Field(i).Tag.Get("required") == "true" {
				faults = append(faults, badParameter(name, "is missing"))
			}
		}
	}
	for name := range values {
		faults = append(faults, badParameter(printable(name), "is not a parameter here; leave it out"))
	}
	return errors.Join(faults...)
}

func badParameter(name, message string) error {
	return &sallyport.Error{Kind: sallyport.Refused, Reason: sallyport.QueryMalformed, Field: name, Message: name + " " + message}
}

// printable is a name as it may be repeated.
func printable(name string) string {
	const longest = 64
	if len(name) > longest || strings.ContainsFunc(name, func(r rune) bool { return r < ' ' || r > '~' }) {
		return "?"
	}
	return name
}

// answer sends what an operation returned.
func (h *Handler) answer(c *call, out any) {
	header := c.w.Header()
	header.Set("Cache-Control", "no-store")
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Vary", strings.Join(respond.Vary(nil), ", "))
	header.Set(respond.HeaderRevision, strconv.FormatUint(uint64(h.Doors.Revision()), 10))
	if c.made != "" {
		header.Set("Location", c.r.URL.EscapedPath()+"/"+url.PathEscape(c.made))
	}
	if c.op.answer == nil {
		c.w.WriteHeader(c.op.status)
		return
	}
	if version := versionOf(out); version > 0 {
		header.Set("ETag", `"`+strconv.FormatInt(version, 10)+`"`)
	}
	if list, ok := out.(interface{ NextCursor() string }); ok && list.NextCursor() != "" {
		query := c.r.URL.Query()
		query.Set("cursor", list.NextCursor())
		header.Set("Link", "<"+c.r.URL.EscapedPath()+"?"+query.Encode()+`>; rel="next"`)
	}
	text, ok := out.(json.RawMessage)
	if !ok {
		var err error
		if text, err = json.Marshal(out); err != nil {
			h.fail(c.w, c.r, c.op, err)
			return
		}
	}
	header.Set("Content-Type", "application/json")
	header.Set("Content-Length", strconv.Itoa(len(text)))
	c.w.WriteHeader(c.op.status)
	_, _ = c.w.Write(text) // the caller went away; there is nobody to tell
}

// versionOf returns the field Version of an answer, 0 if it has none.
func versionOf(out any) int64 {
	v := reflect.ValueOf(out)
	if v.Kind() != reflect.Struct {
		return 0
	}
	if f := v.FieldByName("Version"); f.IsValid() && f.CanInt() {
		return f.Int()
	}
	return 0
}
