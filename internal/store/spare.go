package store

import (
	"context"
	"fmt"
	"os"
	"sync"

	"github.com/sallyport/sallyport"
)

// spareSize is room for a few hundred revocations.
const spareSize = 1 << 20

// A spare is a file whose only use is its room on the disk: it is given up when
// the disk is full and something must be written all the same.
type spare struct {
	mu   sync.Mutex
	path string
}

// fill writes the file if it is not there. Zeros are written, not a hole, so
// that the room is really taken.
func (s *spare) fill() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if info, err := os.Stat(s.path); err == nil && info.Size() == spareSize {
		return nil
	}
	err := os.WriteFile(s.path, make([]byte, spareSize), 0o600)
	if err != nil {
		_ = os.Remove(s.path)
	}
	return err
}

// give frees the room, and reports whether there was any.
func (s *spare) give() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return os.Remove(s.path) == nil
}

// Reserve sets room on the disk aside for [Store.WriteReserved]. Who serves
// calls it at start and now and then; with PostgreSQL it does nothing.
func (s *Store) Reserve() error {
	if s.spare == nil {
		return nil
	}
	if err := s.spare.fill(); err != nil {
		return fmt.Errorf("setting room aside: %w", err)
	}
	return nil
}

// WriteReserved is Write for what must be possible even when the disk is full,
// which is taking rights away: it then uses the room that [Store.Reserve] set
// aside.
func (s *Store) WriteReserved(ctx context.Context, f func(*Tx) error) (sallyport.Revision, error) {
	revision, err := s.Write(ctx, f)
	if err != nil && s.spare != nil && s.dialect.diskFull(err) && s.spare.give() {
		s.log.WarnContext(ctx, "the disk is full; the room set aside for revocations is now in use")
		return s.Write(ctx, f)
	}
	return revision, err
}
