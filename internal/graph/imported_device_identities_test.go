package graph

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
)

func TestRequests_CarryTheHeadersAndNoOthersOfOurs(t *testing.T) {
	t.Parallel()
	transport := &scripted{answers: []answer{{status: http.StatusCreated, body: oneIdentity}}}
	if _, err := newTestClient(t, transport).ImportedDeviceIdentities.Create(t.Context(), NewImportedDeviceIdentity{}); err != nil {
		t.Fatal(err)
	}
	req := transport.sent[0]
	for name, want := range map[string]string{
		"Authorization": "Bearer " + testToken,
		"Accept":        "application/json",
		"Content-Type":  "application/json",
		"User-Agent":    "test/1",
	} {
		if got := req.Header.Get(name); got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
	if _, err := uuid.Parse(req.Header.Get("client-request-id")); err != nil {
		t.Errorf("client-request-id: %v", err)
	}
	if req.ContentLength != int64(len(transport.bodies[0])) || len(req.TransferEncoding) > 0 {
		t.Errorf("Content-Length %d for a body of %d bytes, transfer encoding %v", req.ContentLength, len(transport.bodies[0]), req.TransferEncoding)
	}
}

func TestRequests_EncodeIdsAsOneSegment(t *testing.T) {
	t.Parallel()
	for id, want := range map[string]string{
		"AlpGTEQ3MkdLUFE=":                     "/beta/deviceManagement/importedDeviceIdentities/AlpGTEQ3MkdLUFE%3D",
		"A/+=":                                 "/beta/deviceManagement/importedDeviceIdentities/A%2F%2B%3D",
		"../../users":                          "/beta/deviceManagement/importedDeviceIdentities/..%2F..%2Fusers",
		"9f70a12f-a12f-9f70-2fa1-709f2fa1709f": "/beta/deviceManagement/importedDeviceIdentities/9f70a12f-a12f-9f70-2fa1-709f2fa1709f",
	} {
		transport := &scripted{answers: []answer{{status: http.StatusNoContent}}}
		if err := newTestClient(t, transport).ImportedDeviceIdentities.Delete(t.Context(), id); err != nil {
			t.Fatal(err)
		}
		if got := transport.sent[0].URL.EscapedPath(); got != want {
			t.Errorf("%s: got %s, want %s", id, got, want)
		}
	}
}

func TestRequests_RefuseAnIDThatWouldNameAnotherResource(t *testing.T) {
	t.Parallel()
	for _, id := range []string{"", ".", ".."} {
		transport := &scripted{answers: []answer{{status: http.StatusNoContent}}}
		err := newTestClient(t, transport).ImportedDeviceIdentities.Delete(t.Context(), id)
		if !IsNotSent(err) || transport.count() != 0 {
			t.Errorf("%q: got %v after %d requests", id, err, transport.count())
		}
	}
}

func TestRequestBodies(t *testing.T) {
	t.Parallel()
	offset := time.FixedZone("", -8*60*60)
	contacted := DateTime{time.Date(2016, 12, 31, 23, 58, 44, 290899400, offset)}
	status := true
	full := NewImportedDeviceIdentity{
		ImportedDeviceIdentifier: "355450075770212", ImportedDeviceIdentityType: "imei", Description: NewText("Description value"),
		EnrollmentState: "enrolled", LastContactedDateTime: &contacted, Platform: "ios", Status: &status,
	}
	bare := NewImportedDeviceIdentity{ImportedDeviceIdentifier: "C0", ImportedDeviceIdentityType: "serialNumber"}
	tests := map[string]struct {
		send func(*ImportedDeviceIdentitiesClient) error
		want string
	}{
		"create, as the reference's example": {
			func(c *ImportedDeviceIdentitiesClient) error { _, err := c.Create(t.Context(), full); return err },
			`{"@odata.type":"#microsoft.graph.importedDeviceIdentityResult","importedDeviceIdentifier":"355450075770212","importedDeviceIdentityType":"imei","lastContactedDateTime":"2016-12-31T23:58:44.2908994-08:00","description":"Description value","enrollmentState":"enrolled","platform":"ios","status":true}`,
		},
		"create, nothing optional": {
			func(c *ImportedDeviceIdentitiesClient) error { _, err := c.Create(t.Context(), bare); return err },
			`{"@odata.type":"#microsoft.graph.importedDeviceIdentityResult","importedDeviceIdentifier":"C0","importedDeviceIdentityType":"serialNumber"}`,
		},
		"import leaves the status out": {
			func(c *ImportedDeviceIdentitiesClient) error {
				_, err := c.Import(t.Context(), []NewImportedDeviceIdentity{full}, true)
				return err
			},
			`{"importedDeviceIdentities":[{"@odata.type":"#microsoft.graph.importedDeviceIdentity","importedDeviceIdentifier":"355450075770212","importedDeviceIdentityType":"imei","lastContactedDateTime":"2016-12-31T23:58:44.2908994-08:00","description":"Description value","enrollmentState":"enrolled","platform":"ios"}],"overwriteImportedDeviceIdentities":true}`,
		},
		"search": {
			func(c *ImportedDeviceIdentitiesClient) error {
				_, err := c.SearchExisting(t.Context(), []IdentityKey{{"C0", "serialNumber"}})
				return err
			},
			`{"importedDeviceIdentities":[{"importedDeviceIdentifier":"C0","importedDeviceIdentityType":"serialNumber"}]}`,
		},
		"update": {
			func(c *ImportedDeviceIdentitiesClient) error {
				return c.UpdateDescription(t.Context(), "AkMw", NewText(""))
			},
			`{"@odata.type":"#microsoft.graph.importedDeviceIdentity","description":""}`,
		},
		"update to null": {
			func(c *ImportedDeviceIdentitiesClient) error {
				return c.UpdateDescription(t.Context(), "AkMw", NullText())
			},
			`{"@odata.type":"#microsoft.graph.importedDeviceIdentity","description":null}`,
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			transport := &scripted{answers: []answer{{status: http.StatusOK, body: `{"id":"AkMw","value":null}`}, {status: http.StatusOK, body: `{"value":[]}`}}}
			if strings.HasPrefix(name, "import") || name == "search" {
				transport.answers = transport.answers[1:]
			}
			if err := test.send(newTestClient(t, transport).ImportedDeviceIdentities); err != nil {
				t.Fatal(err)
			}
			var got, want any
			if err := json.Unmarshal([]byte(transport.bodies[0]), &got); err != nil {
				t.Fatal(err)
			}
			if err := json.Unmarshal([]byte(test.want), &want); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("body (-want +got):\n%s", diff)
			}
		})
	}
}

func TestList_BuildsItsQuery(t *testing.T) {
	t.Parallel()
	transport := &scripted{answers: []answer{{status: http.StatusOK, body: `{"value":[]}`}}}
	pager := newTestClient(t, transport).ImportedDeviceIdentities.NewListPager(ListOptions{IdentifierContains: "O'BRIEN,A&B", Top: 100})
	if _, err := pager.NextPage(t.Context()); err != nil {
		t.Fatal(err)
	}
	query, err := url.ParseQuery(transport.sent[0].URL.RawQuery)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := query.Get("$filter"), "contains(importedDeviceIdentifier,'O''BRIEN,A&B')"; got != want {
		t.Errorf("$filter: got %s, want %s", got, want)
	}
	if got := query.Get("$top"); got != "100" {
		t.Errorf("$top: got %s", got)
	}
}

func TestList_NextLinkNeverLeavesTheGraphHost(t *testing.T) {
	t.Parallel()
	for _, link := range []string{
		"https://evil.example.net/beta/deviceManagement/importedDeviceIdentities?$skiptoken=1",
		"http://graph.example.com/beta/deviceManagement/importedDeviceIdentities?$skiptoken=1",
		"https://graph.example.com:8443/beta/x",
		"https://graph.example.com@evil.example.net/beta/x",
		"//evil.example.net/beta/x",
	} {
		body, err := json.Marshal(map[string]any{"value": []any{}, "@odata.nextLink": link})
		if err != nil {
			t.Fatal(err)
		}
		transport := &scripted{answers: []answer{{status: http.StatusOK, body: string(body)}}}
		pager := newTestClient(t, transport).ImportedDeviceIdentities.NewListPager(ListOptions{})
		if _, err := pager.NextPage(t.Context()); err != nil {
			t.Fatal(err)
		}
		_, err = pager.NextPage(t.Context())
		if !IsNotSent(err) || !strings.Contains(err.Error(), "is not the configured Graph endpoint https://graph.example.com") {
			t.Errorf("%s: got %v", link, err)
		}
		if transport.count() != 1 {
			t.Errorf("%s: %d requests were sent", link, transport.count())
		}
	}
}

func TestList_FollowsNextLinkAndStopsWhereItDoesNotAdvance(t *testing.T) {
	t.Parallel()
	page := `{"value":[` + oneIdentity + `],"@odata.nextLink":"https://GRAPH.example.com:443/beta/deviceManagement/importedDeviceIdentities?$skiptoken=a%2Fb"}`
	transport := &scripted{answers: []answer{{status: http.StatusOK, body: page}}}
	pager := newTestClient(t, transport).ImportedDeviceIdentities.NewListPager(ListOptions{})
	var err error
	for pages := 0; pager.More() && err == nil && pages < 10; pages++ {
		_, err = pager.NextPage(t.Context())
	}
	if err == nil || !strings.Contains(err.Error(), "the list does not advance") {
		t.Errorf("got %v", err)
	}
	if got := transport.sent[1].URL.RawQuery; got != "$skiptoken=a%2Fb" {
		t.Errorf("the link's query was sent as %s", got)
	}
}

func TestList_StopsWhereTheLinksGoInACircle(t *testing.T) {
	t.Parallel()
	page := func(token string) answer {
		return answer{status: http.StatusOK, body: `{"value":[` + oneIdentity + `],"@odata.nextLink":"https://graph.example.com/beta/deviceManagement/importedDeviceIdentities?$skiptoken=` + token + `"}`}
	}
	transport := &scripted{answers: []answer{page("a"), page("b"), page("c"), page("a"), page("b"), page("c")}}
	pager := newTestClient(t, transport).ImportedDeviceIdentities.NewListPager(ListOptions{})
	var err error
	for pages := 0; pager.More() && err == nil && pages < 6; pages++ {
		_, err = pager.NextPage(t.Context())
	}
	if err == nil || !strings.Contains(err.Error(), "the list does not advance") || transport.count() != 4 {
		t.Errorf("got %v after %d requests", err, transport.count())
	}
}

// TestList_FollowsALinkThatIsRelative reads links as OData allows them: relative
// to the request.
func TestList_FollowsALinkThatIsRelative(t *testing.T) {
	t.Parallel()
	for _, link := range []string{
		"?$skiptoken=2",
		"importedDeviceIdentities?$skiptoken=2",
		"../deviceManagement/importedDeviceIdentities?$skiptoken=2",
		"/beta/deviceManagement/importedDeviceIdentities?$skiptoken=2",
	} {
		transport := &scripted{answers: []answer{
			{status: http.StatusOK, body: `{"value":[` + oneIdentity + `],"@odata.nextLink":"` + link + `"}`},
			{status: http.StatusOK, body: `{"value":[` + oneIdentity + `]}`},
		}}
		pager := newTestClient(t, transport).ImportedDeviceIdentities.NewListPager(ListOptions{})
		rows := 0
		for pager.More() {
			page, err := pager.NextPage(t.Context())
			if err != nil {
				t.Fatalf("%s: %v", link, err)
			}
			rows += len(page.Value)
		}
		const want = "https://graph.example.com/beta/deviceManagement/importedDeviceIdentities?$skiptoken=2"
		if got := transport.sent[1].URL.String(); rows != 2 || transport.count() != 2 || got != want {
			t.Errorf("%s: %d rows; followed as %s", link, rows, got)
		}
	}
}

func TestActions_FallBackToTheQualifiedNameAndRememberIt(t *testing.T) {
	t.Parallel()
	refused := `{"error":{"code":"No method match route template","message":"No OData route exists"}}`
	transport := &scripted{answers: []answer{{status: 400, body: refused}, {status: 200, body: `{"value":[]}`}}}
	client := newTestClient(t, transport).ImportedDeviceIdentities
	for range 2 {
		if _, err := client.Import(t.Context(), nil, false); err != nil {
			t.Fatal(err)
		}
	}
	var paths []string
	for _, req := range transport.sent {
		paths = append(paths, strings.TrimPrefix(req.URL.Path, "/beta/deviceManagement/importedDeviceIdentities/"))
	}
	want := []string{"importDeviceIdentityList", "microsoft.graph.importDeviceIdentityList", "microsoft.graph.importDeviceIdentityList"}
	if diff := cmp.Diff(want, paths); diff != "" {
		t.Errorf("paths (-want +got):\n%s", diff)
	}
}

func TestDecode_KeepsWhatTheAnswerSays(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		body  string
		check func(ImportedDeviceIdentity) bool
	}{
		"an unknown enum member": {
			`{"id":"1","platform":"holographic","enrollmentState":"x"}`,
			func(i ImportedDeviceIdentity) bool { return *i.Platform == "holographic" && *i.EnrollmentState == "x" },
		},
		"the reference's object inside value": {
			`{"value":{"id":"1","importedDeviceIdentifier":"C0"}}`,
			func(i ImportedDeviceIdentity) bool { return i.ID == "1" && i.ImportedDeviceIdentifier == "C0" },
		},
		"omitted members": {
			`{"id":"1"}`,
			func(i ImportedDeviceIdentity) bool {
				return !i.Description.Present && i.Platform == nil && i.Status == nil && i.CreatedDateTime == nil
			},
		},
		"a null description": {
			`{"id":"1","description":null}`,
			func(i ImportedDeviceIdentity) bool { return i.Description.Present && i.Description.Value == "" },
		},
		"seven fractional digits and an offset": {
			`{"id":"1","lastContactedDateTime":"2016-12-31T23:58:44.2908994-08:00"}`,
			func(i ImportedDeviceIdentity) bool {
				return i.LastContactedDateTime.String() == "2016-12-31T23:58:44.2908994-08:00" &&
					i.LastContactedDateTime.Equal(time.Date(2017, 1, 1, 7, 58, 44, 290899400, time.UTC))
			},
		},
		"no offset": {
			`{"id":"1","createdDateTime":"2019-07-19T14:10:55"}`,
			func(i ImportedDeviceIdentity) bool {
				return i.CreatedDateTime.Equal(time.Date(2019, 7, 19, 14, 10, 55, 0, time.UTC))
			},
		},
		"the zero date": {
			`{"id":"1","lastContactedDateTime":"0001-01-01T00:00:00Z"}`,
			func(i ImportedDeviceIdentity) bool { return i.LastContactedDateTime.String() == "0001-01-01T00:00:00Z" },
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			identity, err := decodeIdentity([]byte(test.body))
			if err != nil || !test.check(identity) {
				t.Errorf("got %+v, %v", identity, err)
			}
		})
	}
}

func TestDecode_RefusesWhatIsNoAnswer(t *testing.T) {
	t.Parallel()
	for _, body := range []string{"", "null", "[]", `"x"`, "{}", `{"value":[]}`, `{"id":5}`, `{"id":"1","createdDateTime":"yesterday"}`} {
		if identity, err := decodeIdentity([]byte(body)); err == nil {
			t.Errorf("identity %q: got %+v", body, identity)
		}
	}
	for _, body := range []string{"", "null", "{}", `{"value":null}`, `{"value":{}}`, `{"id":"1"}`} {
		if page, err := decodePage([]byte(body)); err == nil {
			t.Errorf("page %q: got %+v", body, page)
		}
	}
}

func FuzzDecode_NeverPanics(f *testing.F) {
	f.Add([]byte(oneIdentity))
	f.Add([]byte(`{"value":[` + oneIdentity + `],"@odata.nextLink":"x"}`))
	f.Fuzz(func(_ *testing.T, payload []byte) {
		_, _ = decodeIdentity(payload)
		_, _ = decodePage(payload)
	})
}
