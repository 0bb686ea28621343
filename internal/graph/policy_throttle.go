package graph

import (
	"net/http"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
)

// throttlePolicy lets a request pass when the gate does, and tells the gate what
// the service thought of it.
type throttlePolicy struct{ gate *throttleGate }

func (p *throttlePolicy) Do(req *policy.Request) (*http.Response, error) {
	op := operationOf(req)
	method := req.Raw().Method
	write := method != http.MethodGet && method != http.MethodHead
	pass, err := p.gate.enter(req.Raw().Context(), max(1, op.items), write)
	if err != nil {
		return nil, err
	}
	resp, err := req.Next()
	if err != nil {
		p.gate.leave(pass, verdict{})
		return nil, err
	}
	v := verdict{accepted: pass.n}
	switch {
	case resp.StatusCode == http.StatusTooManyRequests:
		v = verdict{throttled: true, retryAfter: retryAfter(resp.Header, time.Now())}
	case op.verdict != nil:
		payload, err := runtime.Payload(resp)
		if err != nil {
			p.gate.leave(pass, verdict{})
			return nil, err
		}
		v = op.verdict(payload)
	}
	p.gate.leave(pass, v)
	return resp, nil
}

// verdict is what the service's throttling thought of a request; the zero value
// is that of a request whose answer did not come.
type verdict struct {
	// accepted is how many requests were let through, more than one in a $batch.
	accepted int
	// throttled is set when at least one was answered 429.
	throttled bool
	// retryAfter is the longest pause asked for, 0 for none.
	retryAfter time.Duration
}
