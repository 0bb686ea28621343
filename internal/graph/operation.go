package graph

import (
	"context"
	"net/http"
	"slices"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
)

// effect says what sending an operation twice would do.
type effect int

const (
	// effectRead changes nothing: sent again on every transient failure.
	effectRead effect = iota
	// effectDelete may be sent again: a second delete is answered as "missing".
	effectDelete
	// effectWrite must not be sent again blindly: after a 5xx, a lost connection
	// or an unreadable answer its outcome is unknown.
	effectWrite
)

// operation travels with a request through the pipeline.
type operation struct {
	// name completes "Graph refused to …".
	name     string
	effect   effect
	statuses []int
	// items is how many requests the limits count for this one: those inside a
	// $batch, else 0.
	items int
	// verdict reads from the answer to a $batch what became of its items.
	verdict func(payload []byte) verdict
	// decode keeps the answer's content; it runs inside the retry policy, so that
	// an unreadable 2xx answer of a read is asked for again.
	decode func(payload []byte) error
	// sent is set once an attempt got past the token and the guards.
	sent *bool
}

func operationOf(req *policy.Request) operation {
	var op operation
	req.OperationValue(&op)
	return op
}

// send runs op through the pipeline and returns the decoded answer. Every error
// it returns is an [*Error].
func send[T any](c *Client, req *policy.Request, op operation, decode func([]byte) (T, error)) (T, error) {
	var out T
	op.sent = new(bool)
	op.decode = func(payload []byte) (err error) {
		out, err = decode(payload)
		return err
	}
	req.SetOperationValue(op)
	if _, err := c.pl.Do(req); err != nil {
		var zero T
		return zero, asError(op, err)
	}
	return out, nil
}

// attempt sends the request once and turns every failure into an [*Error].
func attempt(req *policy.Request, op operation) (*http.Response, *Error) {
	*op.sent = false
	resp, err := req.Next()
	if err != nil {
		return nil, newTransportError(op, err)
	}
	payload, err := runtime.Payload(resp)
	if err != nil {
		return nil, newTransportError(op, err)
	}
	if !slices.Contains(op.statuses, resp.StatusCode) {
		return nil, newResponseError(op, resp, payload)
	}
	if err := op.decode(payload); err != nil {
		return nil, newUndecodableError(op, resp, payload, err)
	}
	return resp, nil
}

// sentPolicy marks that an attempt is on its way to the network.
type sentPolicy struct{}

func (sentPolicy) Do(req *policy.Request) (*http.Response, error) {
	if op := operationOf(req); op.sent != nil {
		*op.sent = true
	}
	return req.Next()
}

// contextError is what ended a context: its cause where one was given.
func contextError(ctx context.Context) error {
	if err := context.Cause(ctx); err != nil {
		return err
	}
	return ctx.Err()
}
