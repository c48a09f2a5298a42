package token

import "crypto/ed25519"

// AuditKey returns the key that the installation's audit checkpoints are signed
// with. It is derived from the master key, so it is the same as long as that is,
// and a checkpoint that was kept for years can still be verified.
func (m MasterKey) AuditKey() (ed25519.PrivateKey, error) {
	if !m.set {
		return nil, errNoMasterKey
	}
	return ed25519.NewKeyFromSeed(m.derive("audit checkpoint", ed25519.SeedSize)), nil
}
