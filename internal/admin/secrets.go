package admin

import (
	"fmt"
	"strings"
	"time"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/token"
)

// A Shape is how a secret looks. Dialects whose clients insist have their own.
type Shape string

// Shapes of secrets.
const (
	ShapeStandard  Shape = ""          // prefix, random characters, checksum
	ShapeNumber    Shape = "number"    // a positive decimal int64
	ShapeScrambled Shape = "scrambled" // what stands in the place of a password in a URL
	ShapeBase64    Shape = "base64"    // 120 characters without a prefix
)

// Issued is a credential and, this once, its secret.
type Issued struct {
	Credential sallyport.Credential
	Secret     sallyport.Secret // empty if Replayed
	Replayed   bool             // it was made by an earlier call; see [Once]
}

// A SecretInfo is what may be known of one of a credential's secrets.
type SecretInfo struct {
	Hint     string
	Expires  time.Time // end of its overlap; zero: as the credential
	Uses     int64
	LastUsed time.Time
	LastAddr string
	LastVia  string // user agent
	Created  time.Time
}

// mint draws a secret of a kind and shape.
func (s *Service) mint(kind sallyport.CredentialKind, shape Shape) (sallyport.Secret, *sallyport.CredentialSecret, error) {
	var secret sallyport.Secret
	var err error
	switch shape {
	case ShapeStandard:
		secret, err = token.Mint(kind)
	case ShapeNumber:
		secret, err = token.MintNumber()
	case ShapeScrambled:
		secret, err = token.MintScrambled()
	case ShapeBase64:
		secret, err = token.MintBase64()
	default:
		return "", nil, sallyport.ErrInvalid("shape", fmt.Sprintf("there is no shape %q of secrets", shape))
	}
	if err != nil {
		// Without randomness nothing is issued at all.
		return "", nil, &sallyport.Error{
			Kind: sallyport.Unavailable, Reason: sallyport.InternalFault,
			Message: "no secret can be made at the moment; try again", Err: err,
		}
	}
	return secret, s.digested(secret), nil
}

// digested returns what is stored of a secret.
func (s *Service) digested(secret sallyport.Secret) *sallyport.CredentialSecret {
	return &sallyport.CredentialSecret{
		Digest: s.c.Secrets.Digest(secret.Reveal()),
		Pepper: s.c.Secrets.Version(),
		Hint:   token.Hint(secret.Reveal()),
	}
}

// adoptable checks a secret that was made elsewhere.
func adoptable(kind sallyport.CredentialKind, secret sallyport.Secret) error {
	text := secret.Reveal()
	const least = 16
	if len(text) < least || len(text) > token.MaxOpaqueLen {
		return sallyport.ErrInvalid("secret", fmt.Sprintf("the secret must have %d to %d characters", least, token.MaxOpaqueLen))
	}
	for i := range len(text) {
		if text[i] <= ' ' || text[i] > '~' {
			return sallyport.ErrInvalid("secret", "the secret must be of visible ASCII characters without spaces")
		}
	}
	// A reference that nobody resolved must not become a password that everybody
	// can guess.
	for _, mark := range []string{"${", "$secret://", "{{"} {
		if strings.Contains(text, mark) {
			return sallyport.ErrInvalid("secret", "the secret is a reference that was not resolved; give the secret itself")
		}
	}
	ours, ok := token.Inspect(text)
	if ok && ours != kind {
		return sallyport.ErrInvalid("secret", "the secret is one of another kind of credential")
	}
	if !ok && len(text) > 4 && text[3] == '_' && strings.HasPrefix(text, "sp") {
		return sallyport.ErrInvalid("secret", "the secret looks like one of ours, but its checksum is wrong")
	}
	return nil
}
