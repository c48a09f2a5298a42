package main

import (
	"fmt"
	"time"

	"github.com/sallyport/sallyport/internal/config"
	"github.com/sallyport/sallyport/internal/dialect"
	"github.com/sallyport/sallyport/internal/dialect/wire"
	"github.com/sallyport/sallyport/internal/doors/surface"
	"github.com/sallyport/sallyport/internal/node"
	"github.com/sallyport/sallyport/internal/token"
)

// newDialects makes what answers in the manner of known systems.
func newDialects(c *config.Config, n *node.Node, v *voice) (map[string]surface.Dialect, error) {
	master, err := masterKey(c)
	if err != nil {
		return nil, err
	}
	key, err := master.PseudonymKey()
	if err != nil {
		return nil, fmt.Errorf("derive the key of pseudonyms: %w", err)
	}
	return dialect.New(wire.Config{
		Doors: n.Doors, Admin: n.Admin, Master: master, Issuer: c.Public.URL, Now: time.Now, Log: v.log,
		Pseudonym: func(id string) string { return token.Pseudonym(key, id) },
	})
}
