package storetest

import (
	"context"
	"os"
	"os/exec"
	"testing"
)

// SmallDisk returns a folder on a disk of its own, of the size that mount(8) reads,
// such as "4m". It is gone at the end of the test.
//
// Only root can mount one. Without that the test is skipped, except where everything
// must run, in CI.
func SmallDisk(t *testing.T, size string) string {
	t.Helper()
	dir, ctx := t.TempDir(), context.WithoutCancel(t.Context())
	out, err := exec.CommandContext(ctx, "mount", "-t", "tmpfs", "-o", "size="+size, "tmpfs", dir).CombinedOutput()
	switch {
	case err == nil:
		t.Cleanup(func() { _ = exec.CommandContext(ctx, "umount", dir).Run() })
	case os.Getenv("CI") != "":
		t.Fatalf("cannot mount a small disk, run this as root: %v: %s", err, out)
	default:
		t.Skipf("cannot mount a small disk, run this as root: %v: %s", err, out)
	}
	return dir
}
