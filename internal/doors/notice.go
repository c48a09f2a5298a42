package doors

import (
	"net/http"
	"sync/atomic"
	"time"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/authn"
)

// HeaderExpires tells in the answers to requests with a token or key that it ends
// soon, and when: a date as in the header Date (RFC 9110 section 5.6.7). During an
// overlap it is about the secret that was used, so an old one says when it ends.
//
// The header Sunset (RFC 8594) would be about the resource, not about the
// credential; so it is one of our own.
const HeaderExpires = "X-Sallyport-Credential-Expires"

// endsSoon returns when a credential ends, if somebody should be told by now. What
// ends by itself all the time, such as a session, is nothing to be told of.
func (d *Doors) endsSoon(k *authn.Known, now time.Time) time.Time {
	switch k.Kind() { //nolint:exhaustive // the others end by themselves all the time
	case sallyport.PersonalToken, sallyport.ApplicationToken, sallyport.APIKey:
	default:
		return time.Time{}
	}
	if d.warning == 0 {
		return time.Time{}
	}
	if end := k.Expires(); !end.IsZero() && end.Sub(now) <= d.warning {
		return end
	}
	return time.Time{}
}

// Notice returns the values of [HeaderExpires] for the answer to a request; nil: it
// has none. The slice must not be changed.
func (d *Doors) Notice(dec *sallyport.Decision) []string {
	if dec.Expires.IsZero() {
		return nil
	}
	return d.notices.of(dec.Expires)
}

// HeaderLearning tells in the answers of an API that learns until when it lets
// everything through: a date as in the header Date.
const HeaderLearning = "X-Sallyport-Learning"

// Announce sets [HeaderExpires] and [HeaderLearning] if there is something to be
// told.
func (d *Doors) Announce(dec *sallyport.Decision, h http.Header) {
	if values := d.Notice(dec); values != nil {
		h[HeaderExpires] = values
	}
	if !dec.Learning.IsZero() {
		h[HeaderLearning] = d.notices.of(dec.Learning)
	}
}

// notices keeps the text of ends that are told of again and again, so that telling
// costs no allocation. Two ends that fall on one place take turns.
type notices [256]atomic.Pointer[notice]

type notice struct {
	second int64
	values []string
}

func (n *notices) of(end time.Time) []string {
	second := end.Unix()
	place := &n[uint64(second)*0x9e3779b97f4a7c15>>56] //nolint:gosec // the bits are what counts
	if there := place.Load(); there != nil && there.second == second {
		return there.values
	}
	made := &notice{second, []string{end.UTC().Format(http.TimeFormat)}}
	place.Store(made)
	return made.values
}
