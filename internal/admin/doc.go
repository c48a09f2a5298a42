// Package admin has every change that can be made to an installation, and every
// look at it. The management API, the console, the CLI and the dialects call
// the same functions here, so the same right is checked on each way.
//
// A change is one transaction: the actor is loaded from the store as he is now,
// it is checked that he may, the change is made, its entry is written to the
// audit trail, and what others must learn of is noted, which draws a revision.
// If one of these fails, none has happened. Before the caller is answered, the
// revision is in force on this node.
//
// # Rules that hold for all of it
//
//   - A right is asked for in the tenant of the thing. What is in a tenant that
//     the actor is not a member of does not exist for him: NotFound.
//   - Nobody hands out what he does not hold himself, however he goes about it:
//     by a role, a binding, a member of a group, a key, a token, a new secret
//     for a credential of somebody else, or somebody else's password. See
//     [sallyport.PrivilegeCeiling].
//   - A token that is limited by scopes limits these rights like any other.
//   - The last administrator stays. An administrator is an active user who holds
//     [Everything] in every tenant without realm, condition or expiry.
//   - What is changed or deleted was read before: the caller says which version
//     he read, and is refused if there is a newer one.
//   - A secret is returned once, as a [sallyport.Secret], and never again.
//
// Errors are of type [sallyport.Error] where the caller can do something about
// them.
package admin
