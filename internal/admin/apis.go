package admin

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/policy"
	"github.com/sallyport/sallyport/internal/store"
)

func apiThing(name sallyport.APIName) thing { return thing{"api", string(name), string(name)} }

// Faults returns all faults in an error about a document, each with its field.
func Faults(err error) []*sallyport.Error {
	var list []*sallyport.Error
	if many, ok := err.(interface{ Unwrap() []error }); ok {
		for _, e := range many.Unwrap() {
			list = append(list, Faults(e)...)
		}
		return list
	}
	if e, ok := errors.AsType[*sallyport.Error](err); ok {
		list = append(list, e)
	}
	return list
}

// API returns a protected API. It needs [APIsRead] in every tenant.
func (s *Service) API(ctx context.Context, a Actor, name sallyport.APIName) (api store.APIDocument, err error) {
	err = s.look(ctx, a, func(w *work) (err error) {
		if err := w.mayAPIs(APIsRead); err != nil {
			return err
		}
		api, err = w.tx.API(ctx, name)
		return err
	})
	return api, err
}

// mayAPIs checks a right over the protected APIs, which belong to no tenant.
func (w *work) mayAPIs(permission sallyport.Permission) error {
	return w.may(sallyport.EveryTenant, permission)
}

// APIs returns the protected APIs by name. It needs [APIsRead] in every tenant.
func (s *Service) APIs(ctx context.Context, a Actor, p Page) (list List[store.APIDocument], err error) {
	err = s.look(ctx, a, func(w *work) (err error) {
		if err := w.mayAPIs(APIsRead); err != nil {
			return err
		}
		list, err = pages(w, p, []string{"apis"}, func(p store.Page) ([]store.APIDocument, string, error) {
			return w.tx.APIs(ctx, p)
		})
		return err
	})
	return list, err
}

// CheckAPI returns all faults that a document would be refused for, without
// changing anything. It needs [APIsWrite].
func (s *Service) CheckAPI(ctx context.Context, a Actor, api sallyport.API) error {
	return s.look(ctx, a, func(w *work) error {
		if err := w.mayAPIs(APIsWrite); err != nil {
			return err
		}
		return w.checkDocuments(ctx, api)
	})
}

// CreateAPI mounts a protected API. The whole policy with it is compiled first;
// if it has a fault, all faults are returned and nothing has changed. It needs
// [APIsWrite] in every tenant, as the others of this file do.
func (s *Service) CreateAPI(ctx context.Context, a Actor, api sallyport.API) (document store.APIDocument, err error) {
	err = s.change(ctx, a, func(w *work) (err error) {
		if err := w.mayAPIs(APIsWrite); err != nil {
			return err
		}
		if name, err := w.repeated(ctx); err != nil || name != "" {
			if err == nil {
				document, err = w.tx.API(ctx, sallyport.APIName(name))
			}
			return err
		}
		if api.Name == ManagementAPI {
			return builtInAPI()
		}
		if err := w.checkDocuments(ctx, api); err != nil {
			return err
		}
		if document, err = w.insertAPI(ctx, api); err != nil {
			return err
		}
		return w.remember(ctx, string(api.Name))
	})
	return document, err
}

// whole returns a document with what its dialect fills in, as far as it can.
func (w *work) whole(api *sallyport.API) *sallyport.API {
	doc, _ := w.c.Rules.Complete(api)
	return doc
}

func builtInAPI() error {
	return sallyport.ErrConflict("name", `the API "sallyport" is part of the program and cannot be changed`)
}

func (w *work) insertAPI(ctx context.Context, api sallyport.API) (store.APIDocument, error) {
	document := store.APIDocument{API: api}
	if err := w.tx.InsertAPI(ctx, &document); err != nil {
		return document, err
	}
	w.tx.Note(sallyport.ChangePolicy, policy.APIPart(api.Name))
	if err := w.ensureTokenKeys(ctx, api); err != nil {
		return document, err
	}
	return document, w.write(ctx, sallyport.EveryTenant, "api.create", apiThing(api.Name), nil, api)
}

// ReplaceAPI puts another document in place of one. Permissions that roles name
// cannot disappear. See [Service.CreateAPI].
func (s *Service) ReplaceAPI(ctx context.Context, a Actor, name sallyport.APIName, ifVersion int64, api sallyport.API) (document store.APIDocument, err error) {
	if err := versioned(ifVersion); err != nil {
		return document, err
	}
	err = s.change(ctx, a, func(w *work) (err error) {
		if err := w.mayAPIs(APIsWrite); err != nil {
			return err
		}
		there, err := w.tx.API(ctx, name)
		switch {
		case err != nil:
			return err
		case name == ManagementAPI:
			return builtInAPI()
		case api.Name != name:
			return sallyport.ErrInvalid("name", "the name of an API never changes; mount a new one")
		}
		if err := matches("API", ifVersion, there.Version); err != nil {
			return err
		}
		if err := w.checkDocuments(ctx, api); err != nil {
			return err
		}
		document, err = w.replaceAPI(ctx, there, api, ifVersion)
		return err
	})
	return document, err
}

func (w *work) replaceAPI(ctx context.Context, there store.APIDocument, api sallyport.API, ifVersion int64) (store.APIDocument, error) {
	document := there
	document.API = api
	if err := w.tx.UpdateAPI(ctx, &document, ifVersion); err != nil {
		return document, err
	}
	w.tx.Note(sallyport.ChangePolicy, policy.APIPart(api.Name))
	if err := w.ensureTokenKeys(ctx, api); err != nil {
		return document, err
	}
	return document, w.write(ctx, sallyport.EveryTenant, "api.replace", apiThing(api.Name), there.API, api)
}

// DeleteAPI unmounts a protected API that no role names a permission of.
func (s *Service) DeleteAPI(ctx context.Context, a Actor, name sallyport.APIName, ifVersion int64) error {
	return s.change(ctx, a, func(w *work) error { return w.deleteAPI(ctx, name, ifVersion) })
}

func (w *work) deleteAPI(ctx context.Context, name sallyport.APIName, ifVersion int64) error {
	if err := versioned(ifVersion); err != nil {
		return err
	}
	if err := w.mayAPIs(APIsWrite); err != nil {
		return err
	}
	there, err := w.tx.API(ctx, name)
	if err != nil {
		return err
	}
	if name == ManagementAPI {
		return builtInAPI()
	}
	roles, err := w.everyRole(ctx)
	if err != nil {
		return err
	}
	if err := orphans(roles, name, nil); err != nil {
		return err
	}
	if err := w.tx.DeleteAPI(ctx, name, ifVersion); err != nil {
		return err
	}
	if _, err := w.tx.ForgetLessons(ctx, name); err != nil {
		return err
	}
	w.tx.Note(sallyport.ChangePolicy, policy.APIPart(name))
	return w.write(ctx, sallyport.EveryTenant, "api.delete", apiThing(name), there.API, nil)
}

// ApplyAPIs mounts those of the APIs that are not there and replaces those whose
// documents differ, all or none. Others stay as they are. It returns the names
// of those that it changed.
func (s *Service) ApplyAPIs(ctx context.Context, a Actor, apis []sallyport.API) (changed []sallyport.APIName, err error) {
	err = s.change(ctx, a, func(w *work) error {
		changed = nil
		if err := w.mayAPIs(APIsWrite); err != nil {
			return err
		}
		if slices.ContainsFunc(apis, func(api sallyport.API) bool { return api.Name == ManagementAPI }) {
			return builtInAPI()
		}
		names, err := w.applyAPIs(ctx, apis)
		changed = names
		return err
	})
	return changed, err
}

func (w *work) applyAPIs(ctx context.Context, apis []sallyport.API) (changed []sallyport.APIName, err error) {
	if err := namedOnce(apis); err != nil {
		return nil, err
	}
	if apis, err = w.unlikeStored(ctx, apis); err != nil || len(apis) == 0 {
		return nil, err // as at most starts of the program: nothing is compiled for that
	}
	if err := w.checkDocuments(ctx, apis...); err != nil {
		return nil, err
	}
	for _, api := range apis {
		there, err := w.tx.API(ctx, api.Name)
		switch {
		case sallyport.KindOf(err) == sallyport.NotFound:
			_, err = w.insertAPI(ctx, api)
		case err != nil:
			return nil, err
		default:
			_, err = w.replaceAPI(ctx, there, api, there.Version)
		}
		if err != nil {
			return nil, err
		}
		changed = append(changed, api.Name)
	}
	return changed, nil
}

// namedOnce refuses two documents of one API.
func namedOnce(documents []sallyport.API) error {
	for i, api := range documents {
		if slices.ContainsFunc(documents[:i], func(other sallyport.API) bool { return other.Name == api.Name }) {
			return sallyport.ErrInvalid("name", fmt.Sprintf("there are two documents of the API %q", api.Name))
		}
	}
	return nil
}

// unlikeStored returns those documents that would change something.
func (w *work) unlikeStored(ctx context.Context, documents []sallyport.API) (out []sallyport.API, err error) {
	for _, api := range documents {
		there, err := w.tx.API(ctx, api.Name)
		if err != nil && sallyport.KindOf(err) != sallyport.NotFound {
			return nil, err
		}
		if err != nil || !sameDocument(there.API, api) {
			out = append(out, api)
		}
	}
	return out, nil
}

// sameDocument compares documents as they are stored, where an empty list and
// none are the same.
func sameDocument(a, b sallyport.API) bool {
	x, errX := asStored(a)
	y, errY := asStored(b)
	return errX == nil && errY == nil && reflect.DeepEqual(x, y)
}

// checkDocuments compiles the policy as it would be with the documents, and
// refuses them for every fault that it did not have before.
func (w *work) checkDocuments(ctx context.Context, documents ...sallyport.API) error {
	before, err := w.source(ctx)
	if err != nil {
		return err
	}
	after := before
	after.APIs = slices.Clone(before.APIs)
	for _, api := range documents {
		at := slices.IndexFunc(after.APIs, func(there sallyport.API) bool { return there.Name == api.Name })
		if at < 0 {
			after.APIs = append(after.APIs, api)
			continue
		}
		after.APIs[at] = api
		if err := orphans(before.Roles, api.Name, w.whole(&api)); err != nil {
			return err
		}
	}
	if err := w.checkAlone(documents, after.APIs); err != nil {
		return err
	}
	_, err = w.trial.Compile(after)
	if err == nil {
		return nil
	}
	_, old := w.trial.Compile(before)
	var known []string
	for _, e := range Faults(old) {
		known = append(known, e.Field+" "+e.Message)
	}
	var fresh []error
	for _, e := range Faults(err) {
		if !slices.Contains(known, e.Field+" "+e.Message) {
			fresh = append(fresh, e)
		}
	}
	return errors.Join(fresh...)
}

// checkAlone checks each document by itself and beside the others. With several
// of them, the fields say which one they are in.
func (w *work) checkAlone(documents, apis []sallyport.API) error {
	others := make([]*sallyport.API, len(apis))
	for i := range apis {
		others[i] = &apis[i]
	}
	var faults []error
	for i := range documents {
		for _, err := range w.c.Rules.Check(&documents[i], others...) {
			if e, ok := errors.AsType[*sallyport.Error](err); ok && len(documents) > 1 {
				err = sallyport.ErrInvalid(string(documents[i].Name)+": "+e.Field, e.Message)
			}
			faults = append(faults, err)
		}
	}
	return errors.Join(faults...)
}

// source returns what the policy is made of, as far as it can have faults.
func (w *work) source(ctx context.Context) (src policy.Source, err error) {
	documents, err := all(func(p store.Page) ([]store.APIDocument, string, error) { return w.tx.APIs(ctx, p) })
	if err != nil {
		return src, err
	}
	for _, d := range documents {
		src.APIs = append(src.APIs, d.API)
	}
	src.Roles, err = w.everyRole(ctx)
	return src, err
}

func (w *work) everyRole(ctx context.Context) ([]sallyport.Role, error) {
	return all(func(p store.Page) ([]sallyport.Role, string, error) { return w.tx.EveryRole(ctx, p) })
}

// orphans refuses a document, nil for none, without permissions that roles name.
func orphans(roles []sallyport.Role, name sallyport.APIName, api *sallyport.API) error {
	declared := map[sallyport.Permission]bool{}
	if api != nil {
		declared[sallyport.Permission(name)+"/*"] = true
		for _, p := range api.Permissions {
			declared[sallyport.Permission(name)+"/"+sallyport.Permission(p.Name)] = true
		}
	}
	var list []string
	more := 0
	for _, r := range roles {
		for _, p := range r.Permissions {
			if p == Everything || p.API() != name || declared[p] {
				continue
			}
			if len(list) < 5 {
				list = append(list, fmt.Sprintf("%q (%s)", r.Name, p))
			} else {
				more++
			}
		}
	}
	if len(list) == 0 {
		return nil
	}
	if more > 0 {
		list = append(list, fmt.Sprintf("and %d more", more))
	}
	return sallyport.ErrConflict("permissions", "roles name permissions that would disappear: "+strings.Join(list, ", ")+"; change these roles first")
}
