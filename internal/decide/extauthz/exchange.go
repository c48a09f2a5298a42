package extauthz

import (
	"errors"
	"net/http"
	"sync"

	"google.golang.org/grpc/mem"

	"github.com/sallyport/sallyport/internal/decide"
)

// An exchange is one question and its answer. It is used again.
type exchange struct {
	question question
	fault    error // why the question is none
	request  http.Request
	room     []string // for values of its header
	check    decide.Check
	answer   answer
	allowed  bool
	scratch  []byte
	home     *sync.Pool
}

// encode makes the message of the answer, and gives the exchange back. The decision is
// the last thing that is asked for: what is not said to be allowed is refused.
func (x *exchange) encode() mem.BufferSlice {
	pool := mem.DefaultBufferPool()
	out := pool.Get(len(x.answer.lines) + len(x.answer.body) + headroom)
	b := (*out)[:0]
	if x.allowed {
		b = x.answer.appendAllowed(b, &x.check, &x.scratch)
	} else {
		b = x.answer.appendDenied(b, &x.scratch)
	}
	*out = b
	x.free()
	return mem.BufferSlice{mem.NewBuffer(out, pool)}
}

// headroom is what a message has beside the lines and the body that it says.
const headroom = 512

// largest is the largest scratch space that is kept, in bytes.
const largest = 64 << 10

// free makes the exchange ready for another use.
func (x *exchange) free() {
	x.question.reset()
	x.check.Reset()
	x.answer.reset()
	clear(x.request.Header)
	clear(x.room)
	x.request = http.Request{Header: x.request.Header}
	x.fault, x.allowed = nil, false
	if cap(x.scratch)+cap(x.answer.body) <= largest {
		x.home.Put(x)
	}
}

// A codec reads and writes the messages of both services. It is there in place of the
// one for generated types.
type codec struct{}

// Name returns the subtype of the content type, as Envoy sends it.
func (codec) Name() string { return "proto" }

var errForeign = errors.New("not a message of this server")

// Unmarshal reads a question. One that cannot be read is a question all the same, and
// gets its answer.
func (codec) Unmarshal(data mem.BufferSlice, v any) error {
	whole := data.MaterializeToBuffer(mem.DefaultBufferPool())
	defer whole.Free()
	switch v := v.(type) {
	case *exchange:
		v.fault = v.question.read(whole.ReadOnlyData())
		return nil
	case *healthQuestion:
		return v.read(whole.ReadOnlyData())
	}
	return errForeign
}

// Marshal writes an answer.
func (codec) Marshal(v any) (mem.BufferSlice, error) {
	switch v := v.(type) {
	case *exchange:
		return v.encode(), nil
	case healthAnswer:
		return mem.BufferSlice{mem.SliceBuffer(v.append(nil))}, nil
	}
	return nil, errForeign
}
