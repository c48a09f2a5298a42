package itadvisor

import (
	"embed"
	"fmt"
	"html/template"
)

//go:embed page/page.html page/style.css
var files embed.FS

// views are what the page is made of.
type views struct {
	page  *template.Template
	style []byte
}

func newViews() (*views, error) {
	page, err := template.ParseFS(files, "page/page.html")
	if err != nil {
		return nil, fmt.Errorf("read the page of IT Advisor: %w", err)
	}
	style, err := files.ReadFile("page/style.css")
	if err != nil {
		return nil, fmt.Errorf("read the style of IT Advisor: %w", err)
	}
	return &views{page, style}, nil
}
