package graph

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
)

const nestedBadRequest = `{"error":{"code":"BadRequest","message":"{\r\n  \"_version\": 3,\r\n  \"Message\": \"Invalid Device Identifier parameter found for 1 import records! - Operation ID (for customer support): 00000000-0000-0000-0000-000000000000 - Activity ID: 0f5a - Url: https://fef.msub07.manage.microsoft.com/DeviceEnrollmentFE\",\r\n  \"CustomApiErrorPhrase\": \"\",\r\n  \"RetryAfter\": null\r\n}","innerError":{"date":"2024-06-14T10:00:00","request-id":"r-1","client-request-id":"c-1"}}}`

func TestError_TextIsOneLine(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		answer answer
		want   string
	}{
		"nested Intune message": {
			answer{status: 400, body: nestedBadRequest},
			"Graph answered 400 Bad Request: Invalid Device Identifier parameter found for 1 import records!",
		},
		"plain message": {
			answer{status: 400, body: `{"error":{"code":"No method match route template","message":"No OData route exists\r\n that match"}}`},
			"Graph answered 400 Bad Request (No method match route template): No OData route exists that match",
		},
		"HTML": {
			answer{status: 404, body: "<html>\n<h1>Gone</h1></html>", header: map[string]string{"Content-Type": "text/html; charset=utf-8"}},
			`Graph answered 404 Not Found: a body of type text/html that starts with "<html> <h1>Gone</h1></html>"`,
		},
		"empty body": {answer{status: 403}, "Graph answered 403 Forbidden"},
		"other JSON": {answer{status: 409, body: `{"odata":1}`}, `Graph answered 409 Conflict: a body of type application/json that starts with "{\"odata\":1}"`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := newTestClient(t, &scripted{answers: []answer{test.answer}}).ImportedDeviceIdentities.Get(t.Context(), "AkMw")
			if got := wantError(t, err).Error(); got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
		})
	}
}

func TestError_KeepsWhatSupportAsksFor(t *testing.T) {
	t.Parallel()
	transport := &scripted{answers: []answer{{status: 400, body: nestedBadRequest}}}
	_, err := newTestClient(t, transport).ImportedDeviceIdentities.Get(t.Context(), "AkMw")
	e := wantError(t, err)
	if e.RequestID != "r-1" || e.ClientRequestID != "c-1" {
		t.Errorf("got request-id %q and client-request-id %q", e.RequestID, e.ClientRequestID)
	}
	if !strings.HasPrefix(e.Support, "Operation ID (for customer support): 00000000") || !strings.Contains(e.Support, "Activity ID: 0f5a") {
		t.Errorf("got support text %q", e.Support)
	}
}

func TestIsRouteRefused(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		answer answer
		want   bool
	}{
		"route template":   {answer{status: 400, body: `{"error":{"code":"No method match route template","message":"No OData route exists that match template ~/singleton/navigation with http verb POST for request /x."}}`}, true},
		"segment, 400":     {answer{status: 400, body: `{"error":{"code":"BadRequest","message":"Resource not found for the segment 'importedDeviceIdentities'."}}`}, true},
		"segment, 404":     {answer{status: 404, body: `{"error":{"code":"ResourceNotFound","message":"Resource not found for the segment 'x'."}}`}, true},
		"405":              {answer{status: 405}, true},
		"501":              {answer{status: 501}, true},
		"a bad identifier": {answer{status: 400, body: nestedBadRequest}, false},
		"a missing object": {answer{status: 404, body: `{"error":{"code":"ResourceNotFound","message":"missing"}}`}, false},
		"a crash":          {answer{status: 500}, false},
		"a lost reply":     {answer{err: io.ErrUnexpectedEOF}, false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := newTestClient(t, &scripted{answers: []answer{test.answer}}).ImportedDeviceIdentities.UpdateDescription(t.Context(), "AkMw", NewText("x"))
			if got := IsRouteRefused(err); got != test.want {
				t.Errorf("got %v for %v", got, err)
			}
		})
	}
}

func TestIsOutcomeUnknown_NeverForReads(t *testing.T) {
	t.Parallel()
	for name, e := range map[string]*Error{
		"read, lost":        {effect: effectRead, failure: failureTransport},
		"write, not sent":   {effect: effectWrite, failure: failureNotSent},
		"write, 501":        {effect: effectWrite, StatusCode: http.StatusNotImplemented},
		"write, bad":        {effect: effectWrite, StatusCode: http.StatusBadRequest},
		"write, throttled":  {effect: effectWrite, StatusCode: http.StatusTooManyRequests},
		"read, unavailable": {effect: effectRead, StatusCode: http.StatusServiceUnavailable},
	} {
		if IsOutcomeUnknown(e) {
			t.Errorf("%s: the outcome is known", name)
		}
	}
	if IsOutcomeUnknown(errors.New("other")) {
		t.Error("an error of another kind has no outcome")
	}
}

func FuzzErrorBody_IsOneLineAndNeverPanics(f *testing.F) {
	f.Add([]byte(nestedBadRequest), "application/json")
	f.Add([]byte(`{"error":{"message":"{\"Message\":\"a\\nb\"}"}}`), "application/json")
	f.Add([]byte("<html>\xff\n"), "text/html")
	f.Fuzz(func(t *testing.T, payload []byte, contentType string) {
		var e Error
		e.fillFrom(payload, contentType)
		for _, text := range []string{e.Message, e.Code, e.Support} {
			if strings.ContainsAny(text, "\r\n") {
				t.Errorf("%q is not one line", text)
			}
		}
	})
}
