package admin

import (
	"context"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/store"
)

// An Application is a service account with its tokens.
type Application struct {
	User   sallyport.User
	Tokens []sallyport.Credential // the oldest first
	More   bool                   // there are more than these
}

// mostTokens is how many tokens of each service account are listed.
const mostTokens = 3 // which the API says, too

// Applications returns the service accounts that are administered in a tenant,
// by login, with their application tokens of a state; of every state, if it is
// empty. An empty tenant stands for the whole installation. It needs [UsersRead]
// and [TokensRead] there.
func (s *Service) Applications(ctx context.Context, a Actor, tenant sallyport.TenantID, state sallyport.State, search string, p Page) (list List[Application], err error) {
	err = s.look(ctx, a, func(w *work) (err error) {
		for _, permission := range []sallyport.Permission{UsersRead, TokensRead} {
			if err := w.mayList(tenant, permission); err != nil {
				return err
			}
		}
		filter := store.UserFilter{Kind: sallyport.Service, Search: search}
		list, err = pages(w, p, []string{"applications", string(tenant), string(state), search}, func(p store.Page) ([]Application, string, error) {
			read := w.tx.Users
			if tenant == "" {
				read = func(ctx context.Context, _ sallyport.TenantID, f store.UserFilter, p store.Page) ([]sallyport.User, string, error) {
					return w.tx.EveryUser(ctx, f, p)
				}
			}
			users, next, err := read(ctx, tenant, filter, p)
			if err != nil {
				return nil, "", err
			}
			apps := make([]Application, len(users))
			for i, u := range users {
				apps[i].User = u
				tokens, more, err := w.tx.CredentialsOf(ctx, u.ID, store.CredentialFilter{Kind: sallyport.ApplicationToken, State: state}, store.Page{Limit: mostTokens})
				if err != nil {
					return nil, "", err
				}
				apps[i].Tokens, apps[i].More = tokens, more != ""
			}
			return apps, next, nil
		})
		return err
	})
	return list, err
}
