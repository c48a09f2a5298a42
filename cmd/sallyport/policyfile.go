package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sallyport/sallyport/api"
	"github.com/sallyport/sallyport/client"
	"github.com/sallyport/sallyport/internal/config"
)

// maxPolicyFile bounds a policy file, in bytes; the server takes no more.
const maxPolicyFile = 16 << 20

// A policyFlag is the flag --file of commands about policies.
type policyFlag struct {
	files []string
	adopt bool
}

func (f *policyFlag) add(c *cobra.Command) {
	c.Flags().StringArrayVarP(&f.files, "file", "f", nil, "policy `FILE`, - for standard input; several make one policy (more can follow as arguments)")
}

func (f *policyFlag) addAdopt(c *cobra.Command) {
	c.Flags().BoolVar(&f.adopt, "adopt", false, "take over what is there already and belongs to no policy")
}

// A policySource is where the parts of a policy were read.
type policySource struct {
	Policy api.Policy
	files  []policyPart
}

// A policyPart is what one file added.
type policyPart struct {
	name  string
	lines map[string]int // of keys, as in the file
	from  map[string]int // by list: the place of its first element in the whole
}

// read reads the files that a command was given.
func (f *policyFlag) read(in io.Reader, args []string) (*policySource, error) {
	files := slices.Concat(f.files, args)
	if len(files) == 0 {
		return nil, &usageError{errors.New("no policy file is named; write -f FILE")}
	}
	s := &policySource{}
	for _, name := range files {
		if err := s.add(in, name); err != nil {
			return nil, err
		}
	}
	return s, nil
}

func (s *policySource) add(in io.Reader, name string) error {
	data, shown, err := readInput(in, name, maxPolicyFile)
	if err != nil {
		return err
	}
	doc, err := config.DecodeFile[api.Policy](shown, data, maxPolicyFile)
	if err != nil {
		// Not the installation's configuration, so not its exit status.
		return fmt.Errorf("the policy makes no sense:\n%v", err) //nolint:errorlint // on purpose, see above
	}
	p := &doc.Value
	switch {
	case s.Policy.Policy == "":
		s.Policy.Policy = p.Policy
	case p.Policy != "" && p.Policy != s.Policy.Policy:
		return fmt.Errorf("%s:%d: this is the policy %q, and the file before is %q; name files of one policy at a time",
			shown, doc.Lines["policy"], p.Policy, s.Policy.Policy)
	}
	settle(p)
	w := &s.Policy
	s.files = append(s.files, policyPart{name: shown, lines: doc.Lines, from: map[string]int{
		"tenants": len(w.Tenants), "realms": len(w.Realms), "users": len(w.Users), "groups": len(w.Groups), "roles": len(w.Roles),
		"bindings": len(w.Bindings), "apis": len(w.APIs), "tests": len(w.Tests),
	}})
	w.Tenants, w.Realms, w.Users = append(w.Tenants, p.Tenants...), append(w.Realms, p.Realms...), append(w.Users, p.Users...)
	w.Groups, w.Roles, w.Bindings = append(w.Groups, p.Groups...), append(w.Roles, p.Roles...), append(w.Bindings, p.Bindings...)
	w.APIs, w.Tests = append(w.APIs, p.APIs...), append(w.Tests, p.Tests...)
	return nil
}

// settle writes the tenant of a file to all that names none, as other files can
// have another one.
func settle(p *api.Policy) {
	for i := range p.Realms {
		setTenant(&p.Realms[i].Tenant, p.Tenant)
	}
	for i := range p.Users {
		setTenant(&p.Users[i].Tenant, p.Tenant)
	}
	for i := range p.Groups {
		setTenant(&p.Groups[i].Tenant, p.Tenant)
	}
	for i := range p.Roles {
		setTenant(&p.Roles[i].Tenant, p.Tenant)
	}
	for i := range p.Bindings {
		setTenant(&p.Bindings[i].Tenant, p.Tenant)
	}
}

func setTenant(to *string, tenant string) {
	if *to == "" {
		*to = tenant
	}
}

// readInput reads a file, or standard input for "-", and returns what to call it.
func readInput(in io.Reader, name string, most int64) (data []byte, shown string, err error) {
	shown = name
	if name == "-" {
		shown = "standard input"
	} else {
		f, err := os.Open(name)
		if err != nil {
			return nil, shown, fmt.Errorf("read the file: %w", err)
		}
		defer func() { _ = f.Close() }() // it was only read
		in = f
	}
	data, err = io.ReadAll(io.LimitReader(in, most+1))
	switch {
	case err != nil:
		return nil, shown, fmt.Errorf("read %s: %w", shown, err)
	case int64(len(data)) > most:
		return nil, shown, fmt.Errorf("%s is larger than %d MiB", shown, most>>20)
	}
	return data, shown, nil
}

// place returns where a field of the whole policy was written, such as
// "site.yaml:12: roles[2].name".
func (s *policySource) place(field string) string {
	list, rest, _ := strings.Cut(field, "[")
	digits, tail, ok := strings.Cut(rest, "]")
	n, err := strconv.Atoi(digits)
	for _, f := range slices.Backward(s.files) {
		key := field
		if ok && err == nil {
			if n < f.from[list] {
				continue
			}
			key = fmt.Sprintf("%s[%d]%s", list, n-f.from[list], tail)
		}
		for at := key; at != ""; at = parentKey(at) {
			if line := f.lines[at]; line > 0 {
				return fmt.Sprintf("%s:%d: %s", f.name, line, key)
			}
		}
	}
	return field
}

// parentKey is the key around a key.
func parentKey(key string) string {
	if i := strings.LastIndexAny(key, ".["); i >= 0 {
		return key[:i]
	}
	return ""
}

// located adds the places in the files to what the server says of fields.
func (s *policySource) located(err error) error {
	e, ok := errors.AsType[*client.Error](err)
	if !ok || len(e.Fields) == 0 {
		return err
	}
	told := *e
	told.Fields = nil
	var b strings.Builder
	for _, f := range e.Fields {
		fmt.Fprintf(&b, "\n%s: %s", s.place(f.Field), strings.TrimPrefix(f.Message, f.Field+" "))
	}
	told.Detail = "see below"
	return &policyError{&told, b.String()}
}

// A policyError is an answer about a policy, with the places that it is about.
type policyError struct {
	answer *client.Error
	places string
}

// Error returns the answer and, on lines of their own, the places.
func (e *policyError) Error() string { return e.answer.Error() + e.places }

// Unwrap returns the answer.
func (e *policyError) Unwrap() error { return e.answer }
