// Package passkeytest is a device with passkeys, in software, as tests need one: it
// answers what browsers are asked, and can be made to answer wrongly.
package passkeytest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"testing"

	"github.com/fxamacker/cbor/v2"
)

// A Device holds one passkey. What is exported may be changed between answers.
type Device struct {
	Origin   string // that it says it was asked at
	RP       string // that it answers for
	Counter  uint32 // of the next signature; 0: it counts none
	Verified bool   // it made sure who holds it

	t      testing.TB
	key    *ecdsa.PrivateKey
	id     []byte
	handle string // of the user, as it was told
}

// New returns a device at an origin, for a relying party.
func New(t testing.TB, origin, rp string) *Device {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	id := make([]byte, 16)
	if _, err := rand.Read(id); err != nil {
		t.Fatal(err)
	}
	return &Device{Origin: origin, RP: rp, Verified: true, t: t, key: key, id: id}
}

// A question is what the device reads of the options.
type question struct {
	Challenge string `json:"challenge"`
	User      struct {
		ID string `json:"id"`
	} `json:"user"`
}

// Flags of authenticator data (Web Authentication section 6.1).
const (
	present  = 1 << 0
	verified = 1 << 2
	attested = 1 << 6
)

// Make answers a question for a new passkey.
func (d *Device) Make(options string) string {
	d.t.Helper()
	q := d.read(options)
	d.handle = q.User.ID
	data := d.data(attested)
	data = append(data, make([]byte, 16)...) // the model is nobody's business
	data = binary.BigEndian.AppendUint16(data, uint16(len(d.id)))
	data = append(append(data, d.id...), d.encode(d.publicKey())...)
	return d.answer(map[string]any{
		"clientDataJSON":    text(d.client("webauthn.create", q.Challenge)),
		"attestationObject": text(d.encode(map[string]any{"fmt": "none", "attStmt": map[string]any{}, "authData": data})),
	})
}

// Sign answers a question with the passkey.
func (d *Device) Sign(options string) string {
	d.t.Helper()
	client := d.client("webauthn.get", d.read(options).Challenge)
	data, hashed := d.data(0), sha256.Sum256(client)
	digest := sha256.Sum256(append(append([]byte{}, data...), hashed[:]...))
	signature, err := ecdsa.SignASN1(rand.Reader, d.key, digest[:])
	if err != nil {
		d.t.Fatal(err)
	}
	return d.answer(map[string]any{
		"clientDataJSON": text(client), "authenticatorData": text(data), "signature": text(signature), "userHandle": d.handle,
	})
}

// Handle has the device name another user.
func (d *Device) Handle(id string) { d.handle = text([]byte(id)) }

func (d *Device) read(options string) (q question) {
	d.t.Helper()
	if err := json.Unmarshal([]byte(options), &q); err != nil {
		d.t.Fatalf("the question %q: %v", options, err)
	}
	return q
}

// data is authenticator data without what follows it.
func (d *Device) data(flags byte) []byte {
	rp := sha256.Sum256([]byte(d.RP))
	flags |= present
	if d.Verified {
		flags |= verified
	}
	return binary.BigEndian.AppendUint32(append(rp[:], flags), d.Counter)
}

// publicKey is the key as COSE has it (RFC 9053 section 7.1.1): ES256 on P-256.
func (d *Device) publicKey() map[int]any {
	point, err := d.key.PublicKey.Bytes()
	if err != nil {
		d.t.Fatal(err)
	}
	return map[int]any{1: 2, 3: -7, -1: 1, -2: point[1:33], -3: point[33:]}
}

func (d *Device) client(kind, challenge string) []byte {
	data, err := json.Marshal(map[string]any{"type": kind, "challenge": challenge, "origin": d.Origin, "crossOrigin": false})
	if err != nil {
		d.t.Fatal(err)
	}
	return data
}

func (d *Device) answer(response map[string]any) string {
	said, err := json.Marshal(map[string]any{
		"id": text(d.id), "rawId": text(d.id), "type": "public-key", "clientExtensionResults": map[string]any{}, "response": response,
	})
	if err != nil {
		d.t.Fatal(err)
	}
	return string(said)
}

func (d *Device) encode(v any) []byte {
	data, err := cbor.Marshal(v)
	if err != nil {
		d.t.Fatal(err)
	}
	return data
}

func text(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }
