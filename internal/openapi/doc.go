// Package openapi reads documents that describe somebody else's API, OpenAPI 3.0
// and 3.1 and Swagger 2.0, as far as access depends on them: which operations
// there are, how they are called and grouped, and what security they ask for.
//
// [Read] takes text that nobody vouches for. It looks at nothing but the text:
// a reference to another file or address is an error, everything is bounded, and
// schemas, where documents are most often wrong, are not looked at at all.
//
// [Document.API] makes routes and permissions of a document, [Drift] compares a
// document with the routes that there are.
package openapi
