package httpapi

import (
	"github.com/sallyport/sallyport"
)

// A Row is what tests may know of an operation.
type Row struct {
	ID, Method, Path string
	Want             sallyport.Permission
	Scopes           []string // without the API's name
	Public, Late     bool
	Every, Versioned bool
	Once, Body       bool
	Status           int
}

// Rows returns the table of operations.
func Rows() []Row {
	var rows []Row
	for _, op := range operations() {
		rows = append(rows, Row{
			ID: op.id, Method: op.method, Path: op.path, Want: op.want, Scopes: op.reachedBy(),
			Public: op.access == anybody, Late: op.access == checked, Every: op.every, Versioned: op.versioned,
			Once: op.once, Body: op.body != nil, Status: op.status,
		})
	}
	return rows
}
