package main

import (
	"context"
	"fmt"

	openfgav1 "github.com/openfga/api/proto/openfga/v1"
	"github.com/openfga/language/pkg/go/transformer"
	"github.com/openfga/openfga/pkg/server"
	"github.com/openfga/openfga/pkg/storage/memory"
)

// relations is the world in the words of OpenFGA: who has a role has what was granted
// to it.
const relations = `model
  schema 1.1
type user
type role
  relations
    define assignee: [user]
type permission
  relations
    define granted: [role#assignee]`

// loadOpenFGA has the world as tuples. A tuple has no place for a tenant, so whoever
// has a role has it as a user of a tenant.
func loadOpenFGA(w *world) (func(q *question) (bool, error), error) {
	var tuples []*openfgav1.TupleKey
	for r, list := range w.grants {
		for _, p := range list {
			tuples = append(tuples, &openfgav1.TupleKey{
				Object: "permission:" + permissionName(p), Relation: "granted", User: "role:" + roleName(r) + "#assignee",
			})
		}
	}
	for i, u := range w.users {
		for n, r := range u.roles {
			if n == 0 || r != u.roles[0] {
				tuples = append(tuples, &openfgav1.TupleKey{
					Object: "role:" + roleName(r), Relation: "assignee", User: userIn(tenantName(u.tenant), userName(i)),
				})
			}
		}
	}
	const most = 100_000 // tuples in a write
	ctx := context.Background()
	s, err := server.NewServerWithOpts(server.WithDatastore(memory.New(memory.WithMaxTuplesPerWrite(most))))
	if err != nil {
		return nil, fmt.Errorf("make a server: %w", err)
	}
	store, err := s.CreateStore(ctx, &openfgav1.CreateStoreRequest{Name: "bench"})
	if err != nil {
		return nil, fmt.Errorf("make a store: %w", err)
	}
	model, err := transformer.TransformDSLToProto(relations)
	if err != nil {
		return nil, fmt.Errorf("read the model: %w", err)
	}
	written, err := s.WriteAuthorizationModel(ctx, &openfgav1.WriteAuthorizationModelRequest{
		StoreId: store.GetId(), SchemaVersion: model.GetSchemaVersion(), TypeDefinitions: model.GetTypeDefinitions(),
	})
	if err != nil {
		return nil, fmt.Errorf("write the model: %w", err)
	}
	id := written.GetAuthorizationModelId()
	if _, err := s.Write(ctx, &openfgav1.WriteRequest{
		StoreId: store.GetId(), AuthorizationModelId: id, Writes: &openfgav1.WriteRequestWrites{TupleKeys: tuples},
	}); err != nil {
		return nil, fmt.Errorf("write the tuples: %w", err)
	}
	return func(q *question) (bool, error) {
		answer, err := s.Check(ctx, &openfgav1.CheckRequest{
			StoreId: store.GetId(), AuthorizationModelId: id,
			TupleKey: &openfgav1.CheckRequestTupleKey{
				User: userIn(q.tenant, q.user), Relation: "granted", Object: "permission:" + q.permission,
			},
		})
		return answer.GetAllowed(), err
	}, nil
}

func userIn(tenant, name string) string { return "user:" + tenant + "/" + name }
