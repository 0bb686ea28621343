package graph

import (
	"context"
	"net/http"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
)

// LogFunc takes one entry. The context is the request's, so that a logger kept
// in it (Terraform's, for instance) tells which resource the request was for.
type LogFunc func(ctx context.Context, message string, fields map[string]any)

// logPolicy writes one entry per attempt. It stands before the bearer token and
// names what it logs one by one, so that no header or body can slip in.
type logPolicy struct{ log LogFunc }

func (p *logPolicy) Do(req *policy.Request) (*http.Response, error) {
	if p.log == nil {
		return req.Next()
	}
	start := time.Now()
	resp, err := req.Next()
	raw := req.Raw()
	fields := map[string]any{
		"operation":         operationOf(req).name,
		"method":            raw.Method,
		"path":              raw.URL.EscapedPath(),
		"duration_ms":       time.Since(start).Milliseconds(),
		"client_request_id": raw.Header.Get(clientRequestIDHeader),
	}
	if err != nil {
		fields["error"] = transportCause(err).Error()
		p.log(raw.Context(), "Graph request failed", fields)
		return resp, err
	}
	fields["status"] = resp.StatusCode
	fields["request_id"] = resp.Header.Get(requestIDHeader)
	if after := resp.Header.Get("Retry-After"); after != "" {
		fields["retry_after"] = after
	}
	p.log(raw.Context(), "Graph request", fields)
	return resp, nil
}
