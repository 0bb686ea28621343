package main

import (
	"bytes"
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/intunetf/terraform-provider-intune/internal/graphsim"
)

// buffer may be read while the program writes.
type buffer struct {
	mu      sync.Mutex
	content bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.content.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.content.String()
}

// shell runs the program with an environment of its own.
type shell struct {
	t           *testing.T
	environment map[string]string
}

func (s *shell) run(args ...string) (code int, stdout, stderr string) {
	s.t.Helper()
	var out, errs buffer
	code = run(s.t.Context(), args, s.terminal(&out, &errs))
	return code, out.String(), errs.String()
}

func (s *shell) terminal(out, errs *buffer) terminal {
	return terminal{stdout: out, stderr: errs, getenv: func(name string) string { return s.environment[name] }}
}

// ok runs a command that must succeed.
func (s *shell) ok(args ...string) string {
	s.t.Helper()
	code, stdout, stderr := s.run(args...)
	if code != exitOK {
		s.t.Fatalf("graphsim %s: exit code %d: %s", strings.Join(args, " "), code, stderr)
	}
	return stdout
}

// tenant is a running "graphsim serve".
type tenant struct {
	shell
	out, errs buffer
	stop      func() int
}

// startTenant runs serve until it has written its settings, and takes them into the environment.
func startTenant(t *testing.T, environment map[string]string, args ...string) *tenant {
	t.Helper()
	settings := filepath.Join(t.TempDir(), "tenant.env")
	running := &tenant{shell: shell{t: t, environment: map[string]string{}}}
	maps.Copy(running.environment, environment)
	// The program reads its environment while the test fills in its own copy.
	startEnvironment := shell{t: t, environment: environment}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan int, 1)
	go func() {
		done <- run(ctx, append([]string{"serve", "-env-out", settings}, args...), startEnvironment.terminal(&running.out, &running.errs))
	}()
	running.stop = sync.OnceValue(func() int { cancel(); return <-done })
	t.Cleanup(func() { running.stop() })
	for {
		content, err := os.ReadFile(settings)
		if err == nil {
			running.export(string(content))
			return running
		}
		select {
		case code := <-done:
			t.Fatalf("serve ended with %d: %s", code, running.errs.String())
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// export reads the settings as a shell does.
func (s *tenant) export(lines string) {
	for line := range strings.Lines(lines) {
		assignment, ok := strings.CutPrefix(strings.TrimSpace(line), "export ")
		name, value, _ := strings.Cut(assignment, "=")
		if !ok {
			s.t.Errorf("settings line %q", line)
		}
		s.environment[name] = strings.ReplaceAll(strings.Trim(value, "'"), `'\''`, "'")
	}
}

// importSerial imports one serial number the way a client would: with the settings, a token and the action.
func (s *tenant) importSerial(serial string) {
	s.t.Helper()
	client, _, err := newAdminClient("test", nil, s.terminal(&buffer{}, &buffer{}))
	if err != nil {
		s.t.Fatal(err)
	}
	form := url.Values{
		"grant_type": {"client_credentials"}, "client_id": {s.environment["ARM_CLIENT_ID"]},
		"client_secret": {s.environment["ARM_CLIENT_SECRET"]}, "scope": {s.environment["ARM_MSGRAPH_ENDPOINT"] + "/.default"},
	}
	var token struct {
		AccessToken string `json:"access_token"`
	}
	authority := s.environment["ARM_ACTIVE_DIRECTORY_AUTHORITY_HOST"] + "/" + s.environment["ARM_TENANT_ID"] + "/oauth2/v2.0/token"
	s.post(client.http, authority, "application/x-www-form-urlencoded", "", form.Encode(), &token)
	body := `{"importedDeviceIdentities":[{"importedDeviceIdentityType":"serialNumber","importedDeviceIdentifier":"` + serial + `"}]}`
	address := client.url + "/beta/deviceManagement/importedDeviceIdentities/importDeviceIdentityList"
	s.post(client.http, address, "application/json", token.AccessToken, body, nil)
}

func (s *tenant) post(client *http.Client, address, contentType, token, body string, out any) {
	s.t.Helper()
	req, err := http.NewRequestWithContext(s.t.Context(), http.MethodPost, address, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	req.Header.Set("Content-Type", contentType)
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	resp, err := client.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		s.t.Fatalf("POST %s: %s", address, resp.Status)
	}
	if out != nil {
		if err := json.NewDecoder(resp.Body).Decode(out); err != nil {
			s.t.Fatal(err)
		}
	}
}

func TestServe_AndItsSubcommands(t *testing.T) {
	t.Parallel()
	state := filepath.Join(t.TempDir(), "state.json")
	running := startTenant(t, nil, "-state-file", state, "-ca-out", filepath.Join(t.TempDir(), "ca.pem"))
	if got := running.ok("identities"); got != "The tenant holds no identities.\n" {
		t.Errorf("identities of an empty tenant: %q", got)
	}
	running.importSerial("C02ABC123DEF")
	if got := running.ok("enroll", "serialNumber/C02ABC123DEF", "macOS"); got != "serialNumber/C02ABC123DEF is now enrolled as macOS.\n" {
		t.Errorf("enroll: %q", got)
	}
	table := strings.Split(running.ok("identities"), "\n")
	if want := "TYPE IDENTIFIER DESCRIPTION STATE PLATFORM LAST CONTACT ID"; strings.Join(strings.Fields(table[0]), " ") != want {
		t.Errorf("header %q", table[0])
	}
	if fields := strings.Fields(table[1]); fields[1] != "C02ABC123DEF" || fields[2] != "-" || fields[3] != "enrolled" || fields[4] != "macOS" {
		t.Errorf("row %q", table[1])
	}
	requests := running.ok("requests")
	for _, want := range []string{
		"POST    /{tenant}/oauth2/v2.0/token\n", "POST    /beta/deviceManagement/importedDeviceIdentities/importDeviceIdentityList\n",
	} {
		if !strings.Contains(requests, "1      "+want) {
			t.Errorf("requests without %q:\n%s", want, requests)
		}
	}
	running.ok("reset-requests")
	if got := running.ok("requests"); got != "No requests so far.\n" {
		t.Errorf("requests after reset: %q", got)
	}
	if code, _, stderr := running.run("enroll", "imei/1", "ios"); code != exitError || !strings.Contains(stderr, "the tenant has no imei/1") {
		t.Errorf("enroll of nothing: %d %q", code, stderr)
	}
	if code := running.stop(); code != exitOK {
		t.Errorf("exit code %d: %s", code, running.errs.String())
	}
	for _, want := range []string{
		`provider "intune" {`, `environment                = "custom"`, running.environment["GRAPHSIM_URL"], "Stopped.",
		"200  POST   /beta/deviceManagement/importedDeviceIdentities/importDeviceIdentityList",
	} {
		if !strings.Contains(running.out.String(), want) {
			t.Errorf("output without %q:\n%s", want, running.out.String())
		}
	}

	// The next run goes on where this one ended.
	again := startTenant(t, nil, "-state-file", state, "-quiet")
	if got := again.ok("identities"); !strings.Contains(got, "C02ABC123DEF") || !strings.Contains(got, "enrolled") {
		t.Errorf("after a restart: %q", got)
	}
}

func TestServe_Settings(t *testing.T) {
	t.Parallel()
	running := startTenant(t, map[string]string{secretVariable: "it's a secret"}, "-quiet", "-profile", "documented")
	for name, want := range map[string]string{
		"ARM_ENVIRONMENT": "custom", "ARM_MSGRAPH_ENDPOINT": running.environment["GRAPHSIM_URL"],
		"ARM_ACTIVE_DIRECTORY_AUTHORITY_HOST": running.environment["GRAPHSIM_URL"], "ARM_DISABLE_INSTANCE_DISCOVERY": "true",
		"INTUNE_CA_CERTIFICATE_PATH": running.environment["GRAPHSIM_CA"], "ARM_TENANT_ID": graphsim.DefaultTenantID,
		"ARM_CLIENT_ID": graphsim.DefaultClientID, "ARM_CLIENT_SECRET": "it's a secret",
	} {
		if got := running.environment[name]; got != want {
			t.Errorf("%s=%q, want %q", name, got, want)
		}
	}
	running.importSerial("A")
	running.stop()
	if out := running.out.String(); strings.Contains(out, "it's a secret") || strings.Contains(out, "POST") {
		t.Errorf("output with the secret, or not quiet:\n%s", out)
	}
	if _, err := os.Stat(running.environment["GRAPHSIM_CA"]); err == nil {
		t.Error("the temporary CA file is still there")
	}
}

func TestServe_Seed(t *testing.T) {
	t.Parallel()
	directory := t.TempDir()
	seed, state := filepath.Join(directory, "seed.json"), filepath.Join(directory, "state.json")
	content := `{"identities":[{"importedDeviceIdentityType":"imei","importedDeviceIdentifier":"355450075770212","description":"pool"}]}`
	if err := os.WriteFile(seed, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	running := startTenant(t, nil, "-quiet", "-seed", seed, "-state-file", state)
	if got := running.ok("identities"); !strings.Contains(got, "355450075770212") || !strings.Contains(got, "pool") {
		t.Errorf("identities: %q", got)
	}
	saved, err := readIdentities(state)
	if err != nil || len(saved) != 1 || saved[0].ID == "" {
		t.Errorf("state %+v, error %v", saved, err)
	}
}

func TestRun_Mistakes(t *testing.T) {
	t.Parallel()
	directory := t.TempDir()
	bad := filepath.Join(directory, "bad.json")
	if err := os.WriteFile(bad, []byte(`{"identites":[]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	for line, c := range map[string]struct {
		code int
		want string
	}{
		"help":                            {exitOK, ""},
		"-h":                              {exitOK, ""},
		"serve -h":                        {exitOK, "visible-after"},
		"fly":                             {exitUsage, `unknown command "fly"`},
		"-nonsense":                       {exitUsage, "not defined: -nonsense"},
		"serve extra":                     {exitUsage, "Usage: graphsim serve"},
		"serve -profile portal":           {exitError, `unknown profile "portal"`},
		"serve -listen 0.0.0.0:0":         {exitError, "only loopback addresses are allowed"},
		"serve -page-size -1":             {exitError, "cannot be negative"},
		"serve -seed " + bad:              {exitError, `unknown field "identites"`},
		"serve -seed " + bad + ".missing": {exitError, "no such file"},
		"serve -client-secret x":          {exitUsage, "not defined: -client-secret"},
		"identities":                      {exitError, "GRAPHSIM_URL and GRAPHSIM_CA"},
		"requests -url https://localhost:1 -ca " + bad: {exitError, "holds no certificate"},
		"enroll":                      {exitUsage, "Usage: graphsim enroll [flags] <type>/<identifier> <platform>"},
		"enroll -url x -ca y a/b ios": {exitError, "no such file"},
	} {
		s := shell{t: t}
		code, stdout, stderr := s.run(strings.Fields(line)...)
		if code != c.code || !strings.Contains(stderr, c.want) {
			t.Errorf("graphsim %s: exit code %d, want %d, stderr %q, want %q", line, code, c.code, stderr, c.want)
		}
		if (line == "help" || line == "-h") && !strings.Contains(stdout, "graphsim enroll") {
			t.Errorf("graphsim %s: %q", line, stdout)
		}
	}
}

func TestRequestLog_Lines(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 5, 4, 10, 20, 30, 0, time.UTC)
	var out bytes.Buffer
	log := requestLog{out: &out}
	for _, r := range []graphsim.Request{
		{Time: at, Status: 200, Method: "GET", RawPath: "/beta/x", Query: "$top=1"},
		{Time: at, Status: 204, Method: "DELETE", RawPath: "/beta/x/AkE%3D", Batch: true},
		{Time: at, Method: "POST", RawPath: "/beta/x"},
	} {
		log.line(r)
	}
	want := "10:20:30  200  GET    /beta/x?$top=1\n10:20:30  204    in $batch: DELETE /beta/x/AkE%3D\n10:20:30  ---  POST   /beta/x\n"
	if out.String() != want {
		t.Errorf("log\n%s, want\n%s", out.String(), want)
	}
}
