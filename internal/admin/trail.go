package admin

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/audit"
	"github.com/sallyport/sallyport/internal/store"
	"github.com/sallyport/sallyport/internal/token"
)

// Audit returns entries of the trail, newest first: those of a tenant, or of the
// whole installation when it is empty, and that reading is written down itself.
// It needs [AuditRead] in the tenant, or in every tenant.
func (s *Service) Audit(ctx context.Context, a Actor, tenant sallyport.TenantID, f store.AuditFilter, p Page) (list List[store.AuditRow], err error) {
	err = s.look(ctx, a, func(w *work) (err error) {
		if err := w.mayList(tenant, AuditRead); err != nil {
			return err
		}
		place := []string{"audit", string(tenant), string(f.Actor), f.Action, f.Target, f.RequestID, f.From.String(), f.Until.String(), strconv.FormatInt(f.After, 10)}
		list, err = pages(w, p, place, func(p store.Page) ([]store.AuditRow, string, error) {
			if tenant == "" {
				return w.tx.EveryAudit(ctx, f, p)
			}
			return w.tx.Audit(ctx, tenant, f, p)
		})
		return err
	})
	if err != nil || tenant != "" || p.Cursor != "" || a.IsSystem() {
		return list, err
	}
	if ownReading(list.Items, a) {
		return list, nil
	}
	return list, s.noted(ctx, a, "audit.read")
}

// ownReading reports whether there is nothing in a list, or only that the actor
// has read it: who follows the trail would otherwise read of his own reading
// without end.
func ownReading(rows []store.AuditRow, a Actor) bool {
	return !slices.ContainsFunc(rows, func(r store.AuditRow) bool {
		return r.Action != "audit.read" || r.ActorID != a.Principal.ID
	})
}

// noted writes down that the actor looked at the whole trail.
func (s *Service) noted(ctx context.Context, a Actor, action string) error {
	return s.change(ctx, a, func(w *work) error {
		return w.write(ctx, sallyport.EveryTenant, action, thing{"audit", "", ""}, nil, nil)
	})
}

// VerifyAudit walks the trail of the whole installation and reports where it is
// not as it was written, by its own hashes, by the checkpoints in it and by those
// that were kept elsewhere; see [audit.Verify]. A checkpoint of another
// installation is Invalid. It needs [AuditRead] in every tenant.
func (s *Service) VerifyAudit(ctx context.Context, a Actor, from, to int64, kept ...string) (audit.Report, error) {
	err := s.look(ctx, a, func(w *work) error { return w.may(sallyport.EveryTenant, AuditRead) })
	if err != nil {
		return audit.Report{}, err
	}
	check := audit.Check{From: from, To: to, Key: s.c.Checkpoints.Key()}
	for i, text := range kept {
		c, err := audit.OpenCheckpoint(text, check.Key)
		if err != nil {
			return audit.Report{}, sallyport.ErrInvalid(fmt.Sprintf("checkpoints[%d]", i), "it is not signed with the key of this installation, or was changed")
		}
		check.Against = append(check.Against, c)
	}
	return audit.Verify(ctx, s.c.Store, check)
}

// AuditKey returns the public key of the checkpoints of this installation, which
// is for everybody.
func (s *Service) AuditKey() string { return s.c.Checkpoints.Key() }

// Checkpoint signs how the trail is, writes that at its end and returns it; see
// [audit.AppendCheckpoint]. If nothing was written since the last one, it is that.
// It needs [AuditRead] in every tenant.
func (s *Service) Checkpoint(ctx context.Context, a Actor) (text string, c audit.Checkpoint, err error) {
	err = s.change(ctx, a, func(w *work) error {
		if err := w.may(sallyport.EveryTenant, AuditRead); err != nil {
			return err
		}
		text, err = w.checkpoint(ctx)
		return err
	})
	if err != nil {
		return "", c, err
	}
	c, err = audit.OpenCheckpoint(text, s.c.Checkpoints.Key())
	return text, c, err
}

// lastCheckpoint is where the time of the last checkpoint is kept.
const lastCheckpoint = "audit_checkpoint"

func (w *work) checkpoint(ctx context.Context) (string, error) {
	text, written, err := audit.AppendCheckpoint(ctx, w.tx, w.c.Checkpoints, w.entry())
	if err != nil || !written {
		return text, err
	}
	return text, w.tx.SetMeta(ctx, lastCheckpoint, w.now.UTC().Format(time.RFC3339))
}

// CheckpointWhenDue makes a checkpoint if the last one, or the beginning of the
// trail, is this long ago and something was written since. It returns the text,
// empty if none was made. Any node may call it at any time.
func (s *Service) CheckpointWhenDue(ctx context.Context, every time.Duration) (text string, err error) {
	err = s.change(ctx, System("checkpoint"), func(w *work) error {
		text = ""
		due, err := w.checkpointDue(ctx, every)
		if err != nil || !due {
			return err
		}
		text, err = w.checkpoint(ctx)
		return err
	})
	return text, err
}

func (w *work) checkpointDue(ctx context.Context, every time.Duration) (bool, error) {
	var since time.Time
	last, err := w.tx.Meta(ctx, lastCheckpoint)
	switch {
	case err == nil:
		since, _ = time.Parse(time.RFC3339, last) // what cannot be read is long ago
	case sallyport.KindOf(err) != sallyport.NotFound:
		return false, err
	default:
		first, err := w.tx.AuditAfter(ctx, 0, 1)
		if err != nil || len(first) == 0 {
			return false, err
		}
		since = first[0].Time
	}
	seq, _, err := w.tx.AuditHead(ctx)
	if err != nil || w.now.Sub(since) < every {
		return false, err
	}
	newest, err := w.tx.AuditAfter(ctx, seq-1, 1)
	return len(newest) == 1 && newest[0].Action != audit.ActionCheckpoint, err
}

// Who finds whom a pseudonym of the access log stands for: users and API keys
// that are there. That somebody asked is written down. It needs [AuditRead] in
// every tenant.
func (s *Service) Who(ctx context.Context, a Actor, pseudonym string) (found []Someone, err error) {
	err = s.change(ctx, a, func(w *work) error {
		found = nil
		if err := w.may(sallyport.EveryTenant, AuditRead); err != nil {
			return err
		}
		if !isPseudonym(pseudonym) {
			return sallyport.ErrInvalid("pseudonym", "a pseudonym is 12 hexadecimal digits, in lower case")
		}
		if found, err = w.bearers(ctx, pseudonym); err != nil {
			return err
		}
		return w.write(ctx, sallyport.EveryTenant, "audit.who", thing{"pseudonym", pseudonym, ""}, nil, nil)
	})
	return found, err
}

// A Someone is who a pseudonym stands for.
type Someone struct {
	Principal sallyport.Principal
	State     sallyport.State
}

const pseudonymLen = 12

func isPseudonym(s string) bool {
	return len(s) == pseudonymLen && strings.Trim(s, "0123456789abcdef") == ""
}

// bearers looks through all users and API keys. A pseudonym is of the id, or of a
// login that somebody tried before it was anybody's.
func (w *work) bearers(ctx context.Context, pseudonym string) (found []Someone, err error) {
	is := func(text string) bool { return token.Pseudonym(w.c.Pseudonyms, text) == pseudonym }
	users, err := all(func(p store.Page) ([]sallyport.User, string, error) {
		return w.tx.EveryUser(ctx, store.UserFilter{}, p)
	})
	if err != nil {
		return nil, err
	}
	for _, u := range users {
		if is(string(u.ID)) || is(u.Login) {
			found = append(found, Someone{principalOf(u), u.State})
		}
	}
	keys, err := w.everyKey(ctx)
	if err != nil {
		return nil, err
	}
	for _, k := range keys {
		if is(string(k.ID)) {
			found = append(found, Someone{keyPrincipal(k), k.State})
		}
	}
	return found, nil
}

// everyKey returns the API keys of all tenants.
func (w *work) everyKey(ctx context.Context) (keys []sallyport.Credential, err error) {
	tenants, err := all(func(p store.Page) ([]sallyport.Tenant, string, error) {
		return w.tx.Tenants(ctx, store.TenantFilter{}, p)
	})
	if err != nil {
		return nil, err
	}
	for _, t := range tenants {
		of, err := all(func(p store.Page) ([]sallyport.Credential, string, error) {
			return w.tx.Credentials(ctx, t.ID, store.CredentialFilter{Kind: sallyport.APIKey}, p)
		})
		if err != nil {
			return nil, err
		}
		keys = append(keys, of...)
	}
	return keys, nil
}
