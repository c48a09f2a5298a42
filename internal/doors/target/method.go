package target

import "strings"

// CheckMethod returns [MethodMalformed] unless method is a token
// (RFC 9110 §5.6.2) of at most [MaxMethod] bytes, and [MethodForbidden] for the
// methods that make a tunnel, echo the request or open HTTP/2 (CONNECT, TRACE
// and its old twin TRACK, PRI), in any case. Methods are case-sensitive
// otherwise (RFC 9110 §9.1): "get" is a method that no route knows.
func CheckMethod(method string) Fault {
	switch method {
	case "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS":
		return OK // nearly all requests
	}
	if method == "" || len(method) > MaxMethod {
		return MethodMalformed
	}
	for i := range len(method) {
		if !isTokenByte(method[i]) {
			return MethodMalformed
		}
	}
	switch len(method) {
	case 3, 5, 7:
		for _, forbidden := range [...]string{"CONNECT", "TRACE", "TRACK", "PRI"} {
			if strings.EqualFold(method, forbidden) {
				return MethodForbidden
			}
		}
	}
	return OK
}

// isTokenByte reports whether c may stand in a token (RFC 9110 §5.6.2).
func isTokenByte(c byte) bool {
	return isAlnum(c) || strings.IndexByte("!#$%&'*+-.^_`|~", c) >= 0
}

// isAlnum reports whether c is an ASCII letter or digit.
func isAlnum(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
}
