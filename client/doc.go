// Package client is the Go client of Sallyport's management API.
//
// A [Client] acts with one token. Its resources mirror the API's: what belongs
// to a tenant is reached through the tenant's id, or [sallyport.EveryTenant] for
// what belongs to the installation.
//
//	c, err := client.New("https://sallyport.example.com", token)
//	...
//	user, err := c.Users(tenant).Create(ctx, api.NewUser{Login: "jo"})
//
// What is changed or deleted was read before: methods that change something
// take the version that was read, and fail with status 412 if there is a newer
// one. [AnyVersion] changes whatever is there.
//
// A call that fails because the server is busy is repeated when that is safe;
// see [Client]. Every error of the server is an [*Error].
package client
