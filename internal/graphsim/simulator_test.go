package graphsim_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/intunetf/terraform-provider-intune/internal/graphsim"
)

const (
	root           = "https://graph.microsoft.com"
	collectionPath = "/beta/deviceManagement/importedDeviceIdentities"
	importPath     = collectionPath + "/importDeviceIdentityList"
	searchPath     = collectionPath + "/searchExistingIdentities"
)

// start is the instant at which every test clock starts.
func start() time.Time { return time.Date(2026, 5, 4, 10, 20, 30, 123456700, time.UTC) }

// simulator is a server with a bearer token and short ways to call it.
type simulator struct {
	*graphsim.Server
	t     *testing.T
	token string
}

func newSimulator(t *testing.T, opts graphsim.Options) *simulator {
	t.Helper()
	if opts.Now == nil {
		opts.Now = start
	}
	server, err := graphsim.New(opts)
	if err != nil {
		t.Fatal(err)
	}
	return &simulator{Server: server, t: t, token: server.Token()}
}

// field and documented are the profiles with adjusted knobs.
func field(t *testing.T, adjust func(*graphsim.Behaviour)) *simulator {
	t.Helper()
	return newSimulator(t, graphsim.Options{Behaviour: adjust})
}

func documented(t *testing.T, adjust func(*graphsim.Behaviour)) *simulator {
	t.Helper()
	return newSimulator(t, graphsim.Options{Profile: graphsim.ProfileDocumented, Behaviour: adjust})
}

// answer is a reply that has been read.
type answer struct {
	status int
	header http.Header
	text   string
	json   map[string]any
}

func (s *simulator) request(method, path, body string) *http.Request {
	s.t.Helper()
	var reader io.Reader
	if body != "" {
		reader = strings.NewReader(body)
	}
	req, err := http.NewRequestWithContext(s.t.Context(), method, root+path, reader)
	if err != nil {
		s.t.Fatal(err)
	}
	if s.token != "" {
		req.Header.Set("Authorization", "Bearer "+s.token)
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	return req
}

func (s *simulator) do(req *http.Request) answer {
	s.t.Helper()
	resp, err := s.Do(req)
	if err != nil {
		s.t.Fatalf("%s %s: %v", req.Method, req.URL, err)
	}
	return read(s.t, resp)
}

func read(t *testing.T, resp *http.Response) answer {
	t.Helper()
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	a := answer{status: resp.StatusCode, header: resp.Header, text: string(body)}
	if bytes.HasPrefix(body, []byte("{")) {
		// Truncated bodies are looked at as text.
		_ = json.Unmarshal(body, &a.json)
	}
	return a
}

func (s *simulator) call(method, path, body string) answer {
	s.t.Helper()
	return s.do(s.request(method, path, body))
}

// importRow imports one identity and returns its result.
func (s *simulator) importRow(identityType, identifier, rest string) map[string]any {
	s.t.Helper()
	a := s.call(http.MethodPost, importPath, importBody(false, row(identityType, identifier, rest)))
	if a.status != http.StatusOK {
		s.t.Fatalf("import %s: %d %s", identifier, a.status, a.text)
	}
	return a.rows(s.t)[0]
}

// row is one identity as JSON; rest is more members, starting with a comma.
func row(identityType, identifier, rest string) string {
	quoted, _ := json.Marshal(identifier) //nolint:errchkjson // a string
	return `{"importedDeviceIdentifier":` + string(quoted) + `,"importedDeviceIdentityType":"` + identityType + `"` + rest + `}`
}

func importBody(overwrite bool, rows ...string) string {
	flag := "false"
	if overwrite {
		flag = "true"
	}
	return `{"importedDeviceIdentities":[` + strings.Join(rows, ",") + `],"overwriteImportedDeviceIdentities":` + flag + `}`
}

// serial is the path of a serial number's identity.
func (s *simulator) pathOf(identityType, identifier string) string {
	s.t.Helper()
	identity, ok := s.Tenant().Find(identityType, identifier)
	if !ok {
		s.t.Fatalf("the tenant has no %s/%s", identityType, identifier)
	}
	return collectionPath + "/" + url.PathEscape(identity.ID)
}

func (a answer) rows(t *testing.T) []map[string]any {
	t.Helper()
	values, ok := a.json["value"].([]any)
	if !ok {
		t.Fatalf("no value array: %d %s", a.status, a.text)
	}
	rows := make([]map[string]any, 0, len(values))
	for _, value := range values {
		object, isObject := value.(map[string]any)
		if !isObject {
			t.Fatalf("a row is no object: %s", a.text)
		}
		rows = append(rows, object)
	}
	return rows
}

// identifiers are the importedDeviceIdentifier members of a list.
func (a answer) identifiers(t *testing.T) string {
	t.Helper()
	var names []string
	for _, r := range a.rows(t) {
		name, _ := r["importedDeviceIdentifier"].(string)
		names = append(names, name)
	}
	return strings.Join(names, " ")
}

// errorOf returns code and message of Graph's envelope.
func (a answer) errorOf(t *testing.T) (code, message string) {
	t.Helper()
	envelope, ok := a.json["error"].(map[string]any)
	if !ok {
		t.Fatalf("no error envelope: %d %s", a.status, a.text)
	}
	code, _ = envelope["code"].(string)
	message, _ = envelope["message"].(string)
	return code, message
}

// want checks the status, and the error's code when one is given.
func (a answer) want(t *testing.T, status int, code string) answer {
	t.Helper()
	if a.status != status {
		t.Fatalf("status %d, want %d: %s", a.status, status, a.text)
	}
	if code != "" {
		if got, _ := a.errorOf(t); got != code {
			t.Fatalf("code %q, want %q: %s", got, code, a.text)
		}
	}
	return a
}

// nested decodes the JSON inside an error's message.
func (a answer) nested(t *testing.T) string {
	t.Helper()
	_, message := a.errorOf(t)
	var inner struct {
		Version int `json:"_version"`
		Message string
	}
	if err := json.Unmarshal([]byte(message), &inner); err != nil || inner.Version != 3 {
		t.Fatalf("message is not nested: %q", message)
	}
	return inner.Message
}

func serials(names ...string) []graphsim.Identity {
	var identities []graphsim.Identity
	for _, name := range names {
		identities = append(identities, graphsim.Identity{
			ImportedDeviceIdentifier: name, ImportedDeviceIdentityType: "serialNumber",
		})
	}
	return identities
}

func equal[T comparable](t *testing.T, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s: %v, want %v", what, got, want)
	}
}

// clock is a service clock that a test moves.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func newClock() *clock { return &clock{at: start()} }

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}
