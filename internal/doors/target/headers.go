package target

// A headerKind says why a client may not send a header.
type headerKind uint8

const (
	ordinary headerKind = iota
	identity            // says who the caller is; only the gateway may
	override            // makes the upstream see another request than was decided on
	address             // says where the request came from; only a trusted proxy may
)

// OwnHeader reports whether name, in any spelling that some server folds onto
// it, is one of Sallyport's own (X-Sallyport-*).
func OwnHeader(name string) bool {
	if name == "" || name[0]|0x20 != 'x' {
		return false
	}
	var scratch [foldedLen]byte
	return hasAnyPrefix(fold(scratch[:0], name), "x-sallyport-")
}

// ManagedHeader reports whether name is a managed identity header: one by which
// some gateway, proxy or access product tells an upstream who the caller is.
// They are:
//
//   - X-Sallyport-*
//   - Remote-* and X-Remote-* (User, Name, Email, Groups, Addr)
//   - X-Forwarded-{User,Email,Groups,Preferred-Username,Access-Token,Id-Token}
//   - X-Auth-Request-*, X-Auth-{User,Username,Email,Groups,Roles}, X-Webauth-*,
//     X-Authenticated-*, X-Authentik-*, X-Pomerium-*, X-Vouch-*, X-Consumer-*,
//     X-Credential-*, X-Anonymous-Consumer, X-Userinfo, X-Jwt-Assertion,
//     X-Goog-Authenticated-User-*, X-Goog-Iap-*, X-Ms-Client-Principal*,
//     X-Ms-Token-*, X-Amzn-Oidc-*
//   - Cf-Access-*, Tailscale-User-*, Oidc-*, Mellon-*, Shib-*, Iv-User*,
//     Iv-Groups*, Iv-Creds*, Sm-User*, Sm-Universal*, Oam-*, Osso-*,
//     Proxy-User*, Proxy-Remote-User*
//   - certificates of the caller: Client-Cert, Client-Cert-Chain (RFC 9440),
//     X-Client-Cert*, X-Forwarded-Client-Cert*, X-Ssl-*, Ssl-Client-*,
//     X-Tls-Client-*, Wl-Proxy-*
//
// Every spelling counts that servers are known to fold together: case is
// ignored, and each byte that is no letter or digit ("_", ".", a blank) is taken
// for "-". It does not allocate.
func ManagedHeader(name string) bool { return classify(name) == identity }

// foldedLen is how much of a name is folded. It is longer than every name in
// the tables below, so a longer name can only match by its prefix.
const foldedLen = 40

// fold appends the lower-case spelling of the beginning of name with a hyphen
// for each byte that is no letter or digit.
func fold(dst []byte, name string) []byte {
	for i := range min(len(name), foldedLen) {
		switch c := name[i]; {
		case 'A' <= c && c <= 'Z':
			dst = append(dst, c+('a'-'A'))
		case isAlnum(c):
			dst = append(dst, c)
		default:
			dst = append(dst, '-')
		}
	}
	return dst
}

// classify tells what kind of header name is. Most names are told by their
// first letter alone.
func classify(name string) headerKind {
	if name == "" {
		return ordinary
	}
	var scratch [foldedLen]byte
	switch name[0] | 0x20 {
	case 'x':
		if len(name) < 2 || isAlnum(name[1]) {
			return ordinary
		}
		return classifyX(fold(scratch[:0], name)[2:])
	case 'c', 'f', 'i', 'm', 'o', 'p', 'r', 's', 't', 'w':
		return classifyPlain(fold(scratch[:0], name))
	}
	return ordinary
}

// classifyPlain classifies a folded name that does not start with "x-".
func classifyPlain(name []byte) headerKind {
	switch string(name) {
	case "client-cert", "client-cert-chain":
		return identity
	case "proxy": // CGI servers hand it on as HTTP_PROXY, which programs obey.
		return override
	case "forwarded", "forwarded-for", "forwarded-for-ip", "client-ip", "true-client-ip",
		"proxy-client-ip", "fastly-client-ip", "cf-connecting-ip", "cf-connecting-ipv6",
		"cf-pseudo-ipv4", "cf-ipcountry", "cf-visitor":
		return address
	}
	if hasAnyPrefix(name, "remote-", "cf-access-", "tailscale-user-", "ssl-client-", "oidc-",
		"mellon-", "shib-", "iv-user", "iv-groups", "iv-creds", "sm-user", "sm-universal",
		"oam-", "osso-", "proxy-user", "proxy-remote-user", "wl-proxy-") {
		return identity
	}
	return ordinary
}

// classifyX classifies a folded name that starts with "x-", from there on.
func classifyX(name []byte) headerKind {
	switch string(name) {
	case "forwarded-user", "forwarded-email", "forwarded-groups", "forwarded-preferred-username",
		"forwarded-access-token", "forwarded-id-token",
		"anonymous-consumer", "userinfo", "jwt-assertion",
		"auth-user", "auth-username", "auth-email", "auth-groups", "auth-roles":
		return identity
	case "http-method-override", "http-method", "method-override", "method",
		"rewrite-url", "original-url", "original-uri", "original-path", "original-method",
		"http-path-override", "http-host-override", "http-destinationurl", "override-url",
		"proxy-url", "middleware-subrequest":
		return override
	case "forwarded", "real-ip", "client-ip", "client-addr", "client-address",
		"cluster-client-ip", "9r-real-ip", "true-client-ip", "proxyuser-ip", "originating-ip",
		"azure-clientip", "azure-socketip", "appengine-user-ip", "host",
		"custom-ip-authorization", "trusted-ip", "source-ip":
		return address
	}
	if hasAnyPrefix(name, "sallyport-", "remote-", "auth-request-", "webauth-", "authenticated-",
		"authentik-", "pomerium-", "vouch-", "consumer-", "credential-", "goog-authenticated-user-",
		"goog-iap-", "ms-client-principal", "ms-token-", "amzn-oidc-", "client-cert", "ssl-",
		"tls-client-", "forwarded-client-cert") {
		return identity
	}
	if hasAnyPrefix(name, "forwarded-", "original-", "envoy-") {
		return address
	}
	return ordinary
}

// hasAnyPrefix reports whether s starts with one of the prefixes.
func hasAnyPrefix(s []byte, prefixes ...string) bool {
	for _, prefix := range prefixes {
		if len(s) >= len(prefix) && string(s[:len(prefix)]) == prefix {
			return true
		}
	}
	return false
}
