// Package oauth is the standards surface: the endpoints at which a client
// exchanges what it has for tokens, gives tokens back or asks about them, and
// the documents that tell it where they are.
//
//	/oauth2/token                            RFC 6749: client_credentials, refresh_token, password
//	/oauth2/revoke                           RFC 7009
//	/oauth2/introspect                       RFC 7662
//	/.well-known/oauth-authorization-server  RFC 8414
//	/.well-known/oauth-protected-resource    RFC 9728, also with the path of an API behind it
//	/.well-known/jwks.json                   RFC 7517
//
// A client is an API key: its client id is the id or the name of the key, its
// client secret the key's secret. Who has none is the public client
// [PublicClient]. The password grant is there only for APIs whose document asks
// for it, because RFC 9700 section 2.4 is right about it.
//
// Nothing is decided here. The doors say whose a secret is, the admin floor
// begins, renews and ends sign-ins. A refusal names one of the few codes of the
// standards and never its cause, which is in the log. No text of a request is
// ever repeated in an answer.
package oauth
