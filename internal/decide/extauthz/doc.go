// Package extauthz is the decision service for Envoy over gRPC: a server of
// envoy.service.auth.v3.Authorization, and of grpc.health.v1.Health beside it.
//
// The messages are read and written here, field by field (question.go, answer.go),
// and not with the types that are generated from Envoy's descriptions: those bring
// descriptors of half of Envoy into the memory of every process, and cost more than
// the decision (docs/adr/0027). Tests hold both against the generated types.
//
// A question becomes the client's request as an [http.Request], and what the decision
// service answers becomes an answer to Envoy: what to set and to remove on the
// request, or the whole refusal, which Envoy passes on as it is. There is nothing
// else here that decides. What cannot be read is a refusal, too, and not an error of
// the call, which Envoy can be told to take for a pass.
package extauthz
