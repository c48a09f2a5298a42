package api

import (
	"time"

	"github.com/sallyport/sallyport"
)

// A Factor is something that a person proves to be himself with besides the
// password.
type Factor struct {
	ID         sallyport.FactorID `json:"id" format:"uuid" doc:"Of the second factor."`
	Kind       string             `json:"kind" enum:"totp,passkey" doc:"An app that shows codes (RFC 6238), or a passkey (Web Authentication), which is made in the console."`
	Name       string             `json:"name" doc:"What its owner calls it." example:"Phone"`
	Active     bool               `json:"active" doc:"Signing in asks for it. It is not before it was tried once."`
	LastUsedAt time.Time          `json:"last_used_at,omitzero" doc:"Left out: never."`
	CreatedAt  time.Time          `json:"created_at" doc:"When it was set up."`
}

// A Factors is what somebody has besides the password.
type Factors struct {
	Items    []Factor `json:"items" doc:"Oldest first."`
	Recovery int      `json:"recovery_codes" doc:"How many recovery codes are left."`
}

// A NewFactor begins to set up an app that shows codes.
type NewFactor struct {
	Name string `json:"name,omitempty" doc:"What you call it." maxLength:"100" example:"Phone"`
}

// A FactorChange changes a second factor.
type FactorChange struct {
	Name string `json:"name" doc:"What you call it." minLength:"1" maxLength:"100" example:"Phone"`
}

// A StartedFactor is an app that is being set up.
type StartedFactor struct {
	ID     sallyport.FactorID `json:"id" format:"uuid" doc:"Of the second factor."`
	Secret Secret             `json:"secret" doc:"To be typed into the app. It is in this answer only."`
	URI    Secret             `json:"uri" doc:"The same, as a QR code has it." example:"otpauth://totp/api.example.com:jo?secret=..."`
}

// A FactorCode is the code that an app shows.
type FactorCode struct {
	Code Secret `json:"code" writeOnly:"true" doc:"Six digits."`
}

// A RecoveryCodes is a set of codes of which each is good once in the place of a
// second factor.
type RecoveryCodes struct {
	Codes []Secret `json:"recovery_codes" doc:"They are in this answer only. Empty: those that you have stay good."`
}
