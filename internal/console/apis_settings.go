package console

import (
	"cmp"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/admin"
	"github.com/sallyport/sallyport/internal/policy"
)

func settingRoutes() []route {
	const one = "/apis/{api}/settings"
	return []route{
		{"api.settings.show", "GET", one, member, (*visit).showSettings},
		{"api.settings", "POST", one, member, (*visit).saveSettings},
	}
}

// A settingsPage asks for the switches of an API's dialect.
type settingsPage struct {
	apiFrame
	Fields  []field
	Version int64
	Faults  faults
}

// settingsIn begins the page, with the document that is changed.
func (v *visit) settingsIn() (*settingsPage, sallyport.API, error) {
	f, err := v.apiIn("")
	if err != nil {
		return nil, sallyport.API{}, err
	}
	d, err := v.Admin.API(v.r.Context(), v.actor, f.Name)
	if err != nil {
		return nil, sallyport.API{}, err
	}
	if f.API == nil || len(f.API.Switches) == 0 {
		return nil, d.API, sallyport.ErrNotFound("the dialect has no settings")
	}
	f.Title = v.text("settings.title", f.Called)
	return &settingsPage{apiFrame: f, Version: d.Version}, d.API, nil
}

// ask makes a field for each switch, with the values that a function gives.
func (p *settingsPage) ask(v *visit, value func(name string) string) {
	for _, s := range p.API.Switches {
		f := field{
			Name: s.Name, ID: s.Name, Label: s.Name, Hint: v.text("setting." + p.Dialect + "." + s.Name), Value: value(s.Name),
			Fault: p.Faults.Of(s.Name), Kind: "text", Auto: "off", Mono: true, Max: maxValue,
		}
		if len(s.Values) > 0 {
			f.Kind, f.Options = "select", v.switchChoices(&s, f.Value)
		} else {
			f.Hint += " " + v.text("settings.default", cmp.Or(s.Default, v.text("settings.nothing")))
		}
		p.Fields = append(p.Fields, f)
	}
}

// switchChoices are the values of a switch, the default first.
func (v *visit) switchChoices(s *policy.Switch, chosen string) []option {
	list := []option{{Text: v.text("settings.usual", s.Default), Chosen: chosen == ""}}
	for _, value := range s.Values {
		list = append(list, option{Value: value, Text: value, Chosen: chosen == value})
	}
	return list
}

func (v *visit) showSettings() error {
	page, doc, err := v.settingsIn()
	if err != nil {
		return err
	}
	page.ask(v, func(name string) string { return doc.Settings[name] })
	return v.show(http.StatusOK, "api_settings", page)
}

// saveSettings puts the document with other settings in place of the one that the
// form was made of. An empty field is the default.
func (v *visit) saveSettings() error {
	page, doc, err := v.settingsIn()
	if err != nil {
		return err
	}
	settings := maps.Clone(doc.Settings)
	if settings == nil {
		settings = map[string]string{}
	}
	for _, s := range page.API.Switches {
		if value := strings.TrimSpace(v.form.Get(s.Name)); value != "" {
			settings[s.Name] = value
		} else {
			delete(settings, s.Name)
		}
	}
	doc.Settings = settings
	_, err = v.Admin.ReplaceAPI(v.r.Context(), v.actor, doc.Name, version(v.form), doc)
	if err == nil {
		return v.redirect(page.Path + "?done=api.settings")
	}
	if !page.takeFaults(err) {
		return err
	}
	page.Version = version(v.form)
	page.ask(v, v.form.Get)
	return v.show(statusOf(err), "api_settings", page)
}

// takeFaults notes what is wrong beside the switches that it is about.
func (p *settingsPage) takeFaults(err error) bool {
	for _, e := range admin.Faults(err) {
		name, of := strings.CutPrefix(e.Field, "settings.")
		if of && slices.ContainsFunc(p.API.Switches, func(s policy.Switch) bool { return s.Name == name }) {
			p.Faults.at(name, sentence(e.Message))
		}
	}
	return p.Faults.Any() || p.Faults.take(err)
}
