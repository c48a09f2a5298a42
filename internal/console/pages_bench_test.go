package console

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/admin"
)

// How long the server takes for a page, without a wire and a browser.
func BenchmarkPages(b *testing.B) {
	w := newWorld(b)
	for i := range 6 {
		api := sallyport.API{Name: sallyport.APIName(fmt.Sprint("api-", i)), BasePath: fmt.Sprint("/api-", i), Upstream: sallyport.Upstream{URL: "http://127.0.0.1:1"}}
		for j := range 15 {
			name := fmt.Sprint("right-", j)
			api.Permissions = append(api.Permissions, sallyport.PermissionSpec{Name: name, Title: "Do one of many things"})
			api.Routes = append(api.Routes, sallyport.Route{ID: name, Methods: []string{"GET"}, Path: "/" + name, AnyOf: []string{name}})
		}
		must(w.node.Admin.CreateAPI(b.Context(), system, api))
	}
	for i := range 60 {
		must(w.node.Admin.CreateUser(b.Context(), system, w.tenant.ID, admin.NewUser{Kind: sallyport.Person, Login: fmt.Sprint("user-", i)}))
	}
	session := w.boss().session
	for name, path := range map[string]string{
		"account": "/account", "token-form": "/tokens/new", "role-form": w.at() + "/roles/new", "roles": w.at() + "/roles",
		"users": w.at() + "/users", "audit": "/audit", "overview": "/overview", "why": "/why",
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				r := httptest.NewRequest(http.MethodGet, site+Base+path, http.NoBody)
				r.RequestURI = Base + path
				r.Header.Set("Cookie", cookie+"="+session)
				r.Header.Set("Sec-Fetch-Site", "same-origin")
				r.Header.Set("Accept-Encoding", "gzip")
				answer := httptest.NewRecorder()
				if w.console.ServeHTTP(answer, r); answer.Code != http.StatusOK {
					b.Fatalf("%s: status %d", path, answer.Code)
				}
			}
		})
	}
}
