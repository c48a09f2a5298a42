package audit

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
)

// MaxState is how long the JSON of a thing may be to be written down, in bytes.
// Of a longer one, such as the document of an API with a thousand routes, the
// length and the SHA-256 are.
const MaxState = 64 << 10

const masked = "[redacted]"

// encode returns v as JSON with secrets masked, empty for nil.
func encode(v any) (string, error) {
	if v == nil {
		return "", nil
	}
	raw, err := json.Marshal(v)
	if err != nil {
		return "", fmt.Errorf("encode for the audit trail: %w", err)
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber() // a version must not become a float
	var tree any
	if err := d.Decode(&tree); err != nil {
		return "", fmt.Errorf("encode for the audit trail: %w", err)
	}
	out, err := json.Marshal(mask(tree))
	if err != nil {
		return "", fmt.Errorf("encode for the audit trail: %w", err)
	}
	if len(out) > MaxState {
		sum := sha256.Sum256(out)
		return fmt.Sprintf(`{"bytes":%d,"sha256":%q}`, len(out), hex.EncodeToString(sum[:])), nil
	}
	return string(out), nil
}

// mask replaces the values of fields that could hold a secret.
func mask(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for name, value := range v {
			if secretive(name) && value != nil && value != "" {
				v[name] = masked
			} else {
				v[name] = mask(value)
			}
		}
	case []any:
		for i := range v {
			v[i] = mask(v[i])
		}
	}
	return v
}

// secretive reports whether a field of this name could hold a secret. What can
// be told from a flag or a number, such as "must_change_password", is masked as
// well; the trail does without.
func secretive(name string) bool {
	name = strings.ToLower(name)
	for _, part := range [...]string{"password", "secret", "digest", "hash", "private", "sealed", "cookie", "authorization"} {
		if strings.Contains(name, part) && name != "sha256" {
			return true
		}
	}
	return false
}
