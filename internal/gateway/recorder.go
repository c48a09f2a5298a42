package gateway

import (
	"bufio"
	"net"
	"net/http"

	"github.com/sallyport/sallyport/internal/doors/target"
)

// A recorder is the client's end of a passage. It notes the status, and the
// connection when it becomes a tunnel.
type recorder struct {
	http.ResponseWriter
	passage *passage
	status  int // of the final answer; 0: none yet
}

// WriteHeader sends the head of an answer.
func (w *recorder) WriteHeader(status int) {
	switch {
	case status >= 200 && w.status == 0:
		w.status = status
	case status < 200: // on its way past the hook that cleans final answers
		removeOwn(w.Header())
	}
	w.ResponseWriter.WriteHeader(status)
}

// Write sends a piece of the body.
func (w *recorder) Write(b []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	return w.ResponseWriter.Write(b)
}

// Unwrap returns the writer beneath, for [http.ResponseController].
func (w *recorder) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// Hijack takes the connection over as a tunnel and has it watched.
func (w *recorder) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, rw, err := http.NewResponseController(w.ResponseWriter).Hijack()
	if err != nil {
		return nil, nil, err
	}
	w.status = http.StatusSwitchingProtocols
	w.passage.tunnel = w.passage.watch(conn)
	return conn, rw, nil
}

// removeOwn removes the headers by which only Sallyport speaks.
func removeOwn(h http.Header) {
	for name := range h {
		if target.OwnHeader(name) {
			delete(h, name)
		}
	}
}
