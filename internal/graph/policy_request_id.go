package graph

import (
	"net/http"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/google/uuid"
)

// clientRequestIDHeader comes back in the answer; inside Intune it is the
// "Activity ID" that Microsoft support asks for.
const clientRequestIDHeader = "client-request-id"

// requestIDPolicy gives every attempt its own client-request-id, so that one
// attempt of several can be found in Microsoft's logs, and the user agent.
type requestIDPolicy struct{ userAgent string }

func (p *requestIDPolicy) Do(req *policy.Request) (*http.Response, error) {
	header := req.Raw().Header
	header.Set(clientRequestIDHeader, uuid.NewString())
	if p.userAgent != "" {
		header.Set("User-Agent", p.userAgent)
	}
	return req.Next()
}
