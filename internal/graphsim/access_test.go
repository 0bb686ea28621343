package graphsim_test

import (
	"encoding/base64"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/intunetf/terraform-provider-intune/internal/graphsim"
)

func TestBehaviour26_Tokens(t *testing.T) {
	t.Parallel()
	clock := newClock()
	sim := newSimulator(t, graphsim.Options{Now: clock.now})
	other := newSimulator(t, graphsim.Options{ClientSecret: "another key"})
	parts := strings.Split(sim.token, ".")
	elsewhere, err := graphsim.New(graphsim.Options{Now: clock.now})
	if err != nil {
		t.Fatal(err)
	}
	foreign := tokenFor(t, elsewhere, "https://graph.microsoft.us")
	good := sim.token
	for name, token := range map[string]string{
		"none": "", "no JWT": "secret", "another server's": other.token,
		"altered claims":    parts[0] + "." + base64.RawURLEncoding.EncodeToString([]byte(`{"tid":"x","exp":9999999999}`)) + "." + parts[2],
		"no signature":      parts[0] + "." + parts[1] + ".",
		"another cloud's":   foreign,
		"signature garbled": parts[0] + "." + parts[1] + ".***",
	} {
		sim.token = token
		a := sim.call(http.MethodGet, collectionPath, "").want(t, 401, "InvalidAuthenticationToken")
		if a.header.Get("WWW-Authenticate") == "" {
			t.Errorf("%s: no WWW-Authenticate", name)
		}
	}
	sim.token = good
	sim.call(http.MethodGet, collectionPath, "").want(t, 200, "")
	req := sim.request(http.MethodGet, collectionPath, "")
	req.Header.Set("Authorization", "Basic "+good)
	sim.do(req).want(t, 401, "InvalidAuthenticationToken")
	clock.advance(time.Hour)
	sim.call(http.MethodGet, collectionPath, "").want(t, 401, "InvalidAuthenticationToken")
}

func TestBehaviour26_Permissions(t *testing.T) {
	t.Parallel()
	sim := newSimulator(t, graphsim.Options{Seed: serials("A")})
	path := sim.pathOf("serialNumber", "A")
	body := importBody(false, row("serialNumber", "B", ""))
	sim.token = sim.Token(graphsim.PermissionRead)
	sim.get(collectionPath).want(t, 200, "")
	sim.get(collectionPath+"/$count").want(t, 200, "")
	sim.get(path).want(t, 200, "")
	sim.call(http.MethodDelete, path, "").want(t, 403, "Forbidden")
	a := sim.call(http.MethodPost, importPath, body).want(t, 403, "Forbidden")
	if want := "Application is not authorized to perform this operation. Application must have one of the following scopes: " +
		"DeviceManagementServiceConfig.ReadWrite.All - Operation ID"; !strings.HasPrefix(a.nested(t), want) {
		t.Errorf("message %q", a.nested(t))
	}
	sim.token = sim.Token("Directory.Read.All")
	sim.get(collectionPath).want(t, 403, "Forbidden")
	sim.token = sim.UserToken("openid "+graphsim.PermissionReadWrite, "04b07795-8ddb-461a-bbee-02f9e1bf7b46")
	sim.call(http.MethodPost, importPath, body).want(t, 200, "")

	nobody := newSimulator(t, graphsim.Options{Roles: []string{}})
	nobody.get(collectionPath).want(t, 403, "Forbidden")
	// The create page lists a second permission.
	create := documented(t, nil)
	create.token = create.Token(graphsim.PermissionConfiguration)
	create.call(http.MethodPost, collectionPath, row("serialNumber", "B", "")).want(t, 201, "")
}

func TestBehaviour27_Throttling(t *testing.T) {
	t.Parallel()
	clock := newClock()
	sim := newSimulator(t, graphsim.Options{Now: clock.now, RequestLimit: 3, WriteLimit: 1})
	body := importBody(false, row("serialNumber", "A", ""))
	sim.call(http.MethodPost, importPath, body).want(t, 200, "")
	clock.advance(5 * time.Second)

	a := sim.call(http.MethodPost, importPath, body).want(t, 429, "TooManyRequests")
	// The refused request counts as well: it has to leave the window too.
	equal(t, "Retry-After", a.header.Get("Retry-After"), "20")
	if _, message := a.errorOf(t); message != "Too many requests." {
		t.Errorf("message %q", message)
	}
	sim.get(collectionPath).want(t, 200, "") // reads have their own limit
	a = sim.get(collectionPath).want(t, 429, "TooManyRequests")
	equal(t, "second Retry-After", a.header.Get("Retry-After"), "")
	if _, message := a.errorOf(t); !strings.Contains(message, `"RetryAfter": null`) {
		t.Errorf("message %q", message)
	}
	clock.advance(20 * time.Second)
	sim.call(http.MethodPost, importPath, body).want(t, 200, "")
}

func TestBehaviour27_RetryAfterIsEnough(t *testing.T) {
	t.Parallel()
	clock := newClock()
	sim := newSimulator(t, graphsim.Options{Now: clock.now, WriteLimit: 3, Profile: graphsim.ProfileDocumented})
	body := importBody(false, row("serialNumber", "A", ""))
	for range 20 {
		a := sim.call(http.MethodPost, importPath, body)
		if a.status == http.StatusTooManyRequests {
			seconds, err := strconv.Atoi(a.header.Get("Retry-After"))
			if err != nil {
				t.Fatal(err)
			}
			clock.advance(time.Duration(seconds) * time.Second)
			sim.call(http.MethodPost, importPath, body).want(t, 200, "")
		}
		clock.advance(time.Second)
	}
}

func TestBehaviour29_Headers(t *testing.T) {
	t.Parallel()
	sim := field(t, nil)
	req := sim.request(http.MethodGet, collectionPath+"/nobody", "")
	req.Header.Set("client-request-id", "1b6c2a3e-0000-4000-8000-000000000001")
	a := sim.do(req).want(t, 404, "ResourceNotFound")
	equal(t, "client-request-id", a.header.Get("client-request-id"), "1b6c2a3e-0000-4000-8000-000000000001")
	equal(t, "Date", a.header.Get("Date"), "Mon, 04 May 2026 10:20:30 GMT")
	for _, name := range []string{"request-id", "x-ms-ags-diagnostic", "Strict-Transport-Security"} {
		if a.header.Get(name) == "" {
			t.Errorf("no %s", name)
		}
	}
	if !strings.Contains(a.nested(t), "Activity ID: 1b6c2a3e-0000-4000-8000-000000000001") {
		t.Errorf("message %q", a.nested(t))
	}
	own := sim.get(collectionPath)
	equal(t, "client-request-id of the service", own.header.Get("client-request-id"), own.header.Get("request-id"))
	if own.header.Get("request-id") == a.header.Get("request-id") {
		t.Error("two requests with one request-id")
	}
}

func TestBehaviour31_ErrorEnvelope(t *testing.T) {
	t.Parallel()
	sim := field(t, nil)
	a := sim.get("/v1.0/deviceManagement/importedDeviceIdentities").want(t, 400, "BadRequest")
	envelope, _ := a.json["error"].(map[string]any)
	inner, _ := envelope["innerError"].(map[string]any)
	equal(t, "members", len(envelope), 3)
	equal(t, "date", inner["date"], any("2026-05-04T10:20:30"))
	equal(t, "request-id", inner["request-id"], any(a.header.Get("request-id")))
	equal(t, "client-request-id", inner["client-request-id"], any(a.header.Get("client-request-id")))

	_, message := sim.get(collectionPath + "/nobody").errorOf(t)
	if !regexp.MustCompile(`^\{\r\n  "_version": 3,\r\n  "Message": "`).MatchString(message) {
		t.Errorf("message %q", message)
	}
}
