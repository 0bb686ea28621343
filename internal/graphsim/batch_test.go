package graphsim_test

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/intunetf/terraform-provider-intune/internal/graphsim"
)

const batchPath = "/beta/$batch"

func item(id, method, path, rest string) string {
	return fmt.Sprintf(`{"id":%q,"method":%q,"url":%q%s}`, id, method, path, rest)
}

// batch sends items and returns the answers by id.
func (s *simulator) batch(items ...string) map[string]map[string]any {
	s.t.Helper()
	a := s.call(http.MethodPost, batchPath, `{"requests":[`+strings.Join(items, ",")+`]}`).want(s.t, 200, "")
	responses, _ := a.json["responses"].([]any)
	byID := map[string]map[string]any{}
	for _, response := range responses {
		object, _ := response.(map[string]any)
		id, _ := object["id"].(string)
		byID[id] = object
	}
	if len(byID) != len(items) {
		s.t.Fatalf("%d answers to %d items: %s", len(byID), len(items), a.text)
	}
	return byID
}

func relative(path string) string { return strings.TrimPrefix(path, "/beta") }

func TestBehaviour30_Batch(t *testing.T) {
	t.Parallel()
	sim := newSimulator(t, graphsim.Options{Seed: serials("A", "B")})
	pathA, pathB := relative(sim.pathOf("serialNumber", "A")), relative(sim.pathOf("serialNumber", "B"))
	list := relative(collectionPath)
	answers := sim.batch(
		item("1", "DELETE", pathA, ""),
		item("2", "DELETE", strings.TrimPrefix(pathA, "/"), ""),
		item("3", "GET", pathB, `,"headers":{"client-request-id":"mine"}`),
		item("4", "POST", list+"/importDeviceIdentityList", `,"headers":{"Content-Type":"application/json"},"body":`+
			importBody(false, row("serialNumber", "C", ""))),
		item("5", "GET", list+"/$count", ""),
		item("6", "GET", "/deviceManagement/managedDevices", ""),
		item("7", "POST", "/$batch", `,"headers":{"Content-Type":"application/json"},"body":{"requests":[]}`),
	)
	for id, status := range map[string]float64{"1": 204, "2": 400, "3": 200, "4": 200, "5": 200, "6": 501, "7": 501} {
		equal(t, "item "+id, answers[id]["status"], any(status))
	}
	if body, sent := answers["1"]["body"]; body != nil || !sent {
		t.Errorf("body of a delete: %v", body)
	}
	headers, _ := answers["3"]["headers"].(map[string]any)
	equal(t, "item's client-request-id", headers["Client-Request-Id"], any("mine"))
	equal(t, "text", answers["5"]["body"], any(base64.StdEncoding.EncodeToString([]byte("2"))))
	journal := sim.Journal()
	equal(t, "entries", len(journal), 8)
	equal(t, "outer", journal[0].Operation, graphsim.OpBatch)
	equal(t, "item", journal[1].Operation, graphsim.OpDelete)
	equal(t, "in batch", journal[1].Batch && journal[1].HasAuthorization && !journal[0].Batch, true)
}

func TestBehaviour30_BatchOrder(t *testing.T) {
	t.Parallel()
	for reversed, want := range map[bool]string{true: "b", false: "a"} {
		sim := field(t, func(b *graphsim.Behaviour) { b.BatchReversed = reversed })
		body := `{"requests":[` + item("a", "GET", relative(collectionPath), "") + `,` + item("b", "GET", relative(collectionPath), "") + `]}`
		responses, _ := sim.call(http.MethodPost, batchPath, body).want(t, 200, "").json["responses"].([]any)
		first, _ := responses[0].(map[string]any)
		equal(t, "first", first["id"], any(want))
	}
}

func TestBehaviour30_MalformedBatch(t *testing.T) {
	t.Parallel()
	sim := field(t, nil)
	list := relative(collectionPath)
	many := make([]string, 21)
	for i := range many {
		many[i] = item(fmt.Sprint(i), "GET", list, "")
	}
	sim.call(http.MethodPost, batchPath, `{"requests":[`+strings.Join(many, ",")+`]}`).want(t, 400, "MaximumValueExceeded")
	sim.batch(many[:20]...)
	for _, items := range []string{
		"", "1", item("a", "GET", list, "") + "," + item("A", "GET", list, ""), item("", "GET", list, ""), item("a", "", list, ""),
		item("a", "GET", "", ""), item("a", "GET", root+list, ""), item("a", "GET", list, `,"extra":1`),
		item("a", "POST", list, `,"body":{}`), item("a", "POST", list, `,"headers":{"Content-Type":"application/json"}`),
		item("a", "GET", list, `,"dependsOn":["b"]`), item("a", "GET", list, `,"dependsOn":"b"`), item("a", "GET", list, `,"headers":{"a":1}`),
	} {
		sim.call(http.MethodPost, batchPath, `{"requests":[`+items+`]}`).want(t, 400, "BadRequest")
	}
	sim.call(http.MethodPost, batchPath, `{}`).want(t, 400, "BadRequest")
}

func TestBehaviour30_Dependencies(t *testing.T) {
	t.Parallel()
	sim := newSimulator(t, graphsim.Options{Seed: serials("A")})
	pathA := relative(sim.pathOf("serialNumber", "A"))
	answers := sim.batch(
		item("1", "GET", relative(collectionPath)+"/nobody", ""),
		item("2", "DELETE", pathA, `,"dependsOn":["1"]`),
		item("3", "GET", pathA, `,"dependsOn":["2"]`),
		item("4", "GET", pathA, ""),
		item("5", "GET", pathA, `,"dependsOn":["4"]`),
	)
	for id, status := range map[string]float64{"1": 404, "2": 424, "3": 424, "4": 200, "5": 200} {
		equal(t, "item "+id, answers[id]["status"], any(status))
	}
	equal(t, "identities", len(sim.Tenant().Identities()), 1)
}

func TestBehaviour30_FaultsAndLimitsPerItem(t *testing.T) {
	t.Parallel()
	sim := newSimulator(t, graphsim.Options{Seed: serials("A", "B", "C", "D"), WriteLimit: 3})
	sim.Inject(
		graphsim.Fault{Operation: graphsim.OpDelete, Skip: 1, Status: 429, RetryAfter: "7"},
		graphsim.Fault{Operation: graphsim.OpDelete, Skip: 2, Drop: true, AfterEffect: true},
	)
	var items []string
	for _, name := range []string{"A", "B", "C", "D"} {
		items = append(items, item(name, "DELETE", relative(sim.pathOf("serialNumber", name)), ""))
	}
	answers := sim.batch(items...)
	for id, status := range map[string]float64{"A": 204, "B": 429, "C": 504, "D": 204} {
		equal(t, "item "+id, answers[id]["status"], any(status))
	}
	headers, _ := answers["B"]["headers"].(map[string]any)
	equal(t, "item's Retry-After", headers["Retry-After"], any("7"))
	equal(t, "left", sim.get(collectionPath).identifiers(t), "B")
	// Three deletes were counted; the batch itself was not.
	again := sim.batch(item("B", "DELETE", relative(sim.pathOf("serialNumber", "B")), ""))
	equal(t, "over the limit", again["B"]["status"], any(429.0))
}

func TestBatch_NextLinkAndUnauthorized(t *testing.T) {
	t.Parallel()
	sim := newSimulator(t, graphsim.Options{PageSize: 1, Seed: serials("A", "B")})
	body, _ := sim.batch(item("1", "GET", relative(collectionPath)+"?"+url.QueryEscape("$select")+"=id", ""))["1"]["body"].(map[string]any)
	next, _ := body["@odata.nextLink"].(string)
	if !strings.HasPrefix(next, root+collectionPath+"?$select=id&$skiptoken=") {
		t.Errorf("nextLink %q", next)
	}
	sim.token = ""
	sim.call(http.MethodPost, batchPath, `{"requests":[]}`).want(t, 401, "InvalidAuthenticationToken")
}
