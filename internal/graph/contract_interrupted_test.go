package graph_test

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/intunetf/terraform-provider-intune/internal/graph"
	"github.com/intunetf/terraform-provider-intune/internal/graphsim"
)

func TestContract_AnAttemptThatIsCutShortKeepsTheLastRealError(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		op      graphsim.Operation
		first   graphsim.Fault
		then    graphsim.Fault
		want    string
		unknown bool
		is      func(error) bool
	}{
		"read, 503 and then silence": {
			graphsim.OpGet,
			graphsim.Fault{Status: http.StatusServiceUnavailable, Message: "Try later."},
			graphsim.Fault{Delay: time.Hour},
			"Graph answered 503 Service Unavailable: Try later. (last of 2 attempts); gave up because the operation's timeout ended",
			false, func(err error) bool { return !graph.IsNotSent(err) },
		},
		"write, 429 and then silence": {
			graphsim.OpImport,
			graphsim.Fault{Status: http.StatusTooManyRequests, Message: "Too many requests.", RetryAfter: "2"},
			graphsim.Fault{Delay: time.Hour},
			"Graph answered 429 Too Many Requests: Too many requests. (last of 2 attempts); gave up because the operation's timeout ended",
			true, graph.IsThrottled,
		},
		"write, 429 and no second attempt": {
			graphsim.OpImport,
			graphsim.Fault{Status: http.StatusTooManyRequests, Message: "Too many requests.", RetryAfter: "60"},
			graphsim.Fault{},
			"Graph answered 429 Too Many Requests: Too many requests.; gave up because the operation's timeout ended",
			false, graph.IsThrottled,
		},
		"write, silence": {
			graphsim.OpImport,
			graphsim.Fault{Delay: time.Hour},
			graphsim.Fault{},
			"no answer came from Graph: context deadline exceeded; gave up because the operation's timeout ended",
			true, func(err error) bool { return !graph.IsNotSent(err) },
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				tn := newTenant(t, graphsim.Options{Profile: graphsim.ProfileDocumented, Seed: serials("C0")})
				test.first.Operation, test.then.Operation = test.op, test.op
				tn.Inject(test.first, test.then)
				ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
				defer cancel()
				var err error
				if test.op == graphsim.OpGet {
					_, err = tn.identities.Get(ctx, tn.find(t, "C0").ID)
				} else {
					_, err = tn.identities.Import(ctx, []graph.NewImportedDeviceIdentity{serial("NEW")}, false)
				}
				if err == nil || err.Error() != test.want {
					t.Fatalf("got  %v\nwant %s", err, test.want)
				}
				if !errors.Is(err, context.DeadlineExceeded) || !test.is(err) || graph.IsOutcomeUnknown(err) != test.unknown {
					t.Errorf("outcome unknown: %t, want %t", graph.IsOutcomeUnknown(err), test.unknown)
				}
			})
		})
	}
}

func TestContract_NothingIsSentWhenTheOperationHasEnded(t *testing.T) {
	t.Parallel()
	tn := newTenant(t, graphsim.Options{})
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errors.New("the provider is stopping"))
	_, err := tn.identities.Import(ctx, []graph.NewImportedDeviceIdentity{serial("NEW")}, false)
	if err == nil || len(tn.Journal()) > 0 || !errors.Is(err, context.Canceled) {
		t.Errorf("got %v after %d requests", err, len(tn.Journal()))
	}
}
