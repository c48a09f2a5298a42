package policy

import (
	"slices"
	"sync"
)

// numbers gives things small numbers that never change while the process
// lives, so that a compiled principal and a compiled policy that were made at
// different moments mean the same by a number. Nothing is ever taken out: a
// number costs one map entry, and only administrators make new ones.
type numbers[K comparable] struct {
	// mu guards both fields. It is held only to look up or append, never on the
	// way of a request.
	mu    sync.RWMutex
	index map[K]int32
	keys  []K
}

// of returns the number of key, giving it one if it has none.
func (n *numbers[K]) of(key K) int32 {
	if i, ok := n.find(key); ok {
		return i
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if i, ok := n.index[key]; ok {
		return i
	}
	if n.index == nil {
		n.index = map[K]int32{}
	}
	i := int32(len(n.keys)) //nolint:gosec // there are never two thousand million of them
	n.index[key] = i
	n.keys = append(n.keys, key)
	return i
}

func (n *numbers[K]) find(key K) (int32, bool) {
	n.mu.RLock()
	defer n.mu.RUnlock()
	i, ok := n.index[key]
	return i, ok
}

// all returns the keys by number, as far as there are any now. The part that is
// returned never changes.
func (n *numbers[K]) all() []K {
	n.mu.RLock()
	defer n.mu.RUnlock()
	return slices.Clip(n.keys)
}

func (n *numbers[K]) count() int {
	n.mu.RLock()
	defer n.mu.RUnlock()
	return len(n.keys)
}
