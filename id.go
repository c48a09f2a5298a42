package sallyport

// Ids have types of their own, so that one cannot stand where another belongs.
// All but [APIName] are random UUIDs in canonical lower-case form, and none is
// ever given out twice.
type (
	// A TenantID names a tenant.
	TenantID string
	// A PrincipalID names a user, or an API key acting in its own name.
	PrincipalID string
	// A GroupID names a group of users.
	GroupID string
	// A RoleID names a role.
	RoleID string
	// A BindingID names a binding.
	BindingID string
	// A CredentialID names a credential; it is not the secret.
	CredentialID string
	// A FamilyID names a sign-in: the access and refresh tokens that stem from
	// it. It is the "sid" claim of an access token.
	FamilyID string
	// A FactorID names a second factor of a user.
	FactorID string
	// An APIName names a protected API: lower-case letters, digits and dashes.
	APIName string
	// A Revision numbers the changes of an installation, from 1.
	Revision uint64
)

// EveryTenant is the tenant of a binding, role or user that is not limited to
// one tenant. It is never the tenant of a request.
const EveryTenant TenantID = "*"

// IsUUID reports whether s is a UUID in canonical form: lower-case hexadecimal
// digits in groups of 8-4-4-4-12 (RFC 9562 section 4).
func IsUUID(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i := range len(s) {
		switch c := s[i]; {
		case i == 8 || i == 13 || i == 18 || i == 23:
			if c != '-' {
				return false
			}
		case (c < '0' || c > '9') && (c < 'a' || c > 'f'):
			return false
		}
	}
	return true
}

// A UUID is an id in binary form, for tables and decisions that must not
// allocate. The zero UUID stands for none and is written "-".
type UUID [16]byte

// ParseUUID reads the canonical form; see [IsUUID].
func ParseUUID(s string) (UUID, bool) {
	var u UUID
	if !IsUUID(s) {
		return u, false
	}
	n := 0
	for i := 0; i < len(s); i++ {
		if s[i] == '-' {
			continue
		}
		u[n/2] = u[n/2]<<4 | nibble(s[i])
		n++
	}
	return u, true
}

func nibble(c byte) byte {
	if c >= 'a' {
		return c - 'a' + 10
	}
	return c - '0'
}

// String returns the canonical form.
func (u UUID) String() string {
	if u == (UUID{}) {
		return "-"
	}
	const digits = "0123456789abcdef"
	var b [36]byte
	n := 0
	for i, v := range u {
		if i == 4 || i == 6 || i == 8 || i == 10 {
			b[n] = '-'
			n++
		}
		b[n], b[n+1] = digits[v>>4], digits[v&15]
		n += 2
	}
	return string(b[:])
}
