package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/sallyport/sallyport/internal/config"
	"github.com/sallyport/sallyport/internal/dialect"
	"github.com/sallyport/sallyport/internal/node"
	"github.com/sallyport/sallyport/internal/policy"
	"github.com/sallyport/sallyport/internal/store"
)

func newDoctor() *cobra.Command {
	var path string
	c := &cobra.Command{
		Use:   "doctor",
		Short: "Check the configuration, clock, database, keys and upstreams",
		Long: `Check what "sallyport serve" depends on: configuration, database and its clock,
keys, certificate, policy, and whether the upstreams can be reached. What is
wrong is said with what to do about it. Nothing is changed.`,
		Example: "  sallyport doctor --config /etc/sallyport/sallyport.yaml",
		Args:    noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return doctor(c.Context(), path, c.OutOrStdout())
		},
	}
	c.Flags().StringVar(&path, "config", "", "`FILE` with the configuration")
	return c
}

// A finding is one line of the doctor's report.
type finding struct {
	what, state, detail string
}

const (
	fine    = "ok"
	doubt   = "warning"
	trouble = "FAILED"
)

// errUnwell is what the doctor ends with when something failed.
var errUnwell = errors.New("something is wrong; see above")

func doctor(ctx context.Context, path string, out io.Writer) error {
	c, err := loadConfig(path, os.Environ())
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	findings := []finding{{"configuration", fine, path}}
	findings = append(findings, examineKeys(&c)...)
	findings = append(findings, examineCertificate(&c, time.Now())...)
	findings = append(findings, examineGRPC(&c, time.Now())...)
	findings = append(findings, examineStore(ctx, &c)...)

	failed := false
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, f := range findings {
		failed = failed || f.state == trouble
		fmt.Fprintf(w, "%s\t%s\t%s\n", f.what, f.state, f.detail)
	}
	if err := w.Flush(); err != nil {
		return fmt.Errorf("print the findings: %w", err)
	}
	if failed {
		return errUnwell
	}
	return nil
}

func examineKeys(c *config.Config) []finding {
	if _, err := masterKey(c); err != nil {
		return []finding{{"master key", trouble, err.Error()}}
	}
	return []finding{{"master key", fine, ""}}
}

// certificateWarning is how long before its end a certificate is mentioned.
const certificateWarning = 14 * 24 * time.Hour

func examineCertificate(c *config.Config, now time.Time) []finding {
	if c.Public.TLS.CertFile == "" {
		u, err := url.Parse(c.Public.URL)
		if err == nil && u.Scheme == "https" {
			return []finding{{"certificate", doubt, "none here; a proxy in front must speak TLS for " + u.Host}}
		}
		return nil
	}
	return []finding{examinePair("certificate", c.Public.TLS, now)}
}

// examinePair looks at the certificate of a listener.
func examinePair(what string, files config.TLS, now time.Time) finding {
	pair, err := tls.LoadX509KeyPair(files.CertFile, files.KeyFile)
	if err != nil {
		return finding{what, trouble, err.Error()}
	}
	leaf, err := x509.ParseCertificate(pair.Certificate[0])
	switch {
	case err != nil:
		return finding{what, trouble, err.Error()}
	case now.After(leaf.NotAfter):
		return finding{what, trouble, "ended " + leaf.NotAfter.Format(time.DateTime)}
	case now.Add(certificateWarning).After(leaf.NotAfter):
		return finding{what, doubt, "ends " + leaf.NotAfter.Format(time.DateTime)}
	}
	return finding{what, fine, "until " + leaf.NotAfter.Format(time.DateTime)}
}

// examineGRPC looks at the listener for Envoy, if there is one.
func examineGRPC(c *config.Config, now time.Time) []finding {
	g := &c.Decide.GRPC
	if g.Listen == "" {
		return nil
	}
	if g.TLS.CertFile != "" {
		return []finding{examinePair("certificate for gRPC", g.TLS, now)}
	}
	host, _, err := net.SplitHostPort(g.Listen)
	if at, perr := netip.ParseAddr(host); err == nil && (host == "localhost" || perr == nil && at.IsLoopback()) {
		return []finding{{"gRPC for Envoy", fine, g.Listen}}
	}
	return []finding{{"gRPC for Envoy", doubt, g.Listen + " speaks in the clear: decide.secret and the credentials of clients cross the network; set decide.grpc.tls"}}
}

// examineStore opens the database without changing it.
func examineStore(ctx context.Context, c *config.Config) []finding {
	if path, ok := strings.CutPrefix(c.Storage.URL.Reveal(), "sqlite:"); ok {
		// Opening would make the file, and make it root's if that is who asks.
		if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
			return []finding{{"database", trouble, path + " is not there; make it with: sallyport migrate, as the user who will serve"}}
		}
	}
	s, err := store.Open(ctx, c.Storage.URL.Reveal(), store.Options{
		Now: time.Now, Logger: slog.New(slog.DiscardHandler), Patience: examination,
	})
	if err != nil {
		return []finding{{"database", trouble, err.Error()}}
	}
	defer func() { _ = s.Close() }() // it was only read
	is, knows, err := s.SchemaVersion(ctx)
	switch {
	case err != nil:
		return []finding{{"database", trouble, err.Error()}}
	case is == 0:
		return []finding{{"database", trouble, "it is empty; make it with: sallyport migrate"}}
	case is < knows:
		return []finding{{"database", doubt, fmt.Sprintf("schema version %d, this program brings it to %d when it starts", is, knows)}}
	}
	findings := []finding{{"database", fine, fmt.Sprintf("%s, schema version %d", s.Engine(), is)}}
	if is > knows {
		findings = []finding{{"database", doubt, fmt.Sprintf("schema version %d is of a newer program; this one knows %d, and works beside it until it is replaced, too", is, knows)}}
	}
	findings = append(findings, examineClock(ctx, s)...)
	findings = append(findings, examineSinks(ctx, c, s)...)
	findings = append(findings, examineSigning(ctx, c, s)...)
	return append(findings, examinePolicy(ctx, s)...)
}

// examination is how long one question to the database may take. Nobody waits
// for a decision meanwhile, so it is longer than when serving.
const examination = 10 * time.Second

func examineClock(ctx context.Context, s *store.Store) []finding {
	away, err := skew(ctx, s.Clock, time.Now)
	switch {
	case err != nil:
		return []finding{{"clock", trouble, err.Error()}}
	case away > maxSkew:
		return []finding{{"clock", trouble, fmt.Sprintf("%s away from the database's; synchronise the clocks (NTP)", away.Round(time.Millisecond))}}
	}
	return []finding{{"clock", fine, ""}}
}

func examineSigning(ctx context.Context, c *config.Config, s *store.Store) []finding {
	master, err := masterKey(c)
	if err != nil {
		return nil // said already
	}
	n, err := node.OpenKeys(ctx, s, master)
	if err != nil {
		return []finding{{"signing keys", trouble, err.Error()}}
	}
	return []finding{{"signing keys", fine, fmt.Sprintf("%d", n)}}
}

// examinePolicy compiles the policy, names what anybody may use, and dials the
// upstreams.
func examinePolicy(ctx context.Context, s *store.Store) (findings []finding) {
	var source policy.Source
	err := s.Read(ctx, func(tx *store.Tx) (err error) {
		source, err = policy.Load(ctx, &tx.Reader)
		return err
	})
	if err != nil {
		return []finding{{"policy", trouble, err.Error()}}
	}
	compiler, err := policy.NewCompiler(node.Rules(dialect.Specs()))
	if err != nil {
		return []finding{{"policy", trouble, err.Error()}}
	}
	snapshot, err := compiler.Compile(source)
	if err != nil {
		findings = append(findings, finding{"policy", trouble, err.Error()})
	} else {
		findings = append(findings, finding{"policy", fine, fmt.Sprintf("%d APIs, %d roles", len(source.APIs), len(source.Roles))})
	}
	for _, api := range snapshot.APIs() {
		if api.Learns(time.Now()) {
			findings = append(findings, finding{"open to anybody", doubt, fmt.Sprintf("%s: everything, as it learns until %s; end it with: sallyport api learn stop %s",
				api.Name, api.Document.Learn.Until.Format(time.DateTime), api.Name)})
		}
		for _, r := range api.Routes {
			if r.Public {
				findings = append(findings, finding{"open to anybody", fine, fmt.Sprintf("%s: %v %s", api.Name, r.Methods, below(api.Document.BasePath, r.Path))})
			}
		}
		if api.Document.Upstream.URL != "" {
			findings = append(findings, dial(ctx, string(api.Name), api.Document.Upstream.URL))
		}
	}
	return findings
}

// below returns the path of a route as clients ask for it. The base path "/" adds
// nothing.
func below(base, path string) string { return strings.TrimSuffix(base, "/") + path }

// dial reports whether somebody listens where an upstream should be.
func dial(ctx context.Context, name, upstream string) finding {
	what := "upstream of " + name
	u, err := url.Parse(upstream)
	if err != nil {
		return finding{what, trouble, "its URL makes no sense"}
	}
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	d := net.Dialer{Timeout: 3 * time.Second}
	conn, err := d.DialContext(ctx, "tcp", net.JoinHostPort(u.Hostname(), port))
	if err != nil {
		return finding{what, trouble, err.Error()}
	}
	_ = conn.Close()
	return finding{what, fine, u.Host}
}
