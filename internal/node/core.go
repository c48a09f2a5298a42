package node

import (
	"os"
	"runtime"
)

// ShareCore lets two threads of a process that has one core run Go at a time, so that
// the system shares the core between them. Go by itself would run one, and look at the
// network when there is nothing else to do or every 10 ms: while use counts are written
// down, which is tens of milliseconds of work and waiting for the disk, each request
// would wait for that long. With two, a request that comes interrupts that. Go chooses
// two, too, where a container may use less than two cores of a machine that has more.
//
// Where there are more cores, or the operator has set GOMAXPROCS, nothing is done. It is
// for the program, and ends with the returned function.
func ShareCore() (stop func()) {
	_, chosen := os.LookupEnv("GOMAXPROCS") //nolint:forbidigo // a setting of Go's, not of ours
	if chosen || runtime.GOMAXPROCS(0) > 1 {
		return func() {}
	}
	runtime.GOMAXPROCS(2)
	return func() { runtime.GOMAXPROCS(1) }
}
