package password

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/sallyport/sallyport"
)

// A Rule names a rule that a password broke. It is part of the wire contract.
type Rule string

// Rules for passwords (NIST SP 800-63B-4 section 3.1.1.2). None asks for kinds
// of characters.
const (
	RuleTooShort Rule = "too_short"
	RuleTooLong  Rule = "too_long"
	RuleText     Rule = "not_text"     // invalid UTF-8 or control characters
	RuleCommon   Rule = "common"       // on the list of common passwords
	RulePattern  Rule = "pattern"      // repeats itself or counts
	RuleContext  Rule = "context_word" // mostly a word that an attacker would try first
)

// A PolicyError says which rule a password broke. It unwraps to a
// [sallyport.Error] of kind Invalid whose message is for the user; neither
// contains the password.
type PolicyError struct {
	Rule    Rule
	Message string // what is wrong and what to do
}

// Error returns the message.
func (v *PolicyError) Error() string { return v.Message }

// Unwrap returns it as an error about the field "password".
func (v *PolicyError) Unwrap() error { return sallyport.ErrInvalid("password", v.Message) }

// Defaults and bounds of [Policy]. Lengths are in characters.
const (
	DefaultMinLength             = 15
	DefaultMinLengthSecondFactor = 8

	lowestMinLength  = 8
	highestMinLength = 64 // every password this long must be allowed to be
	minContextWord   = 4
	minRemainder     = 8 // characters that must remain beside context words
	minDistinct      = 5
	minSurprises     = 6
)

// A Policy says which passwords may be set. It never judges a password at
// sign-in.
type Policy struct {
	minLength, minLengthSecondFactor int
	blocklist                        *Blocklist
	words                            []string
}

// NewPolicy returns a policy with minimum lengths for passwords that stand alone
// and for those beside a second factor; 0 takes the default. Words are names that
// everyone associates with the installation, such as the product's.
func NewPolicy(minLength, minLengthSecondFactor int, blocklist *Blocklist, words ...string) (*Policy, error) {
	if minLength == 0 {
		minLength = DefaultMinLength
	}
	if minLengthSecondFactor == 0 {
		minLengthSecondFactor = DefaultMinLengthSecondFactor
	}
	for _, n := range []int{minLength, minLengthSecondFactor} {
		if n < lowestMinLength || n > highestMinLength {
			return nil, fmt.Errorf("password policy: a minimum length of %d is not between %d and %d", n, lowestMinLength, highestMinLength)
		}
	}
	if blocklist == nil {
		return nil, errors.New("password policy: no list of common passwords")
	}
	return &Policy{minLength, minLengthSecondFactor, blocklist, words}, nil
}

// A Context is what an attacker knows about the account.
type Context struct {
	SecondFactor bool     // the account has one
	Words        []string // login, name, e-mail address, tenant
}

// Check says whether a password may be set. The error is a [*PolicyError].
func (p *Policy) Check(password string, c Context) error {
	if v := p.checkForm(password, c); v != nil {
		return v
	}
	lower := strings.ToLower(password)
	switch {
	case p.isCommon(lower):
		return &PolicyError{RuleCommon, "This password, or one that differs in digits and signs at its ends, is among the first that attackers try. Choose another, for example several unrelated words."}
	case isPattern(lower):
		return &PolicyError{RulePattern, "The password repeats itself or counts up or down. Choose another, for example several unrelated words."}
	case isContext(lower, append(append([]string(nil), p.words...), c.Words...)):
		return &PolicyError{RuleContext, "The password is mostly your own name or that of the tenant or the product. Choose another, for example several unrelated words."}
	}
	return nil
}

func (p *Policy) checkForm(password string, c Context) *PolicyError {
	shortest := p.minLength
	if c.SecondFactor {
		shortest = p.minLengthSecondFactor
	}
	switch {
	case len(password) > MaxBytes:
		return &PolicyError{RuleTooLong, fmt.Sprintf("The password is longer than %d bytes. Choose a shorter one.", MaxBytes)}
	case !utf8.ValidString(password):
		return &PolicyError{RuleText, "The password is not valid UTF-8 text."}
	case strings.ContainsFunc(password, unicode.IsControl):
		return &PolicyError{RuleText, "The password has a control character in it, such as a tab or a line break. Leave it out."}
	case utf8.RuneCountInString(password) < shortest:
		return &PolicyError{RuleTooShort, fmt.Sprintf("The password has fewer than %d characters. Choose a longer one; a few unrelated words are easy to remember.", shortest)}
	}
	return nil
}

// isCommon looks for the password itself, for what is left when digits and signs
// at its ends are taken away, and for a common password said several times.
func (p *Policy) isCommon(lower string) bool {
	forms := []string{lower, core(lower), unit(lower), core(unit(lower)), unit(core(lower))}
	return slices.ContainsFunc(forms, p.blocklist.has)
}

// core returns s from its first to its last letter.
func core(s string) string {
	return strings.TrimFunc(s, func(r rune) bool { return !unicode.IsLetter(r) })
}

// unit returns the shortest text that s repeats at least twice, the last time
// perhaps not to its end: s itself, mostly.
func unit(s string) string {
	for n := 1; n <= len(s)/2; n++ {
		if s[:len(s)-n] == s[n:] {
			return s[:n]
		}
	}
	return s
}

// isPattern reports whether there is little in the password that the characters
// before it do not foretell.
func isPattern(lower string) bool {
	seen, surprises, last := map[rune]bool{}, 0, rune(0)
	for _, r := range unit(lower) {
		if step := r - last; step < -1 || step > 1 {
			surprises++
		}
		seen[r], last = true, r
	}
	return len(seen) < minDistinct || surprises < minSurprises
}

// isContext takes all context words out of the password and looks at how much is
// left. A word in a long password does no harm.
func isContext(lower string, words []string) bool {
	rest := lower
	for _, text := range words {
		text = strings.ToLower(text)
		parts := strings.FieldsFunc(text, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
		for _, word := range append([]string{text}, parts...) {
			if utf8.RuneCountInString(word) >= minContextWord {
				rest = strings.ReplaceAll(rest, word, "\x00") // a border, so that nothing new arises
			}
		}
	}
	if rest == lower {
		return false
	}
	left := 0
	for _, r := range rest {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			left++
		}
	}
	return left < minRemainder
}
