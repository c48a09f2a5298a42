package authn

import (
	"strings"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/token"
)

// kinds numbers the kinds of credential for the table of known ones.
var kinds = [...]sallyport.CredentialKind{
	0: "",
	1: sallyport.Password,
	2: sallyport.Session,
	3: sallyport.PersonalToken,
	4: sallyport.ApplicationToken,
	5: sallyport.APIKey,
	6: sallyport.AccessToken,
}

func numberOf(kind sallyport.CredentialKind) uint8 {
	for i, k := range kinds {
		if k == kind {
			return uint8(i)
		}
	}
	return 0
}

// form is what a presented text claims to be. It is told once, from the text
// alone, and no other reading is tried after it.
type form uint8

const (
	formMalformed form = iota
	formOpaque         // our prefix and a good checksum
	formForeign        // a secret in a dialect's or importer's shape; only the store knows
	formJWT
)

// formOf tells the form of a text, and of an opaque secret the kind.
func formOf(text string) (form, sallyport.CredentialKind) {
	if kind, ok := token.Inspect(text); ok {
		return formOpaque, kind
	}
	switch {
	case token.IsJWT(text):
		return formJWT, sallyport.AccessToken
	case len(text) == 0 || len(text) > token.MaxOpaqueLen:
		return formMalformed, ""
	case len(text) > 4 && text[3] == '_' && strings.HasPrefix(text, "sp"):
		return formMalformed, "" // one of ours with a wrong checksum
	default:
		return formForeign, ""
	}
}
