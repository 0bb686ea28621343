package graphsim_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/intunetf/terraform-provider-intune/internal/graphsim"
)

// documentedCreate is the request body of the create page of importedDeviceIdentityResult.
const documentedCreate = `{
  "@odata.type": "#microsoft.graph.importedDeviceIdentityResult",
  "importedDeviceIdentifier": "Imported Device Identifier value",
  "importedDeviceIdentityType": "imei",
  "lastContactedDateTime": "2016-12-31T23:58:44.2908994-08:00",
  "description": "Description value",
  "enrollmentState": "enrolled",
  "platform": "ios",
  "status": true
}`

func TestDocumented_CreateExampleOfTheReference(t *testing.T) {
	t.Parallel()
	sim := newSimulator(t, graphsim.Options{
		Profile: graphsim.ProfileDocumented, NewID: func() string { return "9dfd3690-3690-9dfd-9036-fd9d9036fd9d" },
		Behaviour: func(b *graphsim.Behaviour) { b.DateZone = time.FixedZone("", -8*60*60) },
	})
	a := sim.call(http.MethodPost, collectionPath, documentedCreate).want(t, 201, "")
	for name, want := range map[string]any{
		"@odata.type":                "#microsoft.graph.importedDeviceIdentityResult",
		"id":                         "9dfd3690-3690-9dfd-9036-fd9d9036fd9d",
		"importedDeviceIdentifier":   "Imported Device Identifier value",
		"importedDeviceIdentityType": "imei",
		"lastModifiedDateTime":       "2026-05-04T02:20:30.1234567-08:00",
		"createdDateTime":            "2026-05-04T02:20:30.1234567-08:00",
		"lastContactedDateTime":      "2016-12-31T23:58:44.2908994-08:00",
		"description":                "Description value",
		"enrollmentState":            "enrolled",
		"platform":                   "ios",
		"status":                     true,
	} {
		equal(t, name, a.json[name], want)
	}
	one := sim.get(collectionPath+"/9dfd3690-3690-9dfd-9036-fd9d9036fd9d").want(t, 200, "")
	equal(t, "status on get", one.json["status"], any(true))
	if status, sent := sim.get(collectionPath).rows(t)[0]["status"]; sent {
		t.Errorf("the list shows a status: %v", status)
	}
}

func TestDocumented_StatusFalseIsEchoed(t *testing.T) {
	t.Parallel()
	sim := documented(t, nil)
	body := row("serialNumber", "A", `,"@odata.type":"#microsoft.graph.importedDeviceIdentityResult","status":false`)
	equal(t, "status", sim.call(http.MethodPost, collectionPath, body).want(t, 201, "").json["status"], any(false))
	// The base type has no status.
	sim.call(http.MethodPost, collectionPath, row("serialNumber", "B", `,"status":true`)).want(t, 400, "BadRequest")
	wrong := row("serialNumber", "B", `,"@odata.type":"microsoft.graph.importedDeviceIdentityResult","status":"true"`)
	sim.call(http.MethodPost, collectionPath, wrong).want(t, 400, "BadRequest")
}

func TestDocumented_CreateOfAnExistingIdentity(t *testing.T) {
	t.Parallel()
	for knob, status := range map[graphsim.CreateExisting]int{
		graphsim.ExistingConflict: 409, graphsim.ExistingBadRequest: 400, graphsim.ExistingStatusFalse: 201,
	} {
		sim := documented(t, func(b *graphsim.Behaviour) { b.CreateExisting = knob })
		first := sim.call(http.MethodPost, collectionPath, row("serialNumber", "A", `,"description":"first"`)).want(t, 201, "")
		second := sim.call(http.MethodPost, collectionPath, row("serialNumber", "A", `,"description":"second"`)).want(t, status, "")
		if status == http.StatusCreated {
			equal(t, "id", second.json["id"], first.json["id"])
			equal(t, "status", second.json["status"], any(false))
			equal(t, "description", second.json["description"], any("first"))
		}
		equal(t, "identities", len(sim.Tenant().Identities()), 1)
	}
}

func TestDocumented_Patch(t *testing.T) {
	t.Parallel()
	clock := newClock()
	sim := newSimulator(t, graphsim.Options{Profile: graphsim.ProfileDocumented, Now: clock.now, Seed: serials("A", "B")})
	path := sim.pathOf("serialNumber", "A")
	clock.advance(time.Minute)
	a := sim.call(http.MethodPatch, path, `{"description":"new"}`).want(t, 200, "")
	equal(t, "description", a.json["description"], any("new"))
	equal(t, "modified", a.json["lastModifiedDateTime"], any("2026-05-04T10:21:30.1234567Z"))
	equal(t, "created", a.json["createdDateTime"], any("2026-05-04T10:20:30.1234567Z"))

	body := `{"@odata.type":"#microsoft.graph.importedDeviceIdentityResult","platform":"android","enrollmentState":"failed",` +
		`"lastContactedDateTime":"2020-01-01T00:00:00+01:00","status":false,"importedDeviceIdentifier":"C"}`
	a = sim.call(http.MethodPatch, path, body).want(t, 200, "")
	for name, want := range map[string]any{
		"platform": "android", "enrollmentState": "failed", "lastContactedDateTime": "2020-01-01T00:00:00+01:00",
		"status": false, "importedDeviceIdentifier": "C", "description": "new",
	} {
		equal(t, name, a.json[name], want)
	}
	sim.call(http.MethodPatch, path, `{"importedDeviceIdentifier":"B"}`).want(t, 409, "Conflict")
	sim.call(http.MethodPatch, path, `{"importedDeviceIdentifier":" "}`).want(t, 400, "BadRequest")
	sim.call(http.MethodPatch, path, `{"description":""}`).want(t, 200, "")
	stored, _ := sim.Tenant().Find("serialNumber", "C")
	equal(t, "cleared", stored.Description, "")
	equal(t, "no description", sim.get(path).json["description"], any(""))
}

func TestDocumented_PatchKnobs(t *testing.T) {
	t.Parallel()
	for answer, want := range map[graphsim.RouteAnswer]int{graphsim.RouteWorks: 200, graphsim.RouteLostReply: 500} {
		for _, ignored := range []bool{false, true} {
			sim := newSimulator(t, graphsim.Options{
				Profile: graphsim.ProfileDocumented, Seed: serials("A"),
				Behaviour: func(b *graphsim.Behaviour) { b.PatchRoute, b.PatchIgnored, b.PatchAll = answer, ignored, false },
			})
			sim.call(http.MethodPatch, sim.pathOf("serialNumber", "A"), `{"description":"new","platform":"ios"}`).want(t, want, "")
			stored := sim.Tenant().Identities()[0]
			equal(t, "changed", stored.Description == "new", !ignored)
			equal(t, "platform", stored.Platform, "unknown")
		}
	}
}

func TestDocumented_GetWrapped(t *testing.T) {
	t.Parallel()
	sim := newSimulator(t, graphsim.Options{
		Profile: graphsim.ProfileDocumented, Seed: serials("A"), Behaviour: func(b *graphsim.Behaviour) { b.GetWrapped = true },
	})
	value, _ := sim.get(sim.pathOf("serialNumber", "A")).json["value"].(map[string]any)
	equal(t, "identifier", value["importedDeviceIdentifier"], any("A"))
}

func TestDocumented_CreateChecks(t *testing.T) {
	t.Parallel()
	sim := documented(t, func(b *graphsim.Behaviour) { b.TenantLimit = 1 })
	sim.call(http.MethodPost, collectionPath, `{"importedDeviceIdentityType":"imei"}`).want(t, 400, "BadRequest")
	sim.call(http.MethodPost, collectionPath, `{"importedDeviceIdentifier":"A"}`).want(t, 400, "BadRequest")
	sim.call(http.MethodPost, collectionPath, row("serialNumber", "A", "")).want(t, 201, "")
	sim.call(http.MethodPost, collectionPath, row("serialNumber", "B", "")).want(t, 400, "BadRequest")
	checked := documented(t, func(b *graphsim.Behaviour) { b.CheckIdentifiers = true })
	checked.call(http.MethodPost, collectionPath, documentedCreate).want(t, 400, "BadRequest")
}

func TestDocumented_ImportKeepsWhatWasSent(t *testing.T) {
	t.Parallel()
	sim := documented(t, nil)
	result := sim.importRow("serialNumber", "a-1", `,"platform":"visionOS","enrollmentState":"blocked"`)
	equal(t, "identifier", result["importedDeviceIdentifier"], any("a-1"))
	equal(t, "platform", result["platform"], any("visionOS"))
	equal(t, "state", result["enrollmentState"], any("blocked"))
	equal(t, "status", result["status"], any(true))
	one := sim.get(sim.pathOf("serialNumber", "a-1"))
	if status, sent := one.json["status"]; sent {
		t.Errorf("get of an imported identity shows a status: %v", status)
	}
}
