package orchestrator

import (
	"strconv"
	"strings"

	"github.com/sallyport/sallyport/internal/authn/carrier"
	"github.com/sallyport/sallyport/internal/doors/surface"
)

const formatJSON, formatXML = "json", "xml"

// formatOf returns the format of an answer. The path says it with its last parts
// or their suffix, else the parameter format, else Accept; without any it is XML.
// Two endpoints listen to less.
func formatOf(x *surface.Exchange) string {
	r := x.Request
	path := r.Canonical.Path[min(len(r.BasePath), len(r.Canonical.Path)):]
	endpoint, inPath := formatInPath(path)
	inURL := inPath
	if inURL == "" {
		value, _, _ := carrier.QueryValue(r.Canonical.RawQuery, "format")
		inURL = known(value)
	}
	switch {
	case endpoint == "processes_status":
		return formatXML
	case inURL != "":
		return inURL
	case endpoint != "plugin_version" && prefersJSON(r.Header["Accept"]):
		return formatJSON
	}
	return formatXML
}

// known returns a format that there is; empty for another.
func known(format string) string {
	if format == formatJSON || format == formatXML {
		return format
	}
	return ""
}

// formatInPath returns the name of the endpoint and the format that a path below
// the base path says: its last part that says one counts.
func formatInPath(path string) (endpoint, format string) {
	path = strings.TrimPrefix(path, "/api")
	parts := strings.Split(strings.Trim(path, "/"), "/")
	endpoint = parts[0]
	for i, part := range parts {
		name, suffix := cutFormat(part)
		switch {
		case suffix != "":
			format = suffix
		case i > 0 && known(part) != "":
			format = part
		}
		if i == 0 && suffix != "" {
			endpoint = name
		}
	}
	return endpoint, format
}

// cutFormat splits the suffix of a format off a part of a path.
func cutFormat(part string) (name, format string) {
	if dot := strings.LastIndexByte(part, '.'); dot >= 0 && known(part[dot+1:]) != "" {
		return part[:dot], part[dot+1:]
	}
	return part, ""
}

// prefersJSON reports whether an Accept header asks for JSON rather than for XML
// (RFC 9110 section 12.5.1). At equal weight the first one counts. Who asks for
// neither gets what the product answers by itself.
func prefersJSON(accept []string) bool {
	weightJSON, weightXML := 0.0, 0.0
	for _, line := range accept {
		for part := range strings.SplitSeq(line, ",") {
			kind, weight := mediaRange(part)
			switch kind {
			case "application/json":
				if weight > weightXML {
					weightJSON = max(weightJSON, weight)
				}
			case "application/xml", "text/xml", "application/*", "*/*":
				if weight > weightJSON {
					weightXML = max(weightXML, weight)
				}
			}
		}
	}
	return weightJSON > weightXML
}

// mediaRange reads one part of an Accept header. A weight that is none is 0.
func mediaRange(text string) (kind string, weight float64) {
	kind, params, _ := strings.Cut(text, ";")
	weight = 1
	for param := range strings.SplitSeq(params, ";") {
		name, value, _ := strings.Cut(param, "=")
		if !strings.EqualFold(strings.TrimSpace(name), "q") {
			continue
		}
		q, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
		if err != nil || !(q >= 0 && q <= 1) {
			q = 0
		}
		weight = q
	}
	return strings.ToLower(strings.TrimSpace(kind)), weight
}
