package graph

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestBatch_RequestBody(t *testing.T) {
	t.Parallel()
	run := &deleteRun{}
	body, err := json.Marshal(newDeleteBatch([]*deletion{run.newDeletion("AlpGTEQ3MkdLUFE="), run.newDeletion("A/+="), run.newDeletion("a/+=")}))
	if err != nil {
		t.Fatal(err)
	}
	// The form that the portal sends (drunk-pulumi-intune-components).
	want := `{"requests":[` +
		`{"id":"1","method":"DELETE","url":"/deviceManagement/importedDeviceIdentities/AlpGTEQ3MkdLUFE%3D"},` +
		`{"id":"2","method":"DELETE","url":"/deviceManagement/importedDeviceIdentities/A%2F%2B%3D"},` +
		`{"id":"3","method":"DELETE","url":"/deviceManagement/importedDeviceIdentities/a%2F%2B%3D"}]}`
	if diff := cmp.Diff(want, string(body)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestBatch_DecodesAnswersInAnyOrderAndForm(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		body string
		want []string
	}{
		"another order": {
			`{"responses":[{"id":"2","status":400,"headers":{"Retry-After":"3"},"body":{"error":{"code":"BadRequest"}}},{"id":"1","status":204,"body":null}]}`,
			[]string{"204 - ", `400 3 {"error":{"code":"BadRequest"}}`},
		},
		"missing":               {`{"responses":[{"id":"2","status":204}]}`, []string{"0 - ", "204 - "}},
		"nothing":               {`{"responses":[]}`, []string{"0 - ", "0 - "}},
		"strangers":             {`{"responses":[{"id":"3","status":204},{"id":"0","status":204},{"id":"x","status":204},{"status":204}]}`, []string{"0 - ", "0 - "}},
		"twice: the first":      {`{"responses":[{"id":"1","status":204},{"id":"1","status":500}]}`, []string{"204 - ", "0 - "}},
		"no status":             {`{"responses":[{"id":"1"},{"id":"2","status":7000}]}`, []string{"0 - ", "0 - "}},
		"Retry-After as number": {`{"responses":[{"id":"1","status":429,"headers":{"retry-after":7}},{"id":"2","status":429,"headers":null}]}`, []string{"429 7 ", "429 - "}},
		"HTML in base64":        {`{"responses":[{"id":"1","status":503,"body":"PGh0bWw+"},{"id":"2","status":503,"body":"no base64!"}]}`, []string{"503 - <html>", "503 - no base64!"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			answers, err := decodeBatch([]byte(test.body), 2)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, a := range answers {
				after := a.header.Get("Retry-After")
				if after == "" {
					after = "-"
				}
				got = append(got, fmt.Sprintf("%d %s %s", a.status, after, a.body))
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
	for _, body := range []string{"", "null", "[]", "{}", `{"responses":null}`, `{"responses":{}}`, `{"responses":[{"id":1}]}`, "<html>"} {
		if answers, err := decodeBatch([]byte(body), 2); err == nil {
			t.Errorf("%q: got %v", body, answers)
		}
	}
}

func FuzzDecodeBatch_HasAnAnswerPerItemOrAnError(f *testing.F) {
	f.Add([]byte(`{"responses":[{"id":"1","status":204,"headers":{},"body":null}]}`), 1)
	f.Add([]byte(`{"responses":[{"id":"2","status":429,"headers":{"Retry-After":"5","x":[1]},"body":"PGh0bWw+"}]}`), 3)
	f.Fuzz(func(t *testing.T, payload []byte, n int) {
		n = min(max(n, 0), MaxBatch)
		answers, err := decodeBatch(payload, n)
		if err == nil && len(answers) != n {
			t.Fatalf("%d answers to %d items", len(answers), n)
		}
		accepted := batchVerdict(payload, n).accepted
		if accepted < 0 || accepted > n {
			t.Fatalf("%d of %d items were let through", accepted, n)
		}
		for _, a := range answers {
			if e := a.failure(operation{}); e != nil && strings.ContainsAny(e.Error(), "\r\n") {
				t.Fatalf("the text is not one line: %q", e.Error())
			}
		}
	})
}

// items is an answer to a batch: a status per item, 0 for an item that is missing.
func items(statuses ...int) answer {
	var responses []string
	for i, status := range statuses {
		if status != 0 {
			responses = append(responses, fmt.Sprintf(`{"id":"%d","status":%d,"body":{"error":{"code":"C%d","message":"m"}}}`, i+1, status, status))
		}
	}
	return answer{status: http.StatusOK, body: `{"responses":[` + strings.Join(responses, ",") + `]}`}
}

// sentItems are the numbers of items of each batch; 0 is a single request.
func (s *scripted) sentItems(t *testing.T) []int {
	t.Helper()
	var sizes []int
	for i, body := range s.bodies {
		if s.sent[i].Method == http.MethodDelete {
			sizes = append(sizes, 0)
			continue
		}
		var batch batchBody
		if err := json.Unmarshal([]byte(body), &batch); err != nil {
			t.Fatal(err)
		}
		if got := s.sent[i].URL.Path; got != "/beta/$batch" {
			t.Errorf("sent to %s", got)
		}
		sizes = append(sizes, len(batch.Requests))
	}
	return sizes
}

func TestDeleteBatch_SendsAgainWhatMayMendItself(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		answers []answer
		sizes   []int
	}{
		"5xx and 424 items":         {[]answer{items(503, 204, 424), items(500, 204), items(204)}, []int{3, 2, 1}},
		"missing items":             {[]answer{items(204, 0, 0), items(204, 0), items(204)}, []int{3, 2, 1}},
		"429 items, one goes first": {[]answer{items(429, 204, 429), items(429), items(204), items(204)}, []int{3, 1, 1, 1}},
		"outer 429":                 {[]answer{{status: 429}, items(204, 204, 204)}, []int{3, 3}},
		"outer 503":                 {[]answer{{status: 503}, items(204, 204, 204)}, []int{3, 3}},
		"lost connection":           {[]answer{{err: io.ErrUnexpectedEOF}, items(204, 200, 204)}, []int{3, 3}},
		"unreadable":                {[]answer{{status: 200, body: "<html>"}, items(204, 204, 204)}, []int{3, 3}},
		"empty":                     {[]answer{{status: 200}, items(204, 204, 204)}, []int{3, 3}},
		"no batch, 404":             {[]answer{{status: 404}, {status: 204}}, []int{3, 0, 0, 0}},
		"no batch, 405":             {[]answer{{status: 405}, {status: 204}}, []int{3, 0, 0, 0}},
		"no batch, 501":             {[]answer{{status: 501}, {status: 204}}, []int{3, 0, 0, 0}},
		"the gateway finds fault":   {[]answer{{status: 400}, {status: 204}}, []int{3, 0, 0, 0}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				transport := &scripted{answers: test.answers}
				errs := newTestClient(t, transport).ImportedDeviceIdentities.DeleteBatch(t.Context(), []string{"1", "2", "3"})
				if diff := cmp.Diff([]error{nil, nil, nil}, errs); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
				if diff := cmp.Diff(test.sizes, transport.sentItems(t)); diff != "" {
					t.Errorf("requests (-want +got):\n%s", diff)
				}
			})
		})
	}
}

func TestDeleteBatch_RemembersThatThereIsNone(t *testing.T) {
	t.Parallel()
	for status, want := range map[int][]int{
		http.StatusNotFound:   {1, 0, 0},
		http.StatusBadRequest: {1, 0, 1, 0}, // that was about one batch, not about the route
	} {
		synctest.Test(t, func(t *testing.T) {
			transport := &scripted{answers: []answer{{status: status}, {status: 204}, {status: status}, {status: 204}}}
			if status == http.StatusNotFound {
				transport.answers = transport.answers[:2]
			}
			client := newTestClient(t, transport).ImportedDeviceIdentities
			for range 2 {
				if err := client.DeleteBatch(t.Context(), []string{"1"})[0]; err != nil {
					t.Error(err)
				}
			}
			if diff := cmp.Diff(want, transport.sentItems(t)); diff != "" {
				t.Errorf("%d (-want +got):\n%s", status, diff)
			}
		})
	}
}

func TestDeleteBatch_TellsTheItemsApart(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		transport := &scripted{answers: []answer{items(204, 404, 400, 409)}}
		errs := newTestClient(t, transport).ImportedDeviceIdentities.DeleteBatch(t.Context(), []string{"1", "2", "3", "4", "", ".."})
		for i, is := range []func(error) bool{nil, IsNotFound, IsBadRequest, IsConflict, IsNotSent, IsNotSent} {
			if is == nil {
				if errs[i] != nil {
					t.Errorf("%d: %v", i, errs[i])
				}
			} else if e := wantError(t, errs[i]); !is(e) || e.Operation != "delete the corporate device identifier" {
				t.Errorf("%d: %v", i, e)
			}
		}
		if diff := cmp.Diff([]int{4}, transport.sentItems(t)); diff != "" {
			t.Errorf("requests (-want +got):\n%s", diff)
		}
	})
}

func TestDeleteBatch_EndsWithTheErrorOfTheWhole(t *testing.T) {
	t.Parallel()
	all403 := make([]int, MaxBatch)
	for i := range all403 {
		all403[i] = http.StatusForbidden
	}
	for name, first := range map[string]answer{"outer 403": {status: http.StatusForbidden}, "every item 403": items(all403...)} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				transport := &scripted{answers: []answer{first}}
				ids := make([]string, 1000)
				for i := range ids {
					ids[i] = strconv.Itoa(i)
				}
				for i, err := range newTestClient(t, transport).ImportedDeviceIdentities.DeleteBatch(t.Context(), ids) {
					if !IsForbidden(err) {
						t.Fatalf("%d: %v", i, err)
					}
				}
				if transport.count() > batchesInFlight+1 {
					t.Errorf("%d requests were sent where one said it all", transport.count())
				}
			})
		})
	}
}

func TestDeleteBatch_GivesUpWithTheLastRealError(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		answers []answer
		timeout time.Duration
		want    string
	}{
		"a 429 until the end": {
			[]answer{items(429)},
			time.Minute,
			"Graph answered 429 Too Many Requests (C429): m (last of ",
		},
		"a longer Retry-After than the timeout": {
			[]answer{{status: 200, body: `{"responses":[{"id":"1","status":429,"headers":{"Retry-After":"600"},"body":{"error":{"code":"TooManyRequests","message":"Too many requests."}}}]}`}},
			time.Minute,
			"Graph answered 429 Too Many Requests: Too many requests.; gave up because the operation's timeout ended",
		},
		"a 503 that stays": {
			[]answer{items(503)},
			time.Hour,
			"Graph answered 503 Service Unavailable (C503): m (last of 8 attempts)",
		},
		"a 503 and no time": {
			[]answer{items(503)},
			time.Second,
			"Graph answered 503 Service Unavailable (C503): m (last of 2 attempts); gave up because the operation's timeout ended",
		},
		"never an answer": {
			[]answer{items(0)},
			time.Hour,
			"Graph answered 200 with a body that could not be read: the batch has no answer to this request (last of 4 attempts)",
		},
		"never readable": {
			[]answer{{status: 200, body: "<html>"}},
			time.Hour,
			`Graph answered 200 with a body that could not be read: no valid JSON object: invalid character '<' looking for beginning of value (a body of type application/json that starts with "<html>") (last of 4 attempts)`,
		},
		"an outer 503 that stays": {
			[]answer{{status: 503}},
			time.Hour,
			"Graph answered 503 Service Unavailable (last of 8 attempts)",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), test.timeout)
				defer cancel()
				start := time.Now()
				errs := newTestClient(t, &scripted{answers: test.answers}).ImportedDeviceIdentities.DeleteBatch(ctx, []string{"1"})
				if text := wantError(t, errs[0]).Error(); !strings.HasPrefix(text, test.want) {
					t.Errorf("got  %s\nwant %s…", text, test.want)
				}
				if took := time.Since(start); took > test.timeout {
					t.Errorf("took %s", took)
				}
			})
		})
	}
}

func TestDeleteBatch_EndsAtOnceWhenInterrupted(t *testing.T) {
	t.Parallel()
	for name, first := range map[string]answer{"waiting for a pause": items(429, 429), "waiting for a backoff": items(503, 503)} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancel(t.Context())
				time.AfterFunc(100*time.Millisecond, cancel)
				start := time.Now()
				for _, err := range newTestClient(t, &scripted{answers: []answer{first}}).ImportedDeviceIdentities.DeleteBatch(ctx, []string{"1", "2"}) {
					e := wantError(t, err)
					if !errors.Is(e, context.Canceled) || !IsThrottled(e) && !hasStatus(e, http.StatusServiceUnavailable) {
						t.Errorf("got %v", e)
					}
				}
				if took := time.Since(start); took != 100*time.Millisecond {
					t.Errorf("took %s", took)
				}
			})
		})
	}
}

func TestDeleteBatch_AnItemsRetryAfterPausesEverybody(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		transport := &scripted{answers: []answer{
			{status: 200, body: `{"responses":[{"id":"1","status":429,"headers":{"Retry-After":"20"}},{"id":"2","status":429,"headers":{"Retry-After":"90"}}]}`},
			{status: 200, body: `{"responses":[{"id":"1","status":204}],` + oneIdentity[1:]},
		}}
		client := newTestClient(t, transport).ImportedDeviceIdentities
		done := make(chan []error)
		go func() { done <- client.DeleteBatch(t.Context(), []string{"1", "2"}) }()
		synctest.Wait()
		start := time.Now()
		if _, err := client.Get(t.Context(), "AkMw"); err != nil {
			t.Fatal(err)
		}
		if waited := time.Since(start); waited != 90*time.Second {
			t.Errorf("another request waited %s, want the longest pause asked for", waited)
		}
		for _, err := range <-done {
			if err != nil {
				t.Error(err)
			}
		}
	})
}
