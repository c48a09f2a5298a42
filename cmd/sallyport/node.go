package main

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/sallyport/sallyport/internal/authn"
	"github.com/sallyport/sallyport/internal/config"
	"github.com/sallyport/sallyport/internal/dialect"
	"github.com/sallyport/sallyport/internal/httpapi"
	"github.com/sallyport/sallyport/internal/node"
	"github.com/sallyport/sallyport/internal/policy"
	"github.com/sallyport/sallyport/internal/token"
)

// openNode opens the node that a configuration describes.
// loaded, if not nil, is told of each policy that was put in force.
func openNode(ctx context.Context, c *config.Config, log *slog.Logger, loaded func(*policy.Snapshot)) (*node.Node, error) {
	master, err := masterKey(c)
	if err != nil {
		return nil, err
	}
	sinks, err := sinksOf(c)
	if err != nil {
		return nil, err
	}
	return node.Open(ctx, node.Config{
		StorageURL: c.Storage.URL, MasterKey: master, Issuer: c.Public.URL, Log: log, Now: time.Now,
		ManagementAPI: httpapi.Document(httpapi.CookieName(c.Public.URL)),
		MaxStaleness:  c.MaxStaleness, RetryWindow: c.Tokens.RetryWindow,
		SessionIdle: c.Sessions.Idle, SessionLife: c.Sessions.Absolute,
		HashWorkers: c.Limits.Argon2Workers, HashQueue: c.Limits.Argon2Queue,
		Throttle: authn.ThrottleLimits{
			Window: c.Throttle.Window, Failures: c.Throttle.Failures,
			Consecutive: c.Throttle.Consecutive, Accounts: c.Throttle.AccountsPerSource,
		},
		Sinks: sinks, Checkpoints: c.Audit.Checkpoint, ExpiryWarning: c.Tokens.ExpiryWarning,
		PasswordLen: c.Passwords.MinLength, Loaded: loaded, Dialects: dialect.Specs(), Version: versionText(),
	})
}

func masterKey(c *config.Config) (token.MasterKey, error) {
	m, err := token.ParseMasterKey([]byte(c.Keys.MasterKey.Reveal()))
	if err != nil {
		return m, withHint(fmt.Errorf("the master key cannot be used: %w", err), "sallyport init makes one; set keys.master_key_file to its path")
	}
	return m, nil
}

// loadConfig reads the configuration file that the flag --config names.
func loadConfig(path string, environ []string) (config.Config, error) {
	if path == "" {
		return config.Config{}, &usageError{withHint(fmt.Errorf("no configuration: --config FILE is missing"), "sallyport init writes one to begin with")}
	}
	return config.Load(path, environ)
}
