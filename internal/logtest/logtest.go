// Package logtest keeps what a program logs, for tests that look at it.
package logtest

import (
	"bytes"
	"sync"
)

// A Log keeps what is written to it. The zero Log is empty. It is safe for
// concurrent use.
type Log struct {
	mu   sync.Mutex // guards text
	text bytes.Buffer
}

// Write adds p to what is kept.
func (l *Log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

// String returns everything that was written.
func (l *Log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}
