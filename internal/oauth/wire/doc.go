// Package wire reads what strangers send to the OAuth endpoints, strictly: what
// two programs could read differently is refused. It knows nothing but text.
package wire
