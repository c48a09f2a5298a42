package policy

import (
	"slices"
	"strings"

	sallyport "github.com/sallyport/sallyport"
)

// UseOf returns the number of what somebody uses who needs all of some
// permissions and one of others, for [Compiler.Used]. It is 0 if that is
// nothing.
func (c *Compiler) UseOf(allOf, anyOf []sallyport.Permission) int32 {
	var items []string
	for _, p := range allOf {
		items = append(items, string(p))
	}
	if len(anyOf) > 0 {
		items = append(items, strings.Join(tidy(words(anyOf)), "|"))
	}
	return c.uses.of(strings.Join(tidy(items), ","))
}

// Used returns what a number of [Compiler.UseOf] stands for: each item is a
// permission that was needed, or several joined with "|" of which one was
// enough. There is none in the use of nothing.
func (c *Compiler) Used(use int32) []string {
	all := c.uses.all()
	if use <= 0 || int(use) >= len(all) {
		return nil
	}
	return strings.Split(all[use], ",")
}

func words(permissions []sallyport.Permission) []string {
	out := make([]string, len(permissions))
	for i, p := range permissions {
		out[i] = string(p)
	}
	return slices.Clip(out)
}

// A Use is the use of permissions behind the doors: by the management of the
// installation, which asks for rights itself.
type Use struct {
	Principal      sallyport.PrincipalID
	CredentialKind sallyport.CredentialKind
	Credential     sallyport.UUID
	Binding        sallyport.BindingID // that gave them; empty: it is not known of one alone
	Tenant         sallyport.TenantID
	Permissions    []sallyport.Permission
}
