package audit

import (
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/sallyport/sallyport/internal/store"
)

// ActionCheckpoint is the action of the entry that a checkpoint is kept in.
const ActionCheckpoint = "audit.checkpoint"

// signedBy is the name of every key that signs checkpoints. Keys are told apart
// by their hashes, so that the name can stay when the address of an installation
// does not.
const signedBy = "sallyport/audit"

// maxCheckpoint bounds the text of a checkpoint, in bytes.
const maxCheckpoint = 4 << 10

// A Checkpoint says how the trail was at one time.
type Checkpoint struct {
	Entries int64    // how many there were, which is the number of the last one
	Hash    [32]byte // of the last one, and so of all before it; zeros when there was none
	Time    time.Time
}

// A Signer signs checkpoints. It is safe for concurrent use.
type Signer struct {
	signer note.Signer
	key    string
}

// NewSigner returns a signer with this key.
func NewSigner(private ed25519.PrivateKey) (*Signer, error) {
	public, ok := private.Public().(ed25519.PublicKey)
	if !ok || len(private) != ed25519.PrivateKeySize {
		return nil, errors.New("audit: the key of checkpoints is not an Ed25519 key")
	}
	key, err := note.NewEd25519VerifierKey(signedBy, public)
	if err != nil {
		return nil, fmt.Errorf("audit: the key of checkpoints: %w", err)
	}
	hash, _, _ := strings.Cut(strings.TrimPrefix(key, signedBy+"+"), "+")
	const ed25519Algorithm = 1
	secret := base64.StdEncoding.EncodeToString(append([]byte{ed25519Algorithm}, private.Seed()...))
	signer, err := note.NewSigner("PRIVATE+KEY+" + signedBy + "+" + hash + "+" + secret)
	if err != nil {
		return nil, errors.New("audit: the key of checkpoints cannot sign") // the error of note could quote the key
	}
	return &Signer{signer, key}, nil
}

// Key returns the public key as text, in the form of C2SP signed notes: name,
// hash and key. Whoever has it can verify checkpoints without this installation.
func (s *Signer) Key() string { return s.key }

// Sign returns a checkpoint as text with its signature, which [OpenCheckpoint]
// reads: a signed note (C2SP) of four lines.
func (s *Signer) Sign(c Checkpoint) (string, error) {
	text := fmt.Sprintf("%s\n%d\n%s\ntime %s\n", signedBy, c.Entries, base64.StdEncoding.EncodeToString(c.Hash[:]),
		c.Time.UTC().Format(time.RFC3339))
	signed, err := note.Sign(&note.Note{Text: text}, s.signer)
	if err != nil {
		return "", fmt.Errorf("sign a checkpoint: %w", err)
	}
	return string(signed), nil
}

// Errors of [OpenCheckpoint].
var (
	// ErrNotSigned says that the text is no checkpoint, was changed, or was signed
	// with another key.
	ErrNotSigned = errors.New("the checkpoint is not signed with this key")
	// ErrNoKey says that the key is not one of [Signer.Key].
	ErrNoKey = errors.New("the key is not one of an installation; sallyport audit key prints it")
)

// OpenCheckpoint verifies the text of a checkpoint with the public key of an
// installation and returns what it says. Its errors are [ErrNotSigned] and
// [ErrNoKey]. It needs nothing but its arguments.
func OpenCheckpoint(text, key string) (c Checkpoint, err error) {
	verifier, err := note.NewVerifier(strings.TrimSpace(key))
	if err != nil || verifier.Name() != signedBy {
		return c, ErrNoKey
	}
	if len(text) > maxCheckpoint {
		return c, ErrNotSigned
	}
	// Mail and editors turn line ends around; nothing signed has a CR in it.
	text = strings.ReplaceAll(strings.TrimLeft(text, "\r\n"), "\r\n", "\n")
	signed, err := note.Open([]byte(strings.TrimRight(text, "\n")+"\n"), note.VerifierList(verifier))
	if err != nil {
		return c, ErrNotSigned
	}
	lines := strings.Split(signed.Text, "\n")
	if len(lines) != 5 || lines[0] != signedBy || lines[4] != "" {
		return c, ErrNotSigned
	}
	hash, err := base64.StdEncoding.Strict().DecodeString(lines[2])
	if err != nil || len(hash) != len(c.Hash) {
		return c, ErrNotSigned
	}
	copy(c.Hash[:], hash)
	if c.Entries, err = strconv.ParseInt(lines[1], 10, 64); err != nil || c.Entries < 0 {
		return c, ErrNotSigned
	}
	at, ok := strings.CutPrefix(lines[3], "time ")
	if c.Time, err = time.Parse(time.RFC3339, at); err != nil || !ok {
		return c, ErrNotSigned
	}
	return c, nil
}

// A checkpointState is what the entry of a checkpoint says.
type checkpointState struct {
	Checkpoint string `json:"checkpoint"`
}

// AppendCheckpoint signs how the trail is and writes that at its end, in the
// caller's transaction, as an entry with what e says about who and when. So a
// checkpoint goes wherever the trail goes. It returns the text, and whether it
// was written: nothing is when a checkpoint is the last entry already; then its
// text is returned.
func AppendCheckpoint(ctx context.Context, tx *store.Tx, s *Signer, e Entry) (text string, written bool, err error) {
	seq, hash, err := tx.AuditHead(ctx)
	if err != nil {
		return "", false, fmt.Errorf("read the head of the audit trail: %w", err)
	}
	if last, err := tx.AuditAfter(ctx, seq-1, 1); err != nil {
		return "", false, fmt.Errorf("read the end of the audit trail: %w", err)
	} else if len(last) == 1 && last[0].Action == ActionCheckpoint {
		if text, _ := CheckpointOf(&last[0]); text != "" {
			return text, false, nil
		}
	}
	if text, err = s.Sign(Checkpoint{Entries: seq, Hash: hash, Time: e.At}); err != nil {
		return "", false, err
	}
	e.Action, e.Target = ActionCheckpoint, Target{Kind: "audit"}
	e.Before, e.After = nil, checkpointState{text}
	return text, true, Append(ctx, tx, e)
}

// CheckpointOf returns the text of the checkpoint in an entry, and whether the
// entry is that of a checkpoint.
func CheckpointOf(row *store.AuditRow) (string, bool) {
	if row.Action != ActionCheckpoint {
		return "", false
	}
	var state checkpointState
	if err := json.Unmarshal([]byte(row.After), &state); err != nil {
		return "", true
	}
	return state.Checkpoint, true
}
