// Package api has the shapes of the management API on the wire: what is sent
// and answered as JSON below /sallyport/api/v1. The server, the client and the
// OpenAPI document (openapi.yaml, which is generated) are made from these types.
//
// A shape that is sent to make something is called New..., one that changes
// something ...Change. In a change, a field that is left out stays as it is; a
// [Nullable] field can also be null, which takes its value away. Times are in
// UTC (RFC 3339), durations are text such as "720h".
//
// Tags named doc, example, enum, query and the like are for the OpenAPI
// document.
package api
