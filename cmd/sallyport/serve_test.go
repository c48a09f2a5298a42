package main

import (
	"errors"
	"testing"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/config"
)

// Among many documents of APIs it is told which one is not taken, and what in it.
func TestUnfit(t *testing.T) {
	t.Parallel()
	err := unfit("orders", errors.Join(sallyport.ErrInvalid("stale", "write deny or serve"), sallyport.ErrConflict("", "it is there")))
	if _, configured := errors.AsType[config.Faults](err); !configured || err.Error() != "api orders: stale: write deny or serve\napi orders: it is there" {
		t.Errorf("%T %v", err, err)
	}
	err = unfit("orders", sallyport.ErrUnavailable(errors.New("away")))
	if _, configured := errors.AsType[config.Faults](err); configured {
		t.Errorf("a store that is away is no fault of the configuration: %v", err)
	}
}
