package itadvisor

import (
	"context"
	"net/http"
	"net/url"

	"github.com/sallyport/sallyport/demo/platform/storage"
	"github.com/sallyport/sallyport/demo/platform/web"
)

// atLocation selects the ids of everything at a location, itself included. The
// id of the location follows.
const atLocation = `
	WITH RECURSIVE below (id, top) AS (
		SELECT id, id FROM ita_asset WHERE type = 'LOCATION'
		UNION
		SELECT a.id, b.top FROM ita_asset a JOIN below b ON a.parent = b.id
	)
	SELECT id FROM below WHERE top = `

// locationKey is where a context has the location that its request is for.
type locationKey struct{}

// locationOf returns the id of the location beyond which a request sees nothing;
// empty: it sees everything.
func locationOf(ctx context.Context) string {
	id, _ := ctx.Value(locationKey{}).(string)
	return id
}

// located limits a request to the location that the gateway states as its realm,
// by name or id. Whether the caller may work there has been decided.
func (s *Service) located(h func(http.ResponseWriter, *http.Request) error) func(http.ResponseWriter, *http.Request) error {
	return func(w http.ResponseWriter, r *http.Request) error {
		name := web.CallerOf(r).Realm
		if name == "" {
			return h(w, r)
		}
		if plain, err := url.PathUnescape(name); err == nil { // the gateway encodes what a header cannot carry
			name = plain
		}
		id, err := storage.One(r.Context(), s.db, func(row storage.Row) (id string, err error) { return id, row.Scan(&id) },
			`SELECT id FROM ita_asset WHERE type = 'LOCATION' AND (name = $1 OR id = $1)`, name)
		if err != nil {
			return missing(err, "location", name)
		}
		return h(w, r.WithContext(context.WithValue(r.Context(), locationKey{}, id)))
	}
}
