package doors

// CountsInMemory returns how many different uses of permissions are counted at the
// moment.
func (d *Doors) CountsInMemory() int {
	d.uses.mu.Lock()
	defer d.uses.mu.Unlock()
	return d.uses.total
}
