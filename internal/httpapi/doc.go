// Package httpapi is the management API on HTTP.
//
// It is one table of operations (operations.go and the files of the resources).
// The routes of the protected API "sallyport", the handlers behind them and the
// OpenAPI document are all made from it, so they cannot disagree. An operation
// decodes, calls one function of package admin, and encodes; whether the caller
// may is decided by the two doors and, where it counts, again by admin.
//
// Bodies are read by package strictjson, not by huma, which is used for the
// document: huma's reader takes names in any case and shows values in errors.
package httpapi
