package store

import (
	"encoding/json"
	"slices"
	"time"

	"github.com/sallyport/sallyport"
)

// micros writes a time; the zero time is 0.
func micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

// moment reads a time, in UTC.
func moment(n int64) time.Time {
	if n == 0 {
		return time.Time{}
	}
	return time.UnixMicro(n).UTC()
}

// trim returns t as it will come back from the store.
func trim(t time.Time) time.Time { return moment(micros(t)) }

// span reads a duration.
func span(n int64) time.Duration { return time.Duration(n) * time.Microsecond }

// bit writes a yes or no.
func bit(b bool) int64 { //nolint:revive // not a switch: the value itself
	if b {
		return 1
	}
	return 0
}

// blob keeps an empty value from becoming NULL.
func blob(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}

// digest reads a hash.
func digest(what, id string, b []byte) (d [32]byte, err error) {
	if len(b) != len(d) {
		return d, damaged(what, id, "a hash of the wrong length")
	}
	return [32]byte(b), nil
}

// encode writes a list as JSON. A nil list comes back as nil and an empty one
// as empty: for scopes these are opposites.
func encode(v any) (string, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return "", &sallyport.Error{Kind: sallyport.Invalid, Message: "cannot be stored", Err: err}
	}
	return string(b), nil
}

// decode reads what encode wrote.
func decode(what, id, column, text string, into any) error {
	if err := json.Unmarshal([]byte(text), into); err != nil {
		return damaged(what, id, column+": "+err.Error())
	}
	return nil
}

// checkState refuses the row of a state that is not one of known.
func checkState(what, id string, state sallyport.State, known ...sallyport.State) error {
	if !slices.Contains(known, state) {
		return damaged(what, id, "unknown state "+string(state))
	}
	return nil
}

// checkTenant refuses a row without a tenant.
func checkTenant(what, id string, tenant sallyport.TenantID) error {
	if tenant == "" {
		return damaged(what, id, "no tenant")
	}
	return nil
}

// needTenant refuses a question that forgot its tenant, before it can be asked
// over all of them.
func needTenant(tenant sallyport.TenantID) error {
	if tenant == "" {
		return sallyport.ErrInvalid("tenant", "say which tenant")
	}
	return nil
}
