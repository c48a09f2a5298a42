package policy

import (
	"slices"
	"strings"
)

// A NearMiss is a route that a request did not match, and by how little.
type NearMiss struct {
	Route *Route
	Why   string
}

// NearMisses returns routes that a request nearly matched: those of its path for
// other methods, hosts or parameters, then those whose path differs in a few
// letters of one segment. The path is what is left below the base path, as for [API.Match].
func (a *API) NearMisses(method, host, path string, most int) []NearMiss {
	bit := a.table.bit(method)
	segments := segmentsOf(path)
	var out []NearMiss
	var ranks []int
	for _, r := range a.Routes {
		rank, why := r.missedBy(bit, host, segments)
		if why == "" {
			continue
		}
		at, _ := slices.BinarySearch(ranks, rank+1) // behind its equals
		if at >= most {
			continue
		}
		ranks = slices.Insert(ranks, at, rank)
		out = slices.Insert(out, at, NearMiss{r, why})
		if len(out) > most {
			ranks, out = ranks[:most], out[:most]
		}
	}
	return out
}

func segmentsOf(path string) []string {
	path = strings.Trim(path, "/")
	if path == "" {
		return nil
	}
	return strings.Split(path, "/")
}

// missedBy says what keeps a request from the route, empty if it is too much to
// tell, or nothing.
func (r *Route) missedBy(method methodSet, host string, path []string) (rank int, why string) {
	differ, letters := r.differ(path)
	takes := r.methods.fit(method) > 0
	here := r.Host == "" || r.Host == host || r.Host == withoutPort(host)
	switch {
	case differ < 0 || differ > 1:
		return 0, ""
	case differ == 1 && takes && here && letters >= 0:
		return 3 + letters, "its path is " + r.Path
	case differ == 1:
		return 0, ""
	case !here:
		return 2, "it is for the host " + r.Host
	case !takes:
		return 0, "it takes " + strings.Join(r.Methods, ", ")
	case r.Parameter != nil:
		p := r.Parameter
		where := p.In + " parameter " + p.Name
		if p.Field != "" {
			where += ", field " + p.Field
		}
		if len(p.Values) > 0 {
			return 1, "it needs each " + where + " to be one of " + strings.Join(p.Values, ", ")
		}
		return 1, "it needs the " + where + " to be " + quote(p.Value)
	}
	return 0, ""
}

// differ counts the segments in which a path is not as the route's, -1 if they
// have no shape in common; and by how many letters the last such segment
// differs, -1 if it is another word.
func (r *Route) differ(path []string) (segments, letters int) {
	pattern := r.segments
	if n := len(pattern); n > 0 && pattern[n-1].kind == restOfPath {
		pattern = pattern[:n-1]
		if len(path) < len(pattern) {
			return -1, 0
		}
		path = path[:len(pattern)]
	}
	if len(pattern) != len(path) {
		return -1, 0
	}
	for i, s := range pattern {
		if s.kind != literal || s.text == path[i] {
			continue
		}
		segments++
		bound := len(path[i])/3 + 2
		if letters = distance(path[i], s.text, bound); letters >= bound {
			letters = -1
		}
	}
	return segments, letters
}
