package httpapi

import (
	"net/http"
	"net/netip"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/api"
)

// Version is the version of the API as its document says it. It changes when the
// document does.
const Version = "1.0.0"

const about = "Everything that can be done to a Sallyport installation. A tenant is named by its UUID; " +
	"where an operation says so, `*` stands for what belongs to the installation as a whole. " +
	"What is changed or deleted was read before: send the ETag that you got in If-Match. " +
	"A create can be repeated safely with an Idempotency-Key. " +
	"A secret is in the answer that made it and never again. " +
	"Errors are problem documents (RFC 9457) with a `reason` that is explained at their `type`."

// newAPI returns an API of huma without operations.
func newAPI(mux *http.ServeMux, cookie string) huma.API {
	registry := huma.NewMapRegistry("#/components/schemas/", schemaName)
	for from, to := range map[reflect.Type]reflect.Type{
		reflect.TypeFor[api.Nullable[sallyport.TenantID]](): reflect.TypeFor[sallyport.TenantID](),
		reflect.TypeFor[api.Nullable[sallyport.Duration]](): reflect.TypeFor[sallyport.Duration](),
		reflect.TypeFor[api.Nullable[time.Time]]():          reflect.TypeFor[time.Time](),
		reflect.TypeFor[api.Nullable[[]string]]():           reflect.TypeFor[[]string](),
		reflect.TypeFor[api.Nullable[[]netip.Prefix]]():     reflect.TypeFor[[]netip.Prefix](),
	} {
		registry.RegisterTypeAlias(from, to)
	}
	config := huma.Config{OpenAPI: &huma.OpenAPI{
		OpenAPI: "3.1.0",
		Info: &huma.Info{
			Title: "Sallyport management API", Version: Version, Description: about,
			License: &huma.License{Name: "Apache-2.0", Identifier: "Apache-2.0"},
		},
		Servers: []*huma.Server{{URL: basePath()}},
		Components: &huma.Components{
			Schemas:   registry,
			Responses: problemResponses(registry),
			SecuritySchemes: map[string]*huma.SecurityScheme{
				"bearer":  {Type: "http", Scheme: "bearer", Description: "A personal token, an application token, an API key or an access token."},
				"basic":   {Type: "http", Scheme: "basic", Description: "Login and password."},
				"session": {Type: "apiKey", In: "cookie", Name: cookie, Description: "From signing in. Changes need proof that the request comes from a page of the same origin."},
			},
		},
		Security: []map[string][]string{{"bearer": {}}, {"basic": {}}, {"session": {}}},
		Tags:     tags(),
	}}
	return humago.NewWithPrefix(mux, basePath(), config)
}

// schemaName names the schema of a type. Two types of different packages are
// called API.
func schemaName(t reflect.Type, hint string) string {
	if t == reflect.TypeFor[sallyport.API]() {
		return "APIDocument"
	}
	return huma.DefaultSchemaNamer(t, hint)
}

func tags() []*huma.Tag {
	return []*huma.Tag{
		{Name: "tenants", Description: "Isolation boundaries."},
		{Name: "realms", Description: "Named partitions of the resources of a tenant."},
		{Name: "users", Description: "Accounts of persons and services."},
		{Name: "groups", Description: "Sets of users that can be bound to roles."},
		{Name: "roles", Description: "Named sets of permissions."},
		{Name: "bindings", Description: "Who has which role where."},
		{Name: "keys", Description: "API keys: principals with roles of their own in one tenant."},
		{Name: "credentials", Description: "The tokens of others."},
		{Name: "leaked", Description: "Secrets that got into wrong hands."},
		{Name: "sessions", Description: "The sessions and sign-ins of others."},
		{Name: "me", Description: "What is the caller's own. Everybody may do this."},
		{Name: "session", Description: "Signing in and out with a browser."},
		{Name: "apis", Description: "The protected APIs."},
		{Name: "signing-keys", Description: "Keys that access tokens and assertions are signed with."},
		{Name: "policy", Description: "Policies as files: what is to be so, tests of it, and what would change."},
		{Name: "audit", Description: "What was done, by whom."},
		{Name: "decisions", Description: "What the doors decided, and why."},
		{Name: "advice", Description: "What is granted, against what is used."},
		{Name: "shadows", Description: "Drafts of policies that are tried on real requests."},
		{Name: "can-i", Description: "What they would decide."},
		{Name: "who-can", Description: "Who may do something."},
		{Name: "changes", Description: "What changed rights."},
		{Name: "document", Description: "This document."},
	}
}

// describe adds an operation to the document.
func (h *Handler) describe(op *operation) *huma.Operation {
	doc, registry := h.api.OpenAPI(), h.api.OpenAPI().Components.Schemas
	d := &huma.Operation{
		OperationID: op.id, Method: op.method, Path: op.path, Tags: []string{op.tag},
		Summary: op.summary, Description: op.description(), DefaultStatus: op.status,
		Parameters: op.parameters(registry), Responses: op.responses(registry),
		Extensions: map[string]any{},
	}
	if op.want != "" {
		d.Extensions["x-permission"] = string(op.want)
	}
	if scopes := op.reachedBy(); len(scopes) > 0 {
		d.Extensions["x-scopes"] = scopes
	}
	if op.access == anybody {
		d.Security = []map[string][]string{{}}
	}
	if op.body != nil {
		d.RequestBody = &huma.RequestBody{
			Required: true, Content: map[string]*huma.MediaType{"application/json": {Schema: schemaOf(registry, op.body)}},
		}
	}
	doc.AddOperation(d)
	return d
}

// description says what an operation needs.
func (op *operation) description() string {
	var b strings.Builder
	if op.detail != "" {
		b.WriteString(op.detail + " ")
	}
	switch op.access {
	case anybody:
		b.WriteString("Anybody may do this, without a credential.")
	case self:
		b.WriteString("Everybody may do this.")
	case holder, checked:
		b.WriteString("It needs the permission `" + string(op.want) + "`.")
	}
	if op.every {
		b.WriteString(" The tenant can be `*`.")
	}
	return b.String()
}

// reachedBy returns the scopes of which a limited token needs one.
func (op *operation) reachedBy() []string {
	var out []string
	switch {
	case op.access == anybody:
		return nil
	case op.scopes != nil:
		for _, s := range op.scopes {
			out = append(out, "sallyport/"+s)
		}
	case strings.HasSuffix(string(op.want), ".read"):
		out = []string{"sallyport/read", "sallyport/write"}
	default:
		out = []string{"sallyport/write"}
	}
	return append(out, "sallyport")
}

// schemaOf returns the schema of a type of package api.
func schemaOf(registry huma.Registry, t reflect.Type) *huma.Schema {
	s := registry.Schema(t, true, "")
	plainLists(registry, t, map[reflect.Type]bool{})
	return s
}

// plainLists corrects what huma thinks of lists, that each can be null, and of
// [api.Nullable], of which it knows nothing.
func plainLists(registry huma.Registry, t reflect.Type, seen map[reflect.Type]bool) {
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct || seen[t] {
		return
	}
	seen[t] = true
	schema := registry.Map()[schemaName(t, "")]
	for f := range t.Fields() {
		if f.Anonymous {
			embedded(schema, f.Type)
			plainLists(registry, f.Type, seen)
			continue
		}
		plainLists(registry, f.Type, seen)
		correct(schema, f)
	}
}

// embedded corrects the fields that a struct has from another.
func embedded(schema *huma.Schema, t reflect.Type) {
	for f := range t.Fields() {
		correct(schema, f)
	}
}

func correct(schema *huma.Schema, f reflect.StructField) {
	name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
	if schema == nil || schema.Properties[name] == nil {
		return
	}
	schema.Properties[name].Nullable = f.Type.Implements(reflect.TypeFor[interface{ IsNull() bool }]())
}

// parameters lists what an operation takes besides its body.
func (op *operation) parameters(registry huma.Registry) []*huma.Param {
	var all []*huma.Param
	for segment := range strings.SplitSeq(op.path, "/") {
		if strings.HasPrefix(segment, "{") {
			all = append(all, op.pathParameter(strings.Trim(segment, "{}")))
		}
	}
	for _, t := range op.query {
		for f := range t.Fields() {
			schema := huma.SchemaFromField(registry, f, "")
			schema.Description = "" // the parameter has it
			all = append(all, &huma.Param{
				Name: f.Tag.Get("query"), In: "query", Required: f.Tag.Get("required") == "true",
				Description: f.Tag.Get("doc"), Schema: schema,
			})
		}
	}
	if op.versioned {
		all = append(all, &huma.Param{
			Name: "If-Match", In: "header", Required: true, Example: `"3"`, Schema: &huma.Schema{Type: "string"},
			Description: "The ETag of what was read, or `*` for whatever is there.",
		})
	}
	if op.once {
		longest := 128
		all = append(all, &huma.Param{
			Name: "Idempotency-Key", In: "header", Schema: &huma.Schema{Type: "string", MaxLength: &longest},
			Description: "Chosen by the client. The same request with the same key is answered with what the first one made, without its secret.",
		})
	}
	return all
}

func (op *operation) pathParameter(name string) *huma.Param {
	schema := &huma.Schema{Type: "string", Format: "uuid"}
	text := "Id of the " + name + "."
	switch {
	case name == "realm" || name == "api":
		schema.Format, text = "", "Name of the "+strings.Replace(name, "api", "API", 1)+"."
	case name == "request":
		schema.Format, text = "", "The X-Request-Id of the answer."
	case name == "signin":
		text = "Id of the sign-in."
	case name == "tenant" && op.every:
		schema.Format, text = "", "Id of the tenant, or `*` for the installation."
	}
	return &huma.Param{Name: name, In: "path", Required: true, Description: text, Schema: schema}
}

// responses lists what an operation can answer.
func (op *operation) responses(registry huma.Registry) map[string]*huma.Response {
	success := &huma.Response{Description: http.StatusText(op.status), Headers: op.headers()}
	if op.answer != nil {
		schema := &huma.Schema{Type: "object"} // the document of which this is part
		if op.access != anybody || op.body != nil {
			schema = schemaOf(registry, op.answer)
		}
		success.Content = map[string]*huma.MediaType{"application/json": {Schema: schema}}
	}
	all := map[string]*huma.Response{strconv.Itoa(op.status): success}
	for _, status := range op.failures() {
		code := strconv.Itoa(status)
		all[code] = &huma.Response{Ref: "#/components/responses/" + responseName(status)}
		if status == http.StatusForbidden && op.want != "" {
			all[code] = op.forbidden(registry)
		}
	}
	return all
}

// headers lists the headers of success that mean something.
func (op *operation) headers() map[string]*huma.Param {
	text := func(what string) *huma.Param {
		return &huma.Param{Description: what, Schema: &huma.Schema{Type: "string"}}
	}
	all := map[string]*huma.Param{"X-Request-Id": text("Names this request in logs and in the audit trail.")}
	if op.answer != nil {
		if hasVersion(op.answer) {
			all["ETag"] = text("The version, for If-Match.")
		}
		if op.answer.Implements(reflect.TypeFor[interface{ NextCursor() string }]()) {
			all["Link"] = text("The next page (RFC 8288), if there is one.")
		}
	}
	if op.status == http.StatusCreated && op.once {
		all["Location"] = text("Where it is.")
	}
	if op.cookie {
		all["Set-Cookie"] = text("The session.")
	}
	return all
}

func hasVersion(t reflect.Type) bool {
	if t.Kind() != reflect.Struct {
		return false
	}
	_, there := t.FieldByName("Version")
	return there
}

// failures lists the statuses of failure.
func (op *operation) failures() []int {
	all := []int{400, 500, 503}
	if op.access != anybody {
		all = append(all, 401, 403, 404, 429)
	}
	switch op.id {
	case "session.start":
		all = append(all, 401, 403, 429)
	case "leaked.revoke":
		all = append(all, 429)
	}
	if op.method != http.MethodGet {
		all = append(all, 409)
	}
	if op.body != nil {
		all = append(all, 413, 415, 422)
	}
	if op.versioned {
		all = append(all, 412, 428)
	}
	slices.Sort(all)
	return all
}
