package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/sallyport/sallyport/api"
)

func newKeys() *cobra.Command {
	return resource(&cobra.Command{
		Use:   "keys",
		Short: "See and rotate the keys that tokens are signed with",
		Long: `See and rotate the keys that access tokens and assertions are signed with. The next key
is published before it is used, and the last one after, so that a rotation breaks
nothing. API keys are another matter: sallyport key.`,
	}, newKeysList(), newKeysRotate())
}

var signingKeys = sort{"signing key", "signing keys"}

func signingKeyView(p *printer) view[api.SigningKey] {
	return view[api.SigningKey]{
		{name: "id", text: func(k api.SigningKey) string { return k.ID }},
		{name: "kind", text: func(k api.SigningKey) string { return k.Kind }},
		{name: "algorithm", text: func(k api.SigningKey) string { return k.Algorithm }},
		{name: "state", text: func(k api.SigningKey) string { return k.State }},
		{name: "created", text: func(k api.SigningKey) string { return p.when(k.CreatedAt) }},
		{name: "activated", text: func(k api.SigningKey) string { return p.when(k.ActivatedAt) }},
		{name: "retired", text: func(k api.SigningKey) string { return p.when(k.RetiredAt) }},
		{name: "accepted until", text: func(k api.SigningKey) string { return p.when(k.AcceptUntil) }},
	}
}

func newKeysList() *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List the signing keys, oldest first",
		Example: "  sallyport keys list",
		Args:    noArgs,
		RunE: managed(func(ctx context.Context, m *manager, _ []string) error {
			list, err := m.SigningKeys(ctx)
			if err != nil {
				return err
			}
			return showList(&m.printer, signingKeys, signingKeyView(&m.printer), all(list), 0)
		}),
	}
}

func newKeysRotate() *cobra.Command {
	var in api.Rotation
	kind := newChoice("access", "assertion")
	c := &cobra.Command{
		Use: "rotate", Short: "Take the next signing key into use",
		Example: "  sallyport keys rotate\n  sallyport keys rotate --kind assertion",
		Args:    noArgs,
		RunE: managed(func(ctx context.Context, m *manager, _ []string) error {
			in.Kind = kind.value
			k, err := m.RotateSigningKey(ctx, in)
			if err != nil {
				return err
			}
			return show(&m.printer, signingKeyView(&m.printer), k, "Tokens are signed with the key %s from now on.", k.ID)
		}),
	}
	c.Flags().Var(kind, "kind", "which tokens it signs")
	c.Flags().StringVar(&in.Algorithm, "algorithm", "", "`NAME` of the algorithm, such as EdDSA (default: that of the kind)")
	return c
}
