package wire

import (
	"net/textproto"
	"strings"
)

// spellings are the canonical forms of names that proxies and clients write in
// another one: in small letters, as HTTP/2 has them, or with capitals of their own. To
// make a canonical form takes an allocation. It is never changed.
var spellings = knownSpellings()

func knownSpellings() map[string]string {
	all := map[string]string{}
	for name := range strings.FieldsSeq(`
		Accept Accept-Encoding Accept-Language Authorization Cache-Control Connection Content-Length Content-Type Cookie
		DNT Host If-Match If-Modified-Since If-None-Match Origin Pragma Priority Range Referer Sec-Ch-Ua
		Sec-Ch-Ua-Mobile Sec-Ch-Ua-Platform Sec-Fetch-Dest Sec-Fetch-Mode Sec-Fetch-Site Sec-Fetch-User Sec-GPC TE Te
		Traceparent Tracestate Upgrade Upgrade-Insecure-Requests User-Agent X-API-Key X-CSRF-Token X-Requested-With
		X-Envoy-Attempt-Count X-Envoy-Auth-Partial-Body X-Envoy-Decorator-Operation X-Envoy-Expected-Rq-Timeout-Ms X-Envoy-External-Address
		X-Envoy-Internal X-Forwarded-Client-Cert
		X-Forwarded-For X-Forwarded-Host X-Forwarded-Method X-Forwarded-Port X-Forwarded-Proto X-Forwarded-Server X-Forwarded-URI
		X-Original-Addr X-Original-Host X-Original-Method X-Original-Proto X-Original-URI X-Original-URL X-Real-IP X-Request-ID
		X-Sallyport-Addr X-Sallyport-Caller X-Sallyport-Host X-Sallyport-Method X-Sallyport-Proto X-Sallyport-Uri`) {
		canonical := textproto.CanonicalMIMEHeaderKey(name)
		all[name], all[strings.ToLower(name)] = canonical, canonical
	}
	return all
}
