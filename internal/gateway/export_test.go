package gateway

// UseLibrary has httputil.ReverseProxy forward everything. It is called before the
// first request.
func (g *Gateway) UseLibrary() { g.library = true }
