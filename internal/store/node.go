package store

import (
	"context"
	"time"

	"github.com/sallyport/sallyport"
)

// A Node is a running program on this store, as it told of itself.
type Node struct {
	ID       string
	Name     string // of its host
	Version  string // of the program
	Started  time.Time
	Revision sallyport.Revision // that it decides under
	Seen     time.Time          // when it said so
}

const upsertNode = `
	INSERT INTO node (id, name, fingerprint, started, confirmed, seen) VALUES ($1, $2, $3, $4, $5, $6)
	ON CONFLICT (id) DO UPDATE SET confirmed = excluded.confirmed, seen = excluded.seen`

// SeeNode notes that a node is there.
func (t *Tx) SeeNode(ctx context.Context, n *Node) error {
	n.Seen = trim(t.now())
	_, err := t.exec(ctx, "node", upsertNode, n.ID, n.Name, n.Version, micros(n.Started), int64(n.Revision), micros(n.Seen)) //nolint:gosec // revisions count up from 1
	return err
}

const selectNodes = `
	SELECT id, name, fingerprint, started, confirmed, seen FROM node ORDER BY name, id LIMIT $1`

func scanNode(r row) (n Node, err error) {
	var started, confirmed, seen int64
	err = r.Scan(&n.ID, &n.Name, &n.Version, &started, &confirmed, &seen)
	n.Started, n.Revision, n.Seen = moment(started), sallyport.Revision(max(confirmed, 0)), moment(seen) //nolint:gosec // not negative
	return n, err
}

// Nodes returns the nodes by name, at most so many; also those that ended without
// saying so.
func (r *Reader) Nodes(ctx context.Context, most int) ([]Node, error) {
	return list(ctx, r, "node", selectNodes, scanNode, int64(most))
}

const (
	deleteNode = `
	DELETE FROM node WHERE id = $1`
	pruneNodes = `
	DELETE FROM node WHERE seen < $1`
)

// ForgetNode removes a node that ends.
func (t *Tx) ForgetNode(ctx context.Context, id string) error {
	_, err := t.exec(ctx, "node", deleteNode, id)
	return err
}

// PruneNodes removes nodes that were last seen before a time.
func (t *Tx) PruneNodes(ctx context.Context, before time.Time) error {
	_, err := t.exec(ctx, "node", pruneNodes, micros(before))
	return err
}
