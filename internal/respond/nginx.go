package respond

import (
	"net/http"
	"strconv"
)

// ForNginx returns the status that a decision with this status must have for
// nginx's auth_request, which carries 401 and 403 to the client, takes every
// 2xx for an allow and turns all else into 500. When that loses the status, the
// second result is not empty: it is the value for [HeaderStatus], from which
// the shipped nginx sample restores it.
//
// Allow is exactly 200: any other 2xx comes back as 403.
func ForNginx(status int) (wire int, original string) {
	switch status {
	case http.StatusOK, http.StatusUnauthorized, http.StatusForbidden:
		return status, ""
	default:
		return http.StatusForbidden, strconv.Itoa(status)
	}
}
