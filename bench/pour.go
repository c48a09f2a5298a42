package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/token"
)

// Very many users and tokens are not written one by one through the store, which
// takes a quarter of an hour for a million. The first of them are; the others are
// poured into its file as copies of those, which takes a minute.

// poured says how the file is opened for that: nobody else has it open, and if the
// process dies it is thrown away.
const poured = "?_pragma=journal_mode(OFF)&_pragma=synchronous(OFF)&_pragma=cache_size(-1000000)"

// pour adds the users and tokens from these numbers on. The node is closed
// meanwhile.
func (w *world) pour(ctx context.Context, user, secret int) (err error) {
	if user >= w.Users && secret >= w.Tokens {
		return nil
	}
	if err := w.node.Close(ctx); err != nil {
		return err
	}
	db, err := sql.Open("sqlite", strings.TrimPrefix(w.url.Reveal(), "sqlite:")+poured)
	if err != nil {
		return err
	}
	db.SetMaxOpenConns(1)
	err = errors.Join(withoutIndexes(ctx, db, func() error {
		tx, err := db.BeginTx(ctx, nil)
		if err != nil {
			return err
		}
		defer func() { _ = tx.Rollback() }()
		if err := w.pourUsers(ctx, tx, user); err != nil {
			return err
		}
		if err := w.pourTokens(ctx, tx, secret); err != nil {
			return err
		}
		return tx.Commit()
	}), db.Close())
	if err != nil {
		return err
	}
	w.node, err = w.open(ctx, false)
	return err
}

// withoutIndexes does something while there are no indexes, but for those of keys:
// making one of a million rows is quicker than adding a million rows to it.
func withoutIndexes(ctx context.Context, db *sql.DB, do func() error) error {
	rows, err := db.QueryContext(ctx, `SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL`)
	if err != nil {
		return err
	}
	defer rows.Close()
	var drop, create []string
	for rows.Next() {
		var name, text string
		if err := rows.Scan(&name, &text); err != nil {
			return err
		}
		drop, create = append(drop, "DROP INDEX "+name), append(create, text)
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return err
	}
	run := func(texts []string) error {
		for _, text := range texts {
			if _, err := db.ExecContext(ctx, text); err != nil {
				return fmt.Errorf("%s: %w", text, err)
			}
		}
		return nil
	}
	if err := run(drop); err != nil {
		return err
	}
	if err := do(); err != nil {
		return err
	}
	return run(create)
}

// pourUsers adds the users from this number on, each with a role.
func (w *world) pourUsers(ctx context.Context, tx *sql.Tx, first int) error {
	like := w.users[:min(len(w.users), w.Roles)] // one with each role
	users, err := castOf(ctx, tx, "users", "id", string(like[0]), "id", "login")
	if err != nil {
		return err
	}
	bindings := make([]*cast, len(like))
	for i, id := range like {
		if bindings[i], err = castOf(ctx, tx, "binding", "subject", string(id), "id", "subject"); err != nil {
			return err
		}
	}
	for i := first; i < w.Users; i++ {
		id := newID()
		if err := users.write(ctx, id, fmt.Sprintf("user-%d", i)); err != nil {
			return err
		}
		if err := bindings[i%len(bindings)].write(ctx, newID(), id); err != nil {
			return err
		}
		w.users = append(w.users, sallyport.PrincipalID(id))
	}
	return nil
}

// pourTokens adds the tokens from this number on.
func (w *world) pourTokens(ctx context.Context, tx *sql.Tx, first int) error {
	if first >= w.Tokens {
		return nil
	}
	digester, err := w.digester()
	if err != nil {
		return err
	}
	var like string
	if err := tx.QueryRowContext(ctx, `SELECT id FROM credential WHERE kind = 'personal_token' LIMIT 1`).Scan(&like); err != nil {
		return err
	}
	credentials, err := castOf(ctx, tx, "credential", "id", like, "id", "owner", "name", "hint")
	if err != nil {
		return err
	}
	secrets, err := castOf(ctx, tx, "credential_secret", "credential", like, "credential", "digest", "hint")
	if err != nil {
		return err
	}
	for i := first; i < w.Tokens; i++ {
		minted, err := token.Mint(sallyport.PersonalToken)
		if err != nil {
			return err
		}
		secret, id, user := minted.Reveal(), newID(), i%w.Users
		digest := digester.Digest(secret)
		if err := credentials.write(ctx, id, string(w.users[user]), fmt.Sprint("bench", i), token.Hint(secret)); err != nil {
			return err
		}
		if err := secrets.write(ctx, id, digest[:], token.Hint(secret)); err != nil {
			return err
		}
		w.addToken(i, secret)
	}
	return nil
}

// A cast writes copies of a row that differ from it in some columns.
type cast struct {
	insert *sql.Stmt
	values []any
	differ []int // columns
}

// castOf makes one of the row whose column key has a value.
func castOf(ctx context.Context, tx *sql.Tx, table, key string, value any, differ ...string) (*cast, error) {
	rows, err := tx.QueryContext(ctx, "SELECT * FROM "+table+" WHERE "+key+" = ?", value)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		return nil, err
	}
	c := &cast{values: make([]any, len(columns))}
	into := make([]any, len(columns))
	for i := range into {
		into[i] = &c.values[i]
	}
	if !rows.Next() {
		return nil, errors.Join(fmt.Errorf("there is no row in %s to make others like it", table), rows.Err())
	}
	if err := rows.Scan(into...); err != nil {
		return nil, err
	}
	for _, name := range differ {
		c.differ = append(c.differ, slices.Index(columns, name))
	}
	marks := strings.TrimSuffix(strings.Repeat("?, ", len(columns)), ", ")
	c.insert, err = tx.PrepareContext(ctx, "INSERT INTO "+table+" ("+strings.Join(columns, ", ")+") VALUES ("+marks+")")
	return c, errors.Join(err, rows.Close())
}

// write writes a copy with these values in the columns that differ.
func (c *cast) write(ctx context.Context, values ...any) error {
	for i, column := range c.differ {
		c.values[column] = values[i]
	}
	_, err := c.insert.ExecContext(ctx, c.values...)
	return err
}
