package api

import (
	"time"

	"github.com/sallyport/sallyport"
)

// An API is a protected API: its document, and when that was changed.
type API struct {
	Document  sallyport.API `json:"document" doc:"What is sent to make or replace it."`
	CreatedAt time.Time     `json:"created_at" doc:"When it was mounted."`
	UpdatedAt time.Time     `json:"updated_at" doc:"When its document was last replaced."`
	Version   int64         `json:"version" doc:"Grows with every change; the ETag." example:"1"`
}

// A Check is what a trial of a document found.
type Check struct {
	OK     bool         `json:"ok" doc:"The document would be taken."`
	Faults []FieldError `json:"faults" doc:"Everything that is wrong with it."`
}

// An Apply is documents that are to be in force together.
type Apply struct {
	APIs []sallyport.API `json:"apis" maxItems:"1000" doc:"Documents to mount or to replace. Others stay."`
}

// Applied tells what an [Apply] changed.
type Applied struct {
	Changed []sallyport.APIName `json:"changed" doc:"Names of the APIs that are new or different now."`
}

// OpenAPI is a document that describes a protected API to people.
type OpenAPI struct {
	Text string `json:"text" doc:"The document, OpenAPI 3.0, 3.1 or Swagger 2.0, in YAML or JSON; at most 4 MiB as JSON." example:"openapi: 3.1.0"`
}
