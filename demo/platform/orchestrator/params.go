package orchestrator

import (
	"bytes"
	"encoding/json"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/sallyport/sallyport/demo/platform/web"
)

// maxParams bounds the parameters of one request.
const maxParams = 500

// params reads the parameters of the query and of the body, a form or JSON.
// What is nested gets the name that a form gives it: the member X of
// external_parameters is external_parameters[X]. The body goes before the
// query.
func params(w http.ResponseWriter, r *http.Request) (map[string]string, error) {
	out := map[string]string{}
	if err := addForm(out, r.URL.RawQuery); err != nil {
		return nil, err
	}
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		return out, nil
	}
	body, err := web.Body(w, r)
	if err != nil {
		return nil, err
	}
	body = bytes.TrimSpace(body)
	if len(body) == 0 {
		return out, nil
	}
	contentType := r.Header.Get("Content-Type")
	kind, _, _ := mime.ParseMediaType(contentType)
	// Clients that send JSON do not always say so.
	switch {
	case kind == "application/json" || body[0] == '{':
		var members map[string]json.RawMessage
		if err := web.Unmarshal(body, &members); err != nil {
			return nil, err
		}
		err = addMembers(out, "", members)
	case kind == "multipart/form-data":
		err = addParts(out, contentType, body)
	default:
		err = addForm(out, string(body))
	}
	if err == nil && len(out) > maxParams {
		err = web.Bad("a request has at most %d parameters", maxParams)
	}
	return out, err
}

func addForm(out map[string]string, text string) error {
	values, err := url.ParseQuery(text)
	if err != nil {
		return web.Bad("the parameters hold an invalid escape")
	}
	if len(values) > maxParams {
		return web.Bad("a request has at most %d parameters", maxParams)
	}
	for name, v := range values {
		out[name] = v[len(v)-1]
	}
	return nil
}

// addMembers adds the members of a JSON object, one level of nested objects
// included.
func addMembers(out map[string]string, prefix string, members map[string]json.RawMessage) error {
	for name, raw := range members {
		if prefix != "" {
			name = prefix + "[" + name + "]"
		}
		var nested map[string]json.RawMessage
		var text string
		switch {
		case string(raw) == "null":
		case raw[0] == '{' && prefix == "":
			if err := json.Unmarshal(raw, &nested); err != nil {
				return web.BadField(name, "is not valid")
			}
			if err := addMembers(out, name, nested); err != nil {
				return err
			}
		case raw[0] == '"':
			if err := json.Unmarshal(raw, &text); err != nil {
				return web.BadField(name, "is not valid")
			}
			out[name] = text
		case raw[0] == '{' || raw[0] == '[':
			return web.BadField(name, "must be a text, a number or a truth value")
		default:
			out[name] = string(raw)
		}
	}
	return nil
}

// nested are the parameters named prefix[X], by X.
func nested(params map[string]string, prefix string) map[string]string {
	out := map[string]string{}
	for name, value := range params {
		inner, ok := strings.CutPrefix(name, prefix+"[")
		if inner, closed := strings.CutSuffix(inner, "]"); ok && closed {
			out[inner] = value
		}
	}
	return out
}

// flag reads a truth value.
func flag(params map[string]string, name string) (bool, error) {
	switch strings.ToLower(params[name]) {
	case "", "false", "0", "off":
		return false, nil
	case "true", "1", "on":
		return true, nil
	}
	return false, web.BadField(name, "must be true or false")
}

// integer reads a number between least and most.
func integer(params map[string]string, name string, fallback, least, most int) (int, error) {
	text := params[name]
	if text == "" {
		return fallback, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < least || n > most {
		return 0, web.BadField(name, "must be an integer between %d and %d", least, most)
	}
	return n, nil
}
