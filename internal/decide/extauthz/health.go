package extauthz

import (
	"context"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// A healthQuestion is a grpc.health.v1.HealthCheckRequest: about the service of that
// name, or about the server if there is none.
type healthQuestion struct{ service string }

func (q *healthQuestion) read(data []byte) error {
	w := &walker{data, string(data)}
	return w.each(0, len(data), func(number, from, to int) error {
		if number == 1 {
			q.service = w.text[from:to]
		}
		return nil
	})
}

// A healthAnswer is a grpc.health.v1.HealthCheckResponse.
type healthAnswer byte

const (
	serving    healthAnswer = 1
	notServing healthAnswer = 2
)

func (a healthAnswer) append(b []byte) []byte { return append(b, 1<<3, byte(a)) }

// health answers probes, as /readyz does. Who asks for changes (Watch) is told that
// there is no such thing, and by that protocol takes the server for healthy.
func (s *Server) health() *grpc.ServiceDesc {
	return &grpc.ServiceDesc{
		ServiceName: "grpc.health.v1.Health",
		Methods: []grpc.MethodDesc{{MethodName: "Check", Handler: func(_ any, ctx context.Context, decode func(any) error, _ grpc.UnaryServerInterceptor) (any, error) {
			var q healthQuestion
			if err := decode(&q); err != nil {
				return nil, err
			}
			if q.service != "" && q.service != service {
				return nil, status.Error(codes.NotFound, "there is no such service here")
			}
			if s.ready(ctx) != nil {
				return notServing, nil //nolint:nilerr // that is the answer
			}
			return serving, nil
		}}},
	}
}
