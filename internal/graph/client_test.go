package graph

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestNewClient_RefusesAnEndpointThatIsNoHTTPSRoot(t *testing.T) {
	t.Parallel()
	for _, endpoint := range []string{"", "graph.microsoft.com", "http://graph.microsoft.com", "https://graph.microsoft.com/beta", "https://user@graph.microsoft.com", "https://"} {
		_, err := NewClient(Options{Endpoint: endpoint, Scope: "x", Credential: staticCredential{}})
		if err == nil || !strings.Contains(err.Error(), "must be an https root URL") {
			t.Errorf("%q: got %v", endpoint, err)
		}
	}
	if _, err := NewClient(Options{Endpoint: "https://graph.microsoft.com/", Scope: "x", Credential: staticCredential{}}); err != nil {
		t.Errorf("a trailing slash: %v", err)
	}
}

func TestServiceTime_IsTheServicesOwnClock(t *testing.T) {
	t.Parallel()
	transport := &scripted{answers: []answer{
		{status: http.StatusOK, body: oneIdentity, header: map[string]string{"Date": "Fri, 01 Jan 2100 00:00:10 GMT"}},
		{status: http.StatusNotFound, header: map[string]string{"Date": "Fri, 01 Jan 2100 00:00:05 GMT"}},
	}}
	client := newTestClient(t, transport)
	if _, ok := client.ServiceTime(); ok {
		t.Error("there is a time before the first reply")
	}
	for range 2 {
		_, _ = client.ImportedDeviceIdentities.Get(t.Context(), "AkMw")
	}
	got, ok := client.ServiceTime()
	if want := time.Date(2100, 1, 1, 0, 0, 10, 0, time.UTC); !ok || !got.Equal(want) {
		t.Errorf("got %s, want the latest, %s", got, want)
	}
}

func TestLog_NamesTheRequestAndNoSecret(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var entries []string
	log := func(_ context.Context, message string, fields map[string]any) {
		mu.Lock()
		defer mu.Unlock()
		entries = append(entries, message+" "+fmt.Sprint(fields))
	}
	transport := &scripted{answers: []answer{{status: http.StatusOK, body: oneIdentity, header: map[string]string{"request-id": "r-1"}}, {err: fmt.Errorf("broken")}}}
	client := newTestClient(t, transport, func(o *Options) { o.Log = log })
	_, _ = client.ImportedDeviceIdentities.Get(t.Context(), "AkMw")
	_ = client.ImportedDeviceIdentities.UpdateDescription(t.Context(), "AkMw", NewText("private description"))
	text := strings.Join(entries, "\n")
	for _, want := range []string{"GET", "/beta/deviceManagement/importedDeviceIdentities/AkMw", "r-1", "status:200", "broken"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in the log:\n%s", want, text)
		}
	}
	for _, secret := range []string{testToken, "Bearer", "private description"} {
		if strings.Contains(text, secret) {
			t.Errorf("%q is in the log:\n%s", secret, text)
		}
	}
}
