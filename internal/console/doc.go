// Package console is the pages for people: sign in, see who you are and what you
// may in which tenant, keep your tokens and sessions, and administer what you
// administer.
//
// The pages are made on the server by html/template and work without a script.
// The one script there is (assets/script.js) copies, shows times in the reader's
// zone and checks fields while they are typed. Pages stand behind the same doors
// as everything else: who comes is verified by [doors.Doors.Holder], in one
// place (admit.go), for a table of routes of which each is closed unless it says
// otherwise. A session cookie is the only credential taken here.
//
// A handler reads a form, calls package admin, and shows the outcome. Whether
// somebody may do what he asks for is decided by admin alone; that the
// navigation leaves out what he may not see is a courtesy.
//
// What a browser is told about each page is in headers.go: nothing that stands
// in the page itself is run, no frame, no other site, nothing kept in a cache.
// Forms of other sites are refused (stamp.go). A page is compressed only on a way
// that no other site can have chosen (packing.go). A form that is refused comes back
// with what was typed, the fault beside its field; passwords alone are to be
// typed again.
//
// # How a page is added
//
// Each area of the navigation has files of its own, named after it, so that
// people who work on different areas do not meet.
//
//  1. The area: one entry in areas (areas.go) with the permissions of which one
//     shows it, the pages that it leads to, and a function that returns its
//     routes. The text "nav." + id is its name.
//  2. The route: a line in that function, such as
//     {"users", "GET", "/access/{tenant}/users", member, (*visit).users}.
//     What is not for everybody with a session is refused by admin, not here.
//     What changes something is a POST, and leads on to a page by [visit.redirect]
//     with "?done=KEY", of which the text is "done.KEY".
//  3. The handler: a method of [visit] that returns an error. An error of admin
//     that is about a form is shown in it by [faults.take], any other is
//     returned and becomes a page of its own. What a page shows is a struct that
//     begins with [frame].
//  4. The template: a file in templates/, of the name that [visit.show] is given,
//     which defines "content". Components are in templates/parts/components.html;
//     the page /sallyport/design of the demonstration shows them all. A form
//     that changes something begins with <form method="post", and gets its stamp
//     by itself. Something dangerous is asked for once on a [confirmPage].
//     There is no style= and no script in a page; a browser would refuse it.
//  5. The texts: in texts/en.txt, in a part of the area's own, used by
//     {{t "part.key"}} in a template and by [visit.text] in a handler. A field's
//     texts are found by themselves; see [field].
//  6. The tests: a line in TestTemplatesEmpty, the handler's rules in a Go test
//     beside it (kit_test.go has a browser), and in test/e2e/pages a file with
//     the page's story (see test/e2e/kit.js): wrong input, keyboard alone, no
//     script, 320 px, dark, axe and size come with it.
package console
