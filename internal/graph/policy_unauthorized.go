package graph

import (
	"context"
	"net/http"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
)

// rejecter is a credential that forgets a token which the service did not
// accept; without it the next token would be the same one, from its memory.
type rejecter interface {
	Reject(ctx context.Context, token string)
}

// unauthorizedPolicy answers a 401 with one new token and one more attempt: a
// token that ends while a long apply runs, or that was revoked, is no reason to
// fail. A request that was not let in has had no effect, so writes are sent
// again too. It stands outside of the throttle, the ids and the log, which see
// two requests.
type unauthorizedPolicy struct{ credential azcore.TokenCredential }

func (p *unauthorizedPolicy) Do(req *policy.Request) (*http.Response, error) {
	resp, err := req.Next()
	if err != nil || resp.StatusCode != http.StatusUnauthorized {
		return resp, err
	}
	credential, ok := p.credential.(rejecter)
	if !ok {
		return resp, nil
	}
	token := strings.TrimPrefix(req.Raw().Header.Get("Authorization"), "Bearer ")
	credential.Reject(req.Raw().Context(), token)
	runtime.Drain(resp)
	if op := operationOf(req); op.sent != nil {
		*op.sent = false // when no token comes now, nothing is unknown
	}
	if err := req.RewindBody(); err != nil {
		return nil, err
	}
	return req.Next()
}
