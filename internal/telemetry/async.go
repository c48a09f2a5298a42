package telemetry

import (
	"context"
	"errors"
	"io"
	"sync"
	"sync/atomic"
)

// Bounds of an [Async].
const (
	defaultLines = 8192
	maxBytes     = 8 << 20  // of lines that wait
	maxLine      = 16 << 10 // a longer line is cut
	batchBytes   = 64 << 10 // written at once at most, unless one line is longer
)

// Async is a writer of lines that never blocks and never fails. Lines wait in a
// ring of bounded length and size until one goroutine has written them; when
// the ring is full, because the disk or the reader of the pipe is stuck, new
// lines are dropped and counted.
type Async struct {
	out     io.Writer
	queue   chan *line
	waiting atomic.Int64 // bytes in queue
	dropped atomic.Uint64
	closed  atomic.Bool
	stop    chan struct{} // closed by Close
	done    chan struct{} // closed when the goroutine has ended
	once    sync.Once
	pool    sync.Pool // of *line
}

type line struct {
	text  []byte
	flush chan struct{} // not nil: not a line, but a mark that is closed when it is reached
}

// NewAsync returns a writer to out that lets up to lines lines wait (8192 when
// 0) and starts its goroutine, which ends with [Async.Close].
func NewAsync(out io.Writer, lines int) *Async {
	if lines <= 0 {
		lines = defaultLines
	}
	a := &Async{
		out:   out,
		queue: make(chan *line, lines),
		stop:  make(chan struct{}),
		done:  make(chan struct{}),
	}
	go a.run()
	return a
}

// Write takes one line. It returns at once and always says that all was taken.
func (a *Async) Write(p []byte) (int, error) {
	l, _ := a.pool.Get().(*line)
	if l == nil {
		l = new(line)
	}
	l.text = append(l.text[:0], p...)
	if len(p) > maxLine {
		l.text = append(l.text[:maxLine-1], '\n')
	}
	size := int64(len(l.text))
	if a.closed.Load() || a.waiting.Add(size) > maxBytes {
		a.drop(l, size)
		return len(p), nil
	}
	select {
	case a.queue <- l:
	default:
		a.drop(l, size)
	}
	return len(p), nil
}

func (a *Async) drop(l *line, size int64) {
	if !a.closed.Load() {
		a.waiting.Add(-size)
	}
	a.dropped.Add(1)
	a.pool.Put(l)
}

// Dropped returns how many lines were lost, since the start.
func (a *Async) Dropped() uint64 { return a.dropped.Load() }

// Flush waits until all lines taken so far are written. After [Async.Close],
// which does that itself, it fails.
func (a *Async) Flush(ctx context.Context) error {
	if a.closed.Load() {
		return errors.New("flush the log: it is closed")
	}
	mark := &line{flush: make(chan struct{})}
	select {
	case a.queue <- mark:
	case <-a.done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case <-mark.flush:
		return nil
	case <-a.done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Close writes what waits and ends the goroutine. Lines that come later are
// dropped. When ctx ends first, what is left is lost and its error is returned.
func (a *Async) Close(ctx context.Context) error {
	a.once.Do(func() {
		a.closed.Store(true)
		close(a.stop)
	})
	select {
	case <-a.done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// run writes lines until Close.
func (a *Async) run() {
	defer close(a.done)
	batch := make([]byte, 0, batchBytes)
	for {
		select {
		case l := <-a.queue:
			batch = a.batch(batch[:0], l)
		case <-a.stop:
			for {
				select {
				case l := <-a.queue:
					batch = a.batch(batch[:0], l)
				default:
					return
				}
			}
		}
	}
}

// batch writes l, and with it what else waits already, in one call.
func (a *Async) batch(batch []byte, l *line) []byte {
	n := uint64(0)
	var mark *line
	for {
		if l.flush != nil {
			mark = l
			break
		}
		batch = append(batch, l.text...)
		n++
		a.waiting.Add(-int64(len(l.text)))
		a.pool.Put(l)
		if len(batch) >= batchBytes {
			break
		}
		select {
		case l = <-a.queue:
			continue
		default:
		}
		break
	}
	if n > 0 {
		if _, err := a.out.Write(batch); err != nil {
			a.dropped.Add(n)
		}
	}
	if mark != nil {
		close(mark.flush)
	}
	return batch
}
