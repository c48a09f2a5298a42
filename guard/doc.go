// Package guard puts Sallyport's two doors in front of the handlers of a Go
// program: who asks is found out by his credential, and whether he may by the
// document of the API, as the gateway would do it, with the same answers.
//
//	g, err := guard.New(ctx, guard.Config{
//		Storage:   "sqlite:/var/lib/app/guard.db",
//		MasterKey: key, // from guard.NewMasterKey, kept outside the database
//		APIs:      []sallyport.API{orders},
//	})
//	...
//	http.ListenAndServe(addr, g.Middleware(mux))
//
// The credentials are in the store that [Config.Storage] names. Programs and
// gateways that share one see each other's changes within a second: a token that
// was revoked anywhere is refused everywhere. [Guard.Admin] makes users, roles and
// tokens from within the program; [Guard.Handler] is the management API, for the
// command line and for other programs.
package guard
