package itop

import (
	"bytes"
	"encoding/json"
	"net/http"
	"regexp"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/dialect/wire"
	"github.com/sallyport/sallyport/internal/doors/surface"
	"github.com/sallyport/sallyport/internal/respond"
)

// Codes of answers.
const (
	codeOK                 = 0
	codeUnauthorized       = 1
	codeMissingVersion     = 2
	codeMissingJSON        = 3
	codeInvalidJSON        = 4
	codeMissingUser        = 5
	codeMissingPassword    = 6
	codeUnsupportedVersion = 10
	codeUnknownOperation   = 11
	codeInternal           = 100
)

// An outcome is the answer of the REST interface to what went wrong. The first
// members are those of the product.
type outcome struct {
	Objects *struct{} `json:"objects"` // always null; see bare
	Code    int       `json:"code"`
	Message string    `json:"message"`
	More    *more     `json:"sallyport,omitempty"`

	bare bool // there are no objects to speak of: it did not come to the operation
}

// A more is what we have to say beside it.
type more struct {
	Reason      sallyport.Reason       `json:"reason"`
	RequestID   string                 `json:"request_id,omitempty"`
	Permissions []sallyport.Permission `json:"missing_permissions,omitempty"`
	Suggestions []respond.Grant        `json:"suggestions,omitempty"`
}

// failed is an outcome in the place of an operation.
func failed(code int, message string) *outcome {
	return &outcome{Code: code, Message: "Error: " + message, bare: true}
}

// missing is the outcome of an operation without a parameter that it must have.
func missing(name string) *outcome { return failed(codeInternal, "Missing parameter '"+name+"'") }

// MarshalJSON leaves out the objects of a bare outcome.
func (o *outcome) MarshalJSON() ([]byte, error) {
	if o.bare {
		return marshal(struct {
			Code    int    `json:"code"`
			Message string `json:"message"`
			More    *more  `json:"sallyport,omitempty"`
		}{o.Code, o.Message, o.More})
	}
	type whole outcome
	return marshal((*whole)(o))
}

// marshal is json.Marshal without escapes for HTML.
func marshal(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	err := enc.Encode(v)
	return bytes.TrimRight(b.Bytes(), "\n"), err
}

// callbackName is what the name of a function may be. Whatever else somebody
// would have us write into a script is left out.
var callbackName = regexp.MustCompile(`^[A-Za-z_$][A-Za-z0-9_$.]{0,99}$`)

// sendREST answers a request to the REST interface, as a script if it names a
// function.
func (d *dialect) sendREST(w http.ResponseWriter, r *http.Request, x *surface.Exchange, status int, v any) {
	if o, failed := v.(*outcome); failed {
		d.logCall(r, x, "code", o.Code, "message", begin(o.Message))
	} else {
		d.logCall(r, x, "code", codeOK)
	}
	body, err := marshal(v)
	if err != nil {
		x.Docs.Failed(w, r, &sallyport.Error{Kind: sallyport.Internal, Err: err})
		return
	}
	body = escape(body)
	contentType := "application/json"
	if callback, _ := x.Request.Form(callbackParameter); callbackName.MatchString(callback) {
		contentType = "application/javascript"
		body = []byte(callback + "(" + string(body) + ");")
	}
	w.Header().Set("Access-Control-Allow-Origin", "*")
	wire.Send(w, r, x, status, contentType, body)
}

// escape writes JSON as the product's language does: with \/ for a slash and
// \uXXXX for everything outside ASCII. Both stand only inside strings.
func escape(b []byte) []byte {
	out := make([]byte, 0, len(b)+len(b)/8)
	for len(b) > 0 {
		r, n := utf8.DecodeRune(b)
		b = b[n:]
		switch {
		case r == '/':
			out = append(out, `\/`...)
		case r < utf8.RuneSelf:
			out = append(out, byte(r))
		default:
			for _, unit := range utf16.Encode([]rune{r}) {
				digits := "000" + strconv.FormatUint(uint64(unit), 16)
				out = append(out, `\u`+digits[len(digits)-4:]...)
			}
		}
	}
	return out
}

// sendText answers with text, or with a piece of HTML.
func sendText(w http.ResponseWriter, r *http.Request, x *surface.Exchange, status int, contentType, text string) {
	w.Header().Set("Content-Security-Policy", contentSecurity)
	wire.Send(w, r, x, status, contentType+"; charset=utf-8", []byte(text))
}
