package surface

import "net/http"

// A Recorder remembers the status of an answer.
type Recorder struct {
	http.ResponseWriter
	Status int // 0: there is no answer yet
}

// WriteHeader remembers the status.
func (r *Recorder) WriteHeader(status int) {
	if r.Status == 0 {
		r.Status = status
	}
	r.ResponseWriter.WriteHeader(status)
}

// Write remembers that the status was 200 if none was said.
func (r *Recorder) Write(p []byte) (int, error) {
	if r.Status == 0 {
		r.Status = http.StatusOK
	}
	return r.ResponseWriter.Write(p)
}

// Unwrap is for [http.ResponseController].
func (r *Recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }
