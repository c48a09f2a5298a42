package storetest

import (
	"context"
	"reflect"
	"testing"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/store"
)

func testLessons(ctx context.Context, t *testing.T, s *store.Store) {
	jo := store.Lesson{
		LessonKey: store.LessonKey{API: "shop", Path: "/orders/{order}", Method: "GET", Principal: "p", Tenant: "t"},
		Kind:      sallyport.PrincipalPerson, Login: "jo", Requests: 3, Answered: 2, Absent: 1, First: day(1), Last: day(2),
	}
	nobody := jo
	nobody.Principal, nobody.Tenant, nobody.Kind, nobody.Login = "", "", "", ""
	other := jo
	other.API = "stock"
	write(ctx, t, s, func(tx *store.Tx) error { return tx.PutLessons(ctx, []store.Lesson{jo, nobody, other}) })
	more := store.Lesson{LessonKey: jo.LessonKey, Login: "jo2", Kind: sallyport.PrincipalPerson, Requests: 4, First: day(3), Last: day(4)}
	jo.Add(&more)
	write(ctx, t, s, func(tx *store.Tx) error { return tx.PutLessons(ctx, []store.Lesson{jo}) })
	if jo.Requests != 7 || jo.Login != "jo2" || !jo.First.Equal(day(1)) || !jo.Last.Equal(day(4)) {
		t.Errorf("added: %+v", jo)
	}
	if got, err := s.Lessons(ctx, "shop"); err != nil || !reflect.DeepEqual(got, []store.Lesson{nobody, jo}) {
		t.Errorf("Lessons = %+v, %v; want %+v and %+v", got, err, nobody, jo)
	}
	write(ctx, t, s, func(tx *store.Tx) error {
		_, err := tx.PruneLessons(ctx, day(3))
		return err
	})
	if got, err := s.Lessons(ctx, "shop"); err != nil || !reflect.DeepEqual(got, []store.Lesson{jo}) {
		t.Errorf("what was seen lately: %+v, %v", got, err)
	}
	write(ctx, t, s, func(tx *store.Tx) error {
		_, err := tx.ForgetLessons(ctx, "shop")
		return err
	})
	if got, err := s.Lessons(ctx, "shop"); err != nil || len(got) != 0 {
		t.Errorf("forgotten: %+v, %v", got, err)
	}
}
