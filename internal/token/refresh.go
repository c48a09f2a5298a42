package token

import (
	"encoding/hex"
	"fmt"
	"time"
)

// RefreshKeys returns the key set of [RefreshJWT]. Its one key is derived from
// the master key, so all nodes have it and none stores it. The issuer is as in
// [NewKeySet].
//
// Such a token is an envelope: the ID of its claims is the opaque refresh token
// that everything depends on, and the signature says how long the envelope may be
// opened.
func (m MasterKey) RefreshKeys(issuer string) (*KeySet, error) {
	if m == (MasterKey{}) {
		return nil, errNoMasterKey
	}
	k := &SigningKey{
		ID:   uuidText(m.derive("refresh jwt id", 16)),
		Kind: RefreshJWT, Algorithm: HS256, State: KeyActive, Activated: time.Unix(0, 0),
	}
	k, err := k.with(m.derive("refresh jwt", hmacKeyLen))
	if err != nil {
		return nil, fmt.Errorf("derive the key of refresh tokens: %w", err)
	}
	return NewKeySet(issuer, MaxLeeway, k)
}

// uuidText writes 16 bytes as clients expect a key id to look.
func uuidText(b []byte) string {
	text := hex.EncodeToString(b)
	return text[:8] + "-" + text[8:12] + "-" + text[12:16] + "-" + text[16:20] + "-" + text[20:]
}
