package truesight

import (
	"fmt"
	"strings"
)

// maxActions is how many actions one API can know.
const maxActions = 100

// An action is one that lists can be filtered by, and the permission that it
// needs.
type action struct {
	id, permission string
}

// parseActions reads the setting: ID=permission, and so on, with commas between.
func parseActions(text string) ([]action, error) {
	var list []action
	seen := map[string]bool{}
	for part := range strings.SplitSeq(text, ",") {
		part = strings.TrimSpace(part)
		if part == "" {
			continue
		}
		id, permission, _ := strings.Cut(part, "=")
		id, permission = strings.TrimSpace(id), strings.TrimSpace(permission)
		switch {
		case !plain(id) || !plain(permission):
			return nil, fmt.Errorf("%.80q is not the id of an action, =, and the permission that it needs, such as 4f2c...=edit-groups", part)
		case seen[id]:
			return nil, fmt.Errorf("the action %q is there twice", id)
		case len(list) == maxActions:
			return nil, fmt.Errorf("there are more than %d actions", maxActions)
		}
		seen[id] = true
		list = append(list, action{id, permission})
	}
	return list, nil
}

// plain reports whether text can be an id or the name of a permission.
func plain(text string) bool {
	odd := func(r rune) bool {
		return r != '-' && r != '_' && r != '.' && r != '{' && r != '}' && r != ':' &&
			(r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z')
	}
	return text != "" && len(text) <= 64 && !strings.ContainsFunc(text, odd)
}
