package doors

import "time"

// CountsInMemory returns how many different uses of permissions are counted at the
// moment.
func (d *Doors) CountsInMemory() int {
	d.uses.mu.Lock()
	defer d.uses.mu.Unlock()
	return d.uses.total
}

// WaitForAdvice has refusals wait so long for what would repair them: a busy
// machine is no reason for a test to fail.
func (d *Doors) WaitForAdvice(patience time.Duration) { d.advice.patience = patience }
