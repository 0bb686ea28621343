package graph

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
)

const (
	// MaxBatch is the number of requests that one JSON batch may hold
	// (https://learn.microsoft.com/graph/json-batching).
	MaxBatch = 20
	// batchesInFlight and deletesInFlight are how many requests one call has on the
	// wire. The documented limit is five full batches in 20 seconds, which two at a
	// time use up unless the service needs 8 seconds for each; more in flight only
	// means more that is refused in vain when the service has had enough.
	batchesInFlight = 2
	deletesInFlight = 8
)

// DeleteBatch deletes any number of identities through JSON batches of up to
// [MaxBatch], and one by one where the tenant refuses $batch. The result has an
// entry per id, in the order of ids: nil for a deleted identity, else an
// [*Error]. As with Delete, a missing id is answered with 404 or 400, and so is
// one whose first deletion took effect although its answer was lost
// ([IsNotFound], [IsBadRequest]).
//
// Every id counts as a write. Throttled ids are sent again until ctx ends; those
// that failed for a while (5xx, 424, no answer in the batch) a few times. An
// error of the whole (no permission, no connection) ends the call: every id that
// had no answer before then carries it.
//
// https://learn.microsoft.com/graph/json-batching
func (s *ImportedDeviceIdentitiesClient) DeleteBatch(ctx context.Context, ids []string) []error {
	run := &deleteRun{client: s, op: operation{
		name: "delete the corporate device identifier", effect: effectDelete, statuses: []int{http.StatusNoContent, http.StatusOK},
	}}
	deletions := make([]*deletion, len(ids))
	for i, id := range ids {
		deletions[i] = run.newDeletion(id)
	}
	for pending := unfinished(deletions); len(pending) > 0; pending = unfinished(pending) {
		run.round(ctx, pending)
		run.pause(ctx, unfinished(pending))
	}
	errs := make([]error, len(ids))
	for i, d := range deletions {
		if d.err != nil {
			errs[i] = d.err
		}
	}
	return errs
}

// deletion is one id on its way. Only one goroutine at a time holds it.
type deletion struct {
	id       string
	path     string
	attempts int
	// err is the last real failure; with done it is the result.
	err  *Error
	done bool
}

// deleteRun is one call of DeleteBatch.
type deleteRun struct {
	client *ImportedDeviceIdentitiesClient
	op     operation
	// singly is set when this call goes on with single DELETEs.
	singly atomic.Bool
	// throttled is set when an item of this round was answered 429.
	throttled atomic.Bool
	// stopped holds the error that ended the whole call.
	stopped atomic.Pointer[Error]
}

func (r *deleteRun) newDeletion(id string) *deletion {
	path, err := joinPath("deviceManagement", "importedDeviceIdentities", id)
	d := &deletion{id: id, path: path}
	if err != nil {
		op := r.op
		op.sent = new(bool)
		d.err, d.done = asError(op, err), true
	}
	return d
}

func unfinished(deletions []*deletion) []*deletion {
	var left []*deletion
	for _, d := range deletions {
		if !d.done {
			left = append(left, d)
		}
	}
	return left
}

// round sends the pending deletions, each at most once. What is left unfinished
// is for the next round: so ids that failed wait together and fill whole batches.
// A 429 ends the round, and the next one begins with a single id: when the pause
// was too short, that is one refused write more and not twenty, and the service
// counts those, too.
func (r *deleteRun) round(ctx context.Context, pending []*deletion) {
	rest := pending
	if r.throttled.Swap(false) {
		r.send(ctx, rest[:1])
		rest = rest[1:]
	}
	r.sendAll(ctx, rest)
	if err := r.stopped.Load(); err != nil {
		for _, d := range unfinished(pending) {
			d.end(err)
		}
	}
}

// sendAll sends chunk after chunk, some at a time, until the round is over.
func (r *deleteRun) sendAll(ctx context.Context, rest []*deletion) {
	inFlight := batchesInFlight
	singly := r.goesSingly()
	if singly {
		inFlight = deletesInFlight
	}
	var wg sync.WaitGroup
	defer wg.Wait()
	slots := make(chan struct{}, inFlight)
	for len(rest) > 0 {
		slots <- struct{}{}
		if r.throttled.Load() || r.stopped.Load() != nil || r.goesSingly() != singly {
			return
		}
		size := 1
		if !singly {
			size = min(r.client.client.gate.share(MaxBatch), len(rest))
		}
		chunk := rest[:size]
		rest = rest[size:]
		wg.Go(func() {
			defer func() { <-slots }()
			r.send(ctx, chunk)
		})
	}
}

func (r *deleteRun) goesSingly() bool { return r.singly.Load() || r.client.noBatch.Load() }

func (r *deleteRun) send(ctx context.Context, chunk []*deletion) {
	if r.goesSingly() && len(chunk) == 1 {
		r.sendSingly(ctx, chunk[0])
		return
	}
	answers, err := r.client.sendBatch(ctx, r.op.name, chunk)
	switch {
	case err == nil:
		for i, d := range chunk {
			r.take(d, answers[i])
		}
	case isBatchRefused(err):
		r.client.noBatch.Store(true)
	case IsBadRequest(err):
		// Something in this batch is not to the gateway's taste: alone, each id
		// gets the answer that it deserves.
		r.singly.Store(true)
	default:
		r.stop(err)
	}
}

func (r *deleteRun) sendSingly(ctx context.Context, d *deletion) {
	err := r.client.Delete(ctx, d.id)
	if err == nil {
		d.err, d.done = nil, true
		return
	}
	e := asError(r.op, err)
	d.end(e)
	if endsAll(e) || ctx.Err() != nil {
		r.stop(e)
	}
}

// take reads the answer to one id.
func (r *deleteRun) take(d *deletion, answer batchAnswer) {
	d.attempts++
	d.err = answer.failure(r.op)
	if d.err == nil {
		d.done = true
		return
	}
	d.err.Attempts = d.attempts
	if d.err.StatusCode == http.StatusTooManyRequests {
		r.throttled.Store(true)
	}
	d.done = !shouldRetryItem(r.op, d.err, d.attempts)
	if endsAll(d.err) {
		r.stop(d.err)
	}
}

// stop ends the call; the first error counts.
func (r *deleteRun) stop(err error) { r.stopped.CompareAndSwap(nil, asError(r.op, err)) }

// pause waits before what failed for a while is sent again. What was throttled
// waits at the gate.
func (r *deleteRun) pause(ctx context.Context, pending []*deletion) {
	var delay time.Duration
	for _, d := range pending {
		if d.err != nil && d.err.StatusCode != http.StatusTooManyRequests {
			delay = max(delay, retryDelay(d.err, d.attempts))
		}
	}
	if delay == 0 {
		return
	}
	if err := sleep(ctx, delay); err != nil {
		for _, d := range pending {
			d.end(&Error{Operation: r.op.name, Attempts: 1, failure: failureNotSent, effect: r.op.effect, err: err, ended: err})
		}
	}
}

// end gives up: with the last real error of this id where the whole says no more
// than that time is up, else with the error of the whole.
func (d *deletion) end(whole *Error) {
	e := *whole
	if d.err != nil && whole.ended != nil && whole.failure != failureAnswer {
		e = *d.err
		e.ended = whole.ended
		e.cutShort = whole.failure != failureNotSent
	}
	e.Attempts = max(e.Attempts, d.attempts)
	d.err, d.done = &e, true
}

// endsAll reports whether the other ids of the call would meet the same error.
func endsAll(e *Error) bool { return IsUnauthorized(e) || IsForbidden(e) || IsNotSent(e) }

// isBatchRefused reports whether the tenant, or what stands before it, has no
// $batch: nothing below that address can be missing but the route.
func isBatchRefused(err error) bool { return IsRouteRefused(err) || IsNotFound(err) }

// shouldRetryItem is the retry policy's rule, and 424: the batch has no
// dependencies, so what failed was not this item.
func shouldRetryItem(op operation, e *Error, attempts int) bool {
	return shouldRetry(op, e, attempts) || hasStatus(e, http.StatusFailedDependency) && attempts < maxTransientAttempts
}

func (s *ImportedDeviceIdentitiesClient) sendBatch(ctx context.Context, name string, chunk []*deletion) ([]batchAnswer, error) {
	op := operation{
		name: name, effect: effectDelete, statuses: []int{http.StatusOK}, sent: new(bool), items: len(chunk),
		verdict: func(payload []byte) verdict { return batchVerdict(payload, len(chunk)) },
	}
	req, err := s.client.newRequest(ctx, http.MethodPost, "$batch")
	if err != nil {
		return nil, asError(op, err)
	}
	if err := runtime.MarshalAsJSON(req, newDeleteBatch(chunk)); err != nil {
		return nil, asError(op, err)
	}
	return send(s.client, req, op, func(payload []byte) ([]batchAnswer, error) { return decodeBatch(payload, len(chunk)) })
}

type batchBody struct {
	Requests []batchRequest `json:"requests"`
}

type batchRequest struct {
	ID     string `json:"id"`
	Method string `json:"method"`
	// URL is relative to the API version.
	URL string `json:"url"`
}

// newDeleteBatch numbers the items from 1: item ids must be unique without
// regard to case, which the identities' own are not.
func newDeleteBatch(chunk []*deletion) batchBody {
	body := batchBody{Requests: make([]batchRequest, len(chunk))}
	for i, d := range chunk {
		body.Requests[i] = batchRequest{ID: strconv.Itoa(i + 1), Method: http.MethodDelete, URL: d.path}
	}
	return body
}

// batchAnswer is the answer to one item; status 0 means that there was none.
type batchAnswer struct {
	status int
	header http.Header
	body   []byte
}

// decodeBatch puts the answers, which come in any order, into that of the n
// items. Answers to anything else are left out.
func decodeBatch(payload []byte, n int) ([]batchAnswer, error) {
	var wire struct {
		Responses *[]struct {
			ID      string                     `json:"id"`
			Status  int                        `json:"status"`
			Headers map[string]json.RawMessage `json:"headers"`
			Body    json.RawMessage            `json:"body"`
		} `json:"responses"`
	}
	if err := decodeObject(payload, &wire); err != nil {
		return nil, err
	}
	if wire.Responses == nil {
		return nil, errors.New("the answer has no list in \"responses\"")
	}
	answers := make([]batchAnswer, n)
	for _, response := range *wire.Responses {
		i, err := strconv.Atoi(response.ID)
		if err != nil || i < 1 || i > n || response.Status < 100 || response.Status > 599 || answers[i-1].status != 0 {
			continue
		}
		header := http.Header{}
		for name, value := range response.Headers {
			header.Set(name, rawText(value))
		}
		answers[i-1] = batchAnswer{status: response.Status, header: header, body: itemBody(response.Body)}
	}
	return answers, nil
}

// rawText is a JSON string's text, or the JSON itself: a Retry-After of 5 is as
// good as one of "5".
func rawText(raw json.RawMessage) string {
	var text string
	if json.Unmarshal(raw, &text) != nil {
		return string(raw)
	}
	return text
}

// itemBody undoes the base64 in which a batch carries what is no JSON.
func itemBody(raw json.RawMessage) []byte {
	var text string
	if json.Unmarshal(raw, &text) != nil {
		return raw
	}
	if decoded, err := base64.StdEncoding.DecodeString(text); err == nil {
		return decoded
	}
	return []byte(text)
}

// failure is nil for a deleted identity.
func (a batchAnswer) failure(op operation) *Error {
	switch a.status {
	case http.StatusOK, http.StatusNoContent:
		return nil
	case 0:
		return &Error{
			Operation: op.name, StatusCode: http.StatusOK, Attempts: 1, failure: failureUnreadable, effect: op.effect,
			err: errors.New("the batch has no answer to this request"),
		}
	default:
		return newResponseError(op, &http.Response{StatusCode: a.status, Header: a.header}, a.body)
	}
}

// batchVerdict is that of all items: one 429 is a 429, and the longest pause asked
// for is the pause. An unreadable answer says nothing.
func batchVerdict(payload []byte, n int) verdict {
	var v verdict
	answers, err := decodeBatch(payload, n)
	if err != nil {
		return v
	}
	for _, a := range answers {
		switch a.status {
		case 0:
		case http.StatusTooManyRequests:
			v.throttled = true
			v.retryAfter = max(v.retryAfter, retryAfter(a.header, time.Now()))
		default:
			v.accepted++
		}
	}
	return v
}
