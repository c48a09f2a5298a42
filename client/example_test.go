package client_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/api"
	"github.com/sallyport/sallyport/client"
)

// standIn answers like Sallyport would.
func standIn() *httptest.Server {
	mux := http.NewServeMux()
	const root = "/sallyport/api/v1"
	mux.HandleFunc("GET "+root+"/me", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `{"login":"jo","tenants":["4213b2bc-e1ab-4225-acc6-2f64c98d621b"],"version":1}`)
	})
	mux.HandleFunc("POST "+root+"/me/tokens", func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusCreated)
		fmt.Fprint(w, `{"id":"0b3f7a52-0000-4000-8000-00000000abcd","name":"backup","scopes":["inventory/read"],"secret":"spp_shown_once"}`)
	})
	mux.HandleFunc("GET "+root+"/tenants/{tenant}/users", func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("cursor") == "" {
			fmt.Fprint(w, `{"items":[{"login":"ann"},{"login":"bob"}],"next":"c1"}`)
			return
		}
		fmt.Fprint(w, `{"items":[{"login":"cid"}]}`)
	})
	mux.HandleFunc("DELETE "+root+"/tenants/{tenant}/roles/{role}", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/problem+json")
		w.WriteHeader(http.StatusForbidden)
		fmt.Fprint(w, `{"title":"Permission missing","status":403,"reason":"permission_missing","missing_permissions":["sallyport/roles.write"]}`)
	})
	return httptest.NewServer(mux)
}

const tenant sallyport.TenantID = "4213b2bc-e1ab-4225-acc6-2f64c98d621b"

func Example() {
	server := standIn()
	defer server.Close()
	ctx := context.Background()

	c, err := client.New(server.URL, "spp_the_token")
	if err != nil {
		fmt.Println(err)
		return
	}
	me, err := c.Me().Get(ctx)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("I am", me.Login)
	issued, err := c.Me().Tokens().Create(ctx, api.NewToken{Name: "backup", Scopes: []string{"inventory/read"}})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(issued.Name, issued.Secret, issued.Secret.Reveal())
	// Output:
	// I am jo
	// backup [redacted] spp_shown_once
}

func ExampleListing_All() {
	server := standIn()
	defer server.Close()
	c, err := client.New(server.URL, "spp_the_token")
	if err != nil {
		fmt.Println(err)
		return
	}
	for user, err := range c.Users(tenant).All(context.Background(), api.UserFilter{}) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(user.Login)
	}
	// Output:
	// ann
	// bob
	// cid
}

func ExampleError() {
	server := standIn()
	defer server.Close()
	c, err := client.New(server.URL, "spp_the_token")
	if err != nil {
		fmt.Println(err)
		return
	}
	err = c.Roles(tenant).Delete(context.Background(), "0b3f7a52-0000-4000-8000-00000000abcd", 3)
	if refusal, ok := errors.AsType[*client.Error](err); ok && refusal.Reason == sallyport.PermissionMissing {
		fmt.Println("ask for", refusal.Missing)
	}
	// Output: ask for [sallyport/roles.write]
}
