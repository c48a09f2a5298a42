// Package console is the pages for people: sign in, see who you are and what you
// may in which tenant, keep your tokens and sessions, change your password.
//
// The pages are made on the server by html/template and work without a script;
// there is none. They stand behind the same doors as everything else: who comes
// is verified by [doors.Doors.Holder], in one place (admit.go), for a table of
// routes (routes.go) of which each is closed unless it says otherwise. A session
// cookie is the only credential taken here.
//
// A handler reads a form, calls package admin, and shows the outcome. Whether
// somebody may do what he asks for is decided by admin alone.
//
// What a browser is told about each page is in headers.go: no script, no frame,
// no other site, nothing kept in a cache. Forms of other sites are refused. A
// form that is refused comes back with what was typed, the fault beside its
// field; passwords alone are to be typed again.
package console
