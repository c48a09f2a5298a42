package demo

import (
	"testing"

	"github.com/sallyport/sallyport/internal/dialect"
	"github.com/sallyport/sallyport/internal/node"
)

// TestDocumentsAreSound: each document has no fault by the rules of the program.
func TestDocumentsAreSound(t *testing.T) {
	t.Parallel()
	apis, err := APIs("http://127.0.0.1:1", "sp_session")
	if err != nil {
		t.Fatal(err)
	}
	for i := range apis {
		for _, fault := range node.Rules(dialect.Specs()).Check(&apis[i]) {
			t.Errorf("%s: %v", apis[i].Name, fault)
		}
	}
}
