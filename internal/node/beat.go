package node

import (
	"context"
	"time"

	"github.com/sallyport/sallyport/internal/store"
)

const (
	beatInterval = 5 * time.Second
	forgotten    = 24 * time.Hour // after which a node that ended without a word is not listed any more
)

// beat tells the other nodes, and who looks at them, that this one is there and
// which revision it decides under. Nothing is decided by it: the lease is.
func (n *Node) beat(ctx context.Context) error {
	n.self.Revision = n.Doors.Revision()
	_, err := n.Store.Write(ctx, func(tx *store.Tx) error { return tx.SeeNode(ctx, &n.self) })
	return err
}

// forgetNodes removes those that are gone for long.
func (n *Node) forgetNodes(ctx context.Context) error {
	_, err := n.Store.Write(ctx, func(tx *store.Tx) error { return tx.PruneNodes(ctx, n.now().Add(-forgotten)) })
	return err
}

// leave says that this node ends.
func (n *Node) leave(ctx context.Context) error {
	_, err := n.Store.Write(ctx, func(tx *store.Tx) error { return tx.ForgetNode(ctx, n.self.ID) })
	return err
}
