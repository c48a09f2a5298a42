package itadvisor

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sallyport/sallyport/demo/platform/storage"
	"github.com/sallyport/sallyport/demo/platform/web"
)

// An Entry says what was done through this interface, when and by whom.
type Entry struct {
	ID      int64  `json:"id"`
	At      int64  `json:"timestamp"` // milliseconds since 1970
	Type    string `json:"entryType"`
	User    string `json:"user"`
	Asset   string `json:"assetId,omitempty"`
	Message string `json:"message"`
}

// entryTypes are the types that a caller may filter by. Those written here
// are ASSET_* and CUSTOMER_*; the sample data has some of the others.
var entryTypes = []string{
	"ALL", "ASSETS", "ASSET_ADD", "ASSET_CHANGE", "ASSET_MOVE", "ASSET_REMOVE", "ALARMS", "ALARM_RAISED", "ALARM_REMOVED",
	"CHANGE_MANAGEMENT", "CHANGE_MANAGEMENT_WORK_ORDER", "CHANGE_MANAGEMENT_WORK_ORDER_TASK",
	"CUSTOMER_ADD", "CUSTOMER_CHANGE", "CUSTOMER_REMOVE", "NETWORK_CABLE_TYPES", "REPORT_CHANGED",
	"SYSTEM", "SYSTEM_CAPACITY_HISTORY", "SYSTEM_CUSTOM_PROPERTIES", "SYSTEM_EXTERNAL_SYSTEMS", "SYSTEM_MAIL_SETTINGS",
	"SYSTEM_TAGS", "SYSTEM_USER_INFORMATION_CHANGED", "SYSTEM_USER_LOGINS", "SYSTEM_WORK_ORDERS", "USER_MESSAGE",
}

var locales = []string{"en", "de", "es", "fr", "it", "ja", "ko", "ru", "pt_BR", "zh_CN", "zh_TW"}

const insertEntry = `INSERT INTO ita_entry (at, type, who, object, message) VALUES ($1, $2, $3, $4, $5)`

// record notes a change in the transaction that makes it.
func (s *Service) record(r *http.Request, q storage.Querier, kind, object, message string) error {
	_, err := q.ExecContext(r.Context(), insertEntry, storage.Micros(s.now()), kind, web.CallerOf(r).Name(), object, message)
	if err != nil {
		return fmt.Errorf("record change: %w", err)
	}
	return nil
}

func scanEntry(r storage.Row) (Entry, error) {
	var e Entry
	err := r.Scan(&e.ID, &e.At, &e.Type, &e.User, &e.Asset, &e.Message)
	e.At /= 1000
	return e, err
}

// listEntries answers the trail, newest first.
func (s *Service) listEntries(w http.ResponseWriter, r *http.Request) error {
	limit, offset, err := page(r, 25)
	if err != nil {
		return err
	}
	if l := r.URL.Query().Get("locale"); l != "" && !slices.Contains(locales, l) {
		return web.BadField("locale", "must be one of %s", strings.Join(locales, ", "))
	}
	where, args, err := entryFilter(r)
	if err != nil {
		return err
	}
	total, err := storage.Count(r.Context(), s.db, `SELECT count(*) FROM ita_entry WHERE `+where, args...)
	if err != nil {
		return fmt.Errorf("count entries: %w", err)
	}
	entries, err := storage.All(r.Context(), s.db, scanEntry,
		`SELECT id, at, type, who, object, message FROM ita_entry WHERE `+where+` ORDER BY id DESC LIMIT `+
			strconv.Itoa(limit)+` OFFSET `+strconv.Itoa(offset), args...)
	if err != nil {
		return fmt.Errorf("list entries: %w", err)
	}
	return web.JSON(w, http.StatusOK, list[Entry]{total, entries})
}

// entryFilter turns the query into a condition. The types are checked against
// a fixed list; every value travels as an argument.
func entryFilter(r *http.Request) (string, []any, error) {
	q := r.URL.Query()
	where, args := []string{"1 = 1"}, []any{}
	if ids := q["asset-id"]; len(ids) > 0 {
		for _, text := range ids[:min(len(ids), 100)] {
			id, err := parseID("asset-id", text)
			if err != nil {
				return "", nil, err
			}
			args = append(args, id)
		}
		where = append(where, "object IN (?"+strings.Repeat(", ?", len(args)-1)+")")
	}
	var kinds []string
	for _, kind := range q["entry-type"] {
		if !slices.Contains(entryTypes, kind) {
			return "", nil, web.BadField("entry-type", "%q is not known", kind)
		}
		switch kind {
		case "ALL":
			kinds = append(kinds, entryTypes...)
		case "ASSETS":
			kinds = append(kinds, "ASSET_ADD", "ASSET_CHANGE", "ASSET_MOVE", "ASSET_REMOVE")
		default:
			kinds = append(kinds, kind)
		}
	}
	slices.Sort(kinds)
	if kinds = slices.Compact(kinds); len(kinds) > 0 {
		where = append(where, "type IN (?"+strings.Repeat(", ?", len(kinds)-1)+")")
		for _, k := range kinds {
			args = append(args, k)
		}
	}
	for _, bound := range []struct{ name, condition string }{{"from", "at >= ?"}, {"to", "at <= ?"}} {
		v := q.Get(bound.name)
		if v == "" {
			continue
		}
		ms, err := strconv.ParseInt(v, 10, 64)
		if err != nil || ms < 0 || ms > time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC).UnixMilli() {
			return "", nil, web.BadField(bound.name, "must be milliseconds since 1970")
		}
		where, args = append(where, bound.condition), append(args, ms*1000)
	}
	return strings.Join(where, " AND "), args, nil
}

// A User is an account that the product itself knows. The list is read-only.
type User struct {
	ID       string `json:"id"`
	Login    string `json:"username"`
	Name     string `json:"name"`
	Email    string `json:"email"`
	Customer string `json:"customerId,omitempty"`
}

const selectUsers = `SELECT id, login, name, email, coalesce(customer, '') FROM ita_user WHERE $1 = '' OR id = $1 ORDER BY login`

func scanUser(r storage.Row) (User, error) {
	var u User
	return u, r.Scan(&u.ID, &u.Login, &u.Name, &u.Email, &u.Customer)
}

func (s *Service) users(ctx context.Context, id string) ([]User, error) {
	all, err := storage.All(ctx, s.db, scanUser, selectUsers, id)
	if err != nil {
		return nil, fmt.Errorf("list users: %w", err)
	}
	return all, nil
}

func (s *Service) listUsers(w http.ResponseWriter, r *http.Request) error {
	all, err := s.users(r.Context(), "")
	if err != nil {
		return err
	}
	return web.JSON(w, http.StatusOK, all)
}

func (s *Service) getUser(w http.ResponseWriter, r *http.Request) error {
	id, err := pathID(r)
	if err != nil {
		return err
	}
	found, err := s.users(r.Context(), id)
	if err != nil {
		return err
	}
	if len(found) == 0 {
		return web.NotFound("no user %s", id)
	}
	return web.JSON(w, http.StatusOK, found[0])
}
