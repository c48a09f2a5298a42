package api

// A List is one page of a list.
type List[T any] struct {
	Items []T    `json:"items" doc:"What is on this page."`
	Next  string `json:"next,omitempty" doc:"The cursor of the next page; not there on the last one."`
}

// NextCursor returns the cursor of the next page, empty on the last one.
func (l List[T]) NextCursor() string { return l.Next }

// A Page says which part of a list is wanted.
type Page struct {
	Limit  int    `query:"limit" doc:"How many at most." minimum:"1" maximum:"200" default:"50" example:"50"`
	Cursor string `query:"cursor" doc:"The cursor from the page before. It works for the same caller and the same filters only." maxLength:"1024"`
}
