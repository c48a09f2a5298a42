package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"time"
)

// The proxies of Debian's packages answer the questions themselves in the same
// rounds, for how much a decision costs beside what they do with none. Each becomes
// the process of its part, so its CPU time is counted like that of the others.

// A peer is a proxy that answers the questions itself.
type peer struct {
	program string
	args    []string                          // of its start, with the folder of its configuration
	config  func(address, keys string) string // keys: a file of digests
}

const (
	nginxAnswers = `daemon off; master_process off; worker_processes 1; pid nginx.pid; error_log stderr crit;
events { worker_connections 256; }
http {
	access_log off; keepalive_requests 1000000000; keepalive_timeout 120s;
	client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi; uwsgi_temp_path uwsgi; scgi_temp_path scgi;
	server { listen %s; location / { return 200; } }
}
`
	haproxyAnswers = `global
	nbthread 1
	maxconn 4096
defaults
	mode http
	timeout client 60s
	timeout server 60s
	timeout connect 5s
frontend questions
	bind %s
%s	http-request return status 200
`
	// haproxyKeys lets in who has a key, found by its digest, and a role.
	haproxyKeys = `	http-request set-var(txn.who) http_auth_bearer,sha2(256),hex,map_str(%s)
	http-request return status 401 unless { var(txn.who) -m found }
	http-request return status 403 unless { var(txn.who),field(2,:) -m reg ^r[0-9]+$ }
`
)

var peers = map[string]peer{
	"nginx": {"nginx", []string{"-e", "/dev/null", "-p", ".", "-c", "config"}, func(address, _ string) string {
		return fmt.Sprintf(nginxAnswers, address)
	}},
	"haproxy": {"haproxy", []string{"-db", "-f", "config"}, func(address, _ string) string {
		return fmt.Sprintf(haproxyAnswers, address, "")
	}},
	"haproxy-keys": {"haproxy", []string{"-db", "-f", "config"}, func(address, keys string) string {
		return fmt.Sprintf(haproxyAnswers, address, fmt.Sprintf(haproxyKeys, keys))
	}},
}

// find returns the file of a program; servers are often in folders that an ordinary
// account does not have in its PATH.
func find(program string) (string, error) {
	for _, place := range []string{program, "/usr/sbin/" + program, "/usr/local/sbin/" + program} {
		if file, err := exec.LookPath(place); err == nil {
			return file, nil
		}
	}
	return "", fmt.Errorf("%s is not installed; scripts/need nginx haproxy redis wrk installs what peers need", program)
}

var versionPattern = regexp.MustCompile(`\d+\.\d+\.\d+`)

// peerTurns are those of the peers, with their versions in their names. Those with
// keys have so many.
func peerTurns(ctx context.Context, keys int) ([]turn, error) {
	turns := []turn{
		{name: "nginx %s, return 200", server: "nginx", careless: true},
		{name: "HAProxy %s, return status 200", server: "haproxy", careless: true},
		{name: fmt.Sprintf("HAProxy %%s, %d keys by digest", keys), server: "haproxy-keys"},
		{name: fmt.Sprintf("net/http and Redis %%s, %d keys by digest", keys), server: redisPart},
	}
	for i := range turns {
		t := &turns[i]
		said, err := version(ctx, t.server)
		if err != nil {
			return nil, err
		}
		t.name = fmt.Sprintf(t.name, said)
		t.baseline, t.kind, t.most = bareTurn, byToken, inTurn
	}
	return turns, nil
}

// withPeers adds the turns of the peers, and of wrk asking the first two turns, which
// are of the bare handler and the decision service.
func withPeers(ctx context.Context, turns []turn, keys int) ([]turn, error) {
	others, err := peerTurns(ctx, keys)
	if err != nil {
		return nil, err
	}
	if _, err := find("wrk"); err != nil {
		return nil, err
	}
	return slices.Concat(turns, askedByWrk(turns[:2]), others), nil
}

// version asks the program of a peer for its version.
func version(ctx context.Context, part string) (string, error) {
	program, ask := "redis-server", "--version"
	if part != redisPart {
		program, ask = peers[part].program, "-v"
	}
	file, err := find(program)
	if err != nil {
		return "", err
	}
	said, err := exec.CommandContext(ctx, file, ask).CombinedOutput() //nolint:gosec // a program of Debian's
	if err != nil {
		return "", fmt.Errorf("ask %s for its version: %w", file, err)
	}
	return string(versionPattern.Find(said)), nil
}

// become is the part of a peer: it writes the configuration and becomes the program.
func (p peer) become(_ context.Context, orders *json.Decoder, answers *json.Encoder) error {
	var o serveOrder
	if err := orders.Decode(&o); err != nil {
		return fmt.Errorf("read the orders: %w", err)
	}
	file, err := find(p.program)
	if err != nil {
		return err
	}
	address, err := freeAddress()
	if err != nil {
		return err
	}
	if err := os.Chdir(o.Folder); err != nil {
		return fmt.Errorf("go to the folder of the configuration: %w", err)
	}
	var keys strings.Builder
	for i, sum := range o.keys() {
		fmt.Fprintf(&keys, "%X t1:r%d\n", sum, i)
	}
	err = errors.Join(
		os.WriteFile("keys", []byte(keys.String()), 0o600),
		os.WriteFile("config", []byte(p.config(address, filepath.Join(o.Folder, "keys"))), 0o600),
	)
	if err != nil {
		return fmt.Errorf("write the configuration: %w", err)
	}
	if err := answers.Encode(serveAnswer{Address: address}); err != nil {
		return err
	}
	return syscall.Exec(file, append([]string{file}, p.args...), os.Environ()) //nolint:gosec // a program of the table above
}

// reached waits until somebody listens at an address.
func reached(address string) error {
	for began := time.Now(); ; time.Sleep(10 * time.Millisecond) {
		conn, err := net.Dial("tcp", address)
		if err == nil {
			return conn.Close()
		}
		if time.Since(began) > untilReady {
			return fmt.Errorf("a peer does not listen: %w", err)
		}
	}
}
