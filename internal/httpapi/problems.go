package httpapi

import (
	"net/http"
	"reflect"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/api"
	"github.com/sallyport/sallyport/internal/respond"
)

const exampleID = "q0J1yZ4wS8y3Wn5d7Kx2Lg"

// problemResponses returns the answers of failure that are the same for all
// operations, each with an example of what is really sent.
func problemResponses(registry huma.Registry) map[string]*huma.Response {
	schema := schemaOf(registry, reflect.TypeFor[api.Problem]())
	all := map[string]*huma.Response{}
	some := &operation{body: reflect.TypeFor[api.NewRole]()}
	for status, err := range map[int]error{
		400: faultsExample(sallyport.Refused, sallyport.BodyMalformed, "ROLES", "ROLES is not a field here; did you mean roles?"),
		401: refusedExample(sallyport.CredentialUnknown),
		403: refusedExample(sallyport.ScopeInsufficient),
		404: sallyport.ErrNotFound("no such user"),
		409: sallyport.ErrConflict("name", "there is a role of this name already; choose another"),
		412: &sallyport.Error{Kind: sallyport.Changed, Message: "the role was changed by somebody else; read it again"},
		413: refusedExample(sallyport.BodyTooLarge),
		415: errMediaType,
		422: faultsExample(sallyport.Invalid, "", "email", "email is not an address such as jo@example.com"),
		428: &sallyport.Error{Kind: sallyport.MissingMatch, Message: "say which version you read; with If-Match and the ETag of what you read"},
		429: &sallyport.Error{Kind: sallyport.Throttled},
		500: &sallyport.Error{Kind: sallyport.Internal},
		503: &sallyport.Error{Kind: sallyport.Unavailable, Reason: sallyport.StoreUnavailable},
	} {
		all[responseName(status)] = problemResponse(schema, status, some.problem(err, exampleID))
	}
	return all
}

func refusedExample(reason sallyport.Reason) error {
	return &sallyport.Error{Kind: sallyport.Refused, Reason: reason}
}

func faultsExample(kind sallyport.Kind, reason sallyport.Reason, field, message string) error {
	return &sallyport.Error{Kind: kind, Reason: reason, Field: field, Message: message}
}

// responseName names a failure in the document: "NotFound" for 404.
func responseName(status int) string { return strings.ReplaceAll(http.StatusText(status), " ", "") }

func problemResponse(schema *huma.Schema, status int, p respond.Problem) *huma.Response {
	text := func(what string) *huma.Param {
		return &huma.Param{Description: what, Schema: &huma.Schema{Type: "string"}}
	}
	headers := map[string]*huma.Param{"X-Request-Id": text("Names this request in logs.")}
	switch status {
	case http.StatusUnauthorized:
		headers["WWW-Authenticate"] = text("How to authenticate, one challenge per line.")
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		headers["Retry-After"] = text("When to come again, in seconds.")
	}
	return &huma.Response{
		Description: http.StatusText(status), Headers: headers,
		Content: map[string]*huma.MediaType{"application/problem+json": {Schema: schema, Example: p}},
	}
}

// forbidden is the answer to who does not hold the permission of an operation.
func (op *operation) forbidden(registry huma.Registry) *huma.Response {
	err := &sallyport.Error{
		Kind: sallyport.Refused, Reason: sallyport.PermissionMissing, Missing: []sallyport.Permission{op.want},
		Message: sallyport.PermissionMissing.Info().Public,
	}
	p := respond.DefaultDocs.ProblemOf(err, exampleID)
	return problemResponse(schemaOf(registry, reflect.TypeFor[api.Problem]()), http.StatusForbidden, p)
}
