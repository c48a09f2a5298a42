package orchestrator

import (
	"hash/fnv"
	"strconv"

	"github.com/sallyport/sallyport"
)

// numberOf makes a number of an id, as clients read one where the product has
// numbers. It is always the same for an id, positive, and exact in every reader of
// JSON. Two ids could have the same; nothing is looked up by it.
func numberOf(id sallyport.PrincipalID) int64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(id)) // a hash takes every write
	return int64(h.Sum64()>>33) + 1
}

func decimal(n int64) string { return strconv.FormatInt(n, 10) }
