package httpapi

import (
	"net/http"
	"reflect"
	"strings"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/api"
	"github.com/sallyport/sallyport/internal/admin"
)

// An access says who an operation is for.
type access int

const (
	holder  access = iota // who holds its permission; the first door asks for it already
	checked               // the same, but only admin knows in which tenant; the doors ask for a principal
	self                  // any principal: it is about what is his own
	anybody               // also without a credential, at which nobody looks
)

// An operation is one row of the table that is this API.
type operation struct {
	id      string // such as "users.create"; also the route's
	method  string
	path    string // below the base path, as [http.ServeMux] has it
	access  access
	want    sallyport.Permission // empty: none
	tag     string
	summary string // one line, a sentence without a full stop
	detail  string // more, if there is more to say
	scopes  []string

	every     bool  // {tenant} may be "*"
	versioned bool  // If-Match is needed
	once      bool  // an Idempotency-Key is understood
	most      int64 // bytes of the body; 0: [maxBody]
	status    int   // of success

	query  []reflect.Type // structs with tags "query"
	body   reflect.Type   // nil: none
	answer reflect.Type   // nil: none
	cookie bool           // the answer may set the session cookie

	serve func(*Handler, *call) (any, error)
}

// An option changes a row.
type option func(*operation)

// everyTenant lets "*" stand for the installation in the path.
func everyTenant(op *operation) { op.every = true }

// lateCheck leaves the permission to admin, which knows the tenant.
func lateCheck(op *operation) { op.access = checked }

// unversioned takes a change that overwrites nothing.
func unversioned(op *operation) { op.versioned = false }

// more adds to the summary.
func more(detail string) option { return func(op *operation) { op.detail = detail } }

// scoped names the scopes of which a limited token needs one, where the
// permission does not say it.
func scoped(scopes ...string) option { return func(op *operation) { op.scopes = scopes } }

// public lets in who has no credential.
func public(op *operation) { op.access = anybody }

// answers gives the status of success.
func answers(status int) option { return func(op *operation) { op.status = status } }

// setsCookie says that the answer may set the session cookie.
func setsCookie(op *operation) { op.cookie = true }

// row makes a row. An operation without a permission is about what is the
// caller's own.
func row(id, method, path string, want sallyport.Permission, summary string, options []option) operation {
	op := operation{id: id, method: method, path: path, want: want, summary: summary, status: http.StatusOK}
	op.tag, _, _ = strings.Cut(id, ".")
	if want == "" {
		op.access, op.scopes = self, []string{"self", "write"}
	}
	for _, o := range options {
		o(&op)
	}
	return op
}

// list is a row that answers with a page of T, chosen by F.
func list[T, F any](id, path string, want sallyport.Permission, summary string,
	serve func(*Handler, *call, F, admin.Page) (api.List[T], error), options ...option,
) operation {
	return paged(id, path, want, summary, serve, options...)
}

// paged is list for an answer A that says more than what is on the page.
func paged[A, F any](id, path string, want sallyport.Permission, summary string,
	serve func(*Handler, *call, F, admin.Page) (A, error), options ...option,
) operation {
	op := row(id, http.MethodGet, path, want, summary, options)
	op.query = []reflect.Type{reflect.TypeFor[F](), reflect.TypeFor[api.Page]()}
	op.answer = reflect.TypeFor[A]()
	op.serve = func(h *Handler, c *call) (any, error) {
		var filter F
		var page api.Page
		if err := c.query(&filter, &page); err != nil {
			return nil, err
		}
		return serve(h, c, filter, admin.Page{Limit: page.Limit, Cursor: page.Cursor})
	}
	return op
}

// get is a row that answers with a T.
func get[T any](id, path string, want sallyport.Permission, summary string,
	serve func(*Handler, *call) (T, error), options ...option,
) operation {
	return find(id, path, want, summary, func(h *Handler, c *call, _ struct{}) (T, error) { return serve(h, c) }, options...)
}

// find is get with query parameters F.
func find[T, F any](id, path string, want sallyport.Permission, summary string,
	serve func(*Handler, *call, F) (T, error), options ...option,
) operation {
	op := row(id, http.MethodGet, path, want, summary, options)
	op.query = []reflect.Type{reflect.TypeFor[F]()}
	op.answer = reflect.TypeFor[T]()
	op.serve = func(h *Handler, c *call) (any, error) {
		var filter F
		if err := c.query(&filter); err != nil {
			return nil, err
		}
		return serve(h, c, filter)
	}
	return op
}

// nothing is the answer of an operation that has none.
type nothing struct{}

// send is a row that takes an In and answers with an Out.
func send[In, Out any](id, method, path string, want sallyport.Permission, summary string,
	serve func(*Handler, *call, In) (Out, error), options ...option,
) operation {
	op := row(id, method, path, want, summary, options)
	op.body = reflect.TypeFor[In]()
	op.answers(reflect.TypeFor[Out]())
	op.serve = func(h *Handler, c *call) (any, error) {
		var in In
		if err := c.body(&in); err != nil {
			return nil, err
		}
		return serve(h, c, in)
	}
	return op
}

// act is a row that takes nothing and answers with an Out.
func act[Out any](id, method, path string, want sallyport.Permission, summary string,
	serve func(*Handler, *call) (Out, error), options ...option,
) operation {
	op := row(id, method, path, want, summary, options)
	op.answers(reflect.TypeFor[Out]())
	op.serve = func(h *Handler, c *call) (any, error) {
		if err := c.query(); err != nil {
			return nil, err
		}
		return serve(h, c)
	}
	return op
}

func (op *operation) answers(t reflect.Type) {
	if t == reflect.TypeFor[nothing]() {
		op.status = http.StatusNoContent
		return
	}
	op.answer = t
}

// create is a row that makes something.
func create[In, Out any](id, path string, want sallyport.Permission, summary string,
	serve func(*Handler, *call, In) (Out, error), options ...option,
) operation {
	options = append([]option{answers(http.StatusCreated), func(op *operation) { op.once = true }}, options...)
	return send(id, http.MethodPost, path, want, summary, serve, options...)
}

// update is a row that changes something.
func update[In, Out any](id, path string, want sallyport.Permission, summary string,
	serve func(*Handler, *call, In) (Out, error), options ...option,
) operation {
	return send(id, http.MethodPatch, path, want, summary, serve, append([]option{versioned}, options...)...)
}

// remove is a row that ends something.
func remove(id, path string, want sallyport.Permission, summary string,
	serve func(*Handler, *call) (nothing, error), options ...option,
) operation {
	return act(id, http.MethodDelete, path, want, summary, serve, append([]option{versioned}, options...)...)
}

// versioned asks for the version that was read.
func versioned(op *operation) { op.versioned = true }
