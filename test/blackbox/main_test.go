package blackbox_test

import (
	"testing"

	"github.com/sallyport/sallyport/internal/proctest"
)

func TestMain(m *testing.M) { proctest.Main(m) }
