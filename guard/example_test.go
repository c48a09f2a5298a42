package guard_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/guard"
)

// An ordinary handler, guarded: without a token the answer is 401, with one the
// handler knows who asks.
func Example() {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "guard")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = os.RemoveAll(dir) }()
	key, err := guard.NewMasterKey() // once; it is kept outside the database
	if err != nil {
		fmt.Println(err)
		return
	}

	g, err := guard.New(ctx, guard.Config{
		Storage:   sallyport.Secret("sqlite:" + filepath.Join(dir, "guard.db")),
		MasterKey: key,
		APIs: []sallyport.API{{
			Name: "orders", BasePath: "/orders",
			Permissions: []sallyport.PermissionSpec{{Name: "read"}, {Name: "write"}},
			Routes: []sallyport.Route{
				{Methods: []string{"GET"}, Path: "/{id}", AnyOf: []string{"read"}},
				{Methods: []string{"POST"}, Path: "/", AnyOf: []string{"write"}},
			},
		}},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = g.Close() }()

	handler := g.Middleware(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		decision, _ := guard.DecisionFrom(r.Context())
		fmt.Fprintf(w, "%s reads %s", decision.Principal.Login, r.URL.Path)
	}))

	secret, err := readersToken(ctx, g.Admin())
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, try := range []struct{ method, path, token string }{
		{"GET", "/orders/7", ""},
		{"GET", "/orders/7", secret.Reveal()},
		{"POST", "/orders/", secret.Reveal()},
	} {
		r := httptest.NewRequest(try.method, try.path, nil)
		if try.token != "" {
			r.Header.Set("Authorization", "Bearer "+try.token)
		}
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		if w.Code == http.StatusOK {
			fmt.Println(w.Code, w.Body)
		} else {
			fmt.Println(w.Code, w.Header().Get("WWW-Authenticate"))
		}
	}

	// Output:
	// 401 Bearer realm="orders"
	// 200 jo reads /orders/7
	// 403
}

// readersToken makes a user who may read orders, and a token of his.
func readersToken(ctx context.Context, admin guard.Admin) (sallyport.Secret, error) {
	tenant, err := admin.Tenant(ctx, "acme")
	if err != nil {
		return "", err
	}
	reader, err := admin.Role(ctx, "reader", "orders/read")
	if err != nil {
		return "", err
	}
	user, err := admin.User(ctx, guard.NewUser{Tenant: tenant, Login: "jo", Roles: []sallyport.RoleID{reader}})
	if err != nil {
		return "", err
	}
	_, secret, err := admin.Token(ctx, user, guard.NewToken{Name: "laptop"})
	return secret, err
}
