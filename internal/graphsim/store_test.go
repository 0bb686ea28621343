package graphsim_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/intunetf/terraform-provider-intune/internal/graphsim"
)

func TestBehaviour06_KeyAndID(t *testing.T) {
	t.Parallel()
	sim := field(t, nil)
	// The one id seen in the field, and two that follow from it (field notes §2.3).
	for _, c := range []struct{ identityType, identifier, id string }{
		{"serialNumber", "ZFLD72GKPQ", "AlpGTEQ3MkdLUFE="},
		{"imei", "355450075770212", "ATM1NTQ1MDA3NTc3MDIxMg=="},
		{
			"manufacturerModelSerial", "Microsoft Corporation,Virtual Machine,7801-5131-4473-3387-5637-4002-18",
			"A01JQ1JPU09GVENPUlBPUkFUSU9OLFZJUlRVQUxNQUNISU5FLDc4MDE1MTMxNDQ3MzMzODc1NjM3NDAwMjE4",
		},
		{"imei", "2", "ATI="},
		{"serialNumber", "2", "AjI="}, // the type is part of the key
	} {
		result := sim.importRow(c.identityType, c.identifier, "")
		equal(t, c.identifier+" id", result["id"], any(c.id))
		equal(t, c.identifier+" status", result["status"], any(true))
	}
	sim.call(http.MethodDelete, collectionPath+"/AlpGTEQ3MkdLUFE%3D", "").want(t, 204, "")
	equal(t, "id after delete and re-import", sim.importRow("serialNumber", "ZFLD72GKPQ", "")["id"], any("AlpGTEQ3MkdLUFE="))
}

func TestBehaviour07_Normalisation(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, identityType, sent, stored string
		adjust                           func(*graphsim.Behaviour)
	}{
		{
			"mms", "manufacturerModelSerial", "Microsoft Corporation,Virtual Machine,7801-5131-4473",
			"MICROSOFTCORPORATION,VIRTUALMACHINE,780151314473", nil,
		},
		{"mms quoted comma", "manufacturerModelSerial", `"Dell, Inc.","Latitude_5440", abc.1`, "DELLINC,LATITUDE5440,ABC1", nil},
		{"serial is trimmed", "serialNumber", "  c02-Abc ", "c02-Abc", nil},
		{"serial upper", "serialNumber", "c02-Abc", "C02-ABC", func(b *graphsim.Behaviour) { b.SerialForm = graphsim.SerialUpper }},
		{"serial stripped", "serialNumber", "c02-Abc", "C02ABC", func(b *graphsim.Behaviour) { b.SerialForm = graphsim.SerialStripped }},
		{"imei is trimmed", "imei", " 666 ", "666", nil},
		{
			"imei 15 digits", "imei", "355450075770212", "355450075770212",
			func(b *graphsim.Behaviour) { b.IMEILengthChecked = true },
		},
		{"unknown is trimmed", "unknown", " Any thing ", "Any thing", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			sim := field(t, c.adjust)
			equal(t, "stored", sim.importRow(c.identityType, c.sent, "")["importedDeviceIdentifier"], any(c.stored))
			equal(t, "again", sim.importRow(c.identityType, c.sent, "")["status"], any(false))
			equal(t, "spelled as stored", sim.importRow(c.identityType, c.stored, "")["status"], any(false))
		})
	}
}

func TestBehaviour07_IMEILength(t *testing.T) {
	t.Parallel()
	sim := field(t, func(b *graphsim.Behaviour) { b.IMEILengthChecked = true })
	for _, imei := range []string{"666", "12345678901234567"} {
		sim.call(http.MethodPost, importPath, importBody(false, row("imei", imei, ""))).want(t, 400, "BadRequest")
	}
}

func TestBehaviour08_ManufacturerModelSerialStoredRaw(t *testing.T) {
	t.Parallel()
	sim := field(t, func(b *graphsim.Behaviour) { b.NormaliseMMS = false })
	raw := `"Dell, Inc.",Latitude 5440,ab-1`
	equal(t, "stored", sim.importRow("manufacturerModelSerial", raw, "")["importedDeviceIdentifier"], any(raw))
	sim.call(http.MethodPost, importPath, importBody(false, row("manufacturerModelSerial", "only,two", ""))).want(t, 400, "BadRequest")
}

func TestBehaviour09_ServerOwnedProperties(t *testing.T) {
	t.Parallel()
	sent := `,"id":"mine","platform":"ios","enrollmentState":"enrolled","createdDateTime":"2001-01-01T00:00:00Z",` +
		`"lastModifiedDateTime":"2001-01-01T00:00:00Z","lastContactedDateTime":"2016-12-31T23:58:44.2908994-08:00"`
	result := field(t, nil).importRow("serialNumber", "C02", sent)
	now := "2026-05-04T10:20:30.1234567Z"
	for name, want := range map[string]any{
		"id": "AkMwMg==", "platform": "unknown", "enrollmentState": "notContacted", "createdDateTime": now,
		"lastModifiedDateTime": now, "lastContactedDateTime": "0001-01-01T00:00:00Z", "description": nil,
	} {
		equal(t, name, result[name], want)
	}
	kept := field(t, func(b *graphsim.Behaviour) { b.KeepSentPlatform = true }).importRow("serialNumber", "C02", sent)
	equal(t, "kept platform", kept["platform"], any("ios"))
	equal(t, "state beside a kept platform", kept["enrollmentState"], any("notContacted"))
}

func TestBehaviour10_DeviceEnrols(t *testing.T) {
	t.Parallel()
	sim := newSimulator(t, graphsim.Options{Seed: serials("C02", "C03")})
	equal(t, "found", sim.Tenant().MarkEnrolled("serialNumber", "C02", "macOS"), true)
	a := sim.call(http.MethodGet, sim.pathOf("serialNumber", "C02"), "").want(t, 200, "")
	equal(t, "state", a.json["enrollmentState"], any("enrolled"))
	equal(t, "platform", a.json["platform"], any("macOS"))
	equal(t, "contact", a.json["lastContactedDateTime"], any("2026-05-04T10:20:30.1234567Z"))
	for _, state := range []string{"failed", "blocked"} {
		equal(t, "found", sim.Tenant().MarkState("serialNumber", "C03", state), true)
		a := sim.call(http.MethodGet, sim.pathOf("serialNumber", "C03"), "").want(t, 200, "")
		equal(t, "state", a.json["enrollmentState"], any(state))
	}
	equal(t, "not found", sim.Tenant().MarkEnrolled("imei", "C02", "ios"), false)
	sim.call(http.MethodDelete, sim.pathOf("serialNumber", "C02"), "").want(t, 204, "")
}

func TestBehaviour25_EventualConsistency(t *testing.T) {
	t.Parallel()
	clock := newClock()
	sim := newSimulator(t, graphsim.Options{Now: clock.now, VisibleAfter: 5 * time.Second, Seed: serials("OLD")})
	sim.token = sim.Token()
	sim.importRow("serialNumber", "NEW", "")
	newPath, oldPath := sim.pathOf("serialNumber", "NEW"), sim.pathOf("serialNumber", "OLD")
	sim.call(http.MethodDelete, oldPath, "").want(t, 204, "")

	equal(t, "list at once", sim.call(http.MethodGet, collectionPath, "").identifiers(t), "OLD")
	equal(t, "count at once", sim.call(http.MethodGet, collectionPath+"/$count", "").text, "1")
	sim.call(http.MethodGet, newPath, "").want(t, 404, "ResourceNotFound")
	sim.call(http.MethodGet, oldPath, "").want(t, 200, "")
	// Writes act on the truth.
	sim.call(http.MethodDelete, oldPath, "").want(t, 400, "BadRequest")
	equal(t, "import again", sim.importRow("serialNumber", "NEW", "")["status"], any(false))
	found := sim.call(http.MethodPost, searchPath, `{"importedDeviceIdentities":[`+row("serialNumber", "NEW", "")+`]}`)
	equal(t, "search at once", found.identifiers(t), "NEW")

	clock.advance(5 * time.Second)
	equal(t, "list later", sim.call(http.MethodGet, collectionPath, "").identifiers(t), "NEW")
	sim.call(http.MethodGet, newPath, "").want(t, 200, "")
	sim.call(http.MethodGet, oldPath, "").want(t, 404, "ResourceNotFound")
}

func TestBehaviour25_LateUpdatesAndSearch(t *testing.T) {
	t.Parallel()
	clock := newClock()
	sim := newSimulator(t, graphsim.Options{
		Now: clock.now, VisibleAfter: 5 * time.Second, Seed: serials("OLD"),
		Behaviour: func(b *graphsim.Behaviour) { b.UpdatesLag, b.SearchLags = true, true },
	})
	sim.call(http.MethodPost, importPath, importBody(true, row("serialNumber", "OLD", `,"description":"new"`))).want(t, 200, "")
	sim.importRow("serialNumber", "NEW", "")
	search := `{"importedDeviceIdentities":[` + row("serialNumber", "NEW", "") + `]}`
	path := sim.pathOf("serialNumber", "OLD")
	equal(t, "description at once", sim.call(http.MethodGet, path, "").json["description"], nil)
	equal(t, "search at once", sim.call(http.MethodPost, searchPath, search).identifiers(t), "")
	clock.advance(5 * time.Second)
	equal(t, "description later", sim.call(http.MethodGet, path, "").json["description"], any("new"))
	equal(t, "search later", sim.call(http.MethodPost, searchPath, search).identifiers(t), "NEW")
}

func TestTenant_SeedsAreKeptAsTheyAre(t *testing.T) {
	t.Parallel()
	sim := newSimulator(t, graphsim.Options{Seed: []graphsim.Identity{{
		ImportedDeviceIdentifier: "Dell Inc.,Latitude,x-1", ImportedDeviceIdentityType: "manufacturerModelSerial", Description: "d",
	}}})
	identities := sim.Tenant().Identities()
	equal(t, "identifier", identities[0].ImportedDeviceIdentifier, "Dell Inc.,Latitude,x-1")
	equal(t, "state", identities[0].EnrollmentState, "notContacted")
	equal(t, "created", identities[0].CreatedDateTime, start())
	identities[0].Description = "changed copy"
	if again, _ := sim.Tenant().Find("manufacturerModelSerial", "DELLINC,LATITUDE,X1"); again.Description != "d" {
		t.Errorf("the tenant handed out its own identity: %+v", again)
	}
	sim.Tenant().Seed(graphsim.Identity{
		ImportedDeviceIdentifier: "dell inc,latitude,x1", ImportedDeviceIdentityType: "manufacturerModelSerial",
	})
	equal(t, "identities after replacing", len(sim.Tenant().Identities()), 1)
	equal(t, "removed", sim.Tenant().Remove("manufacturerModelSerial", "DELLINC,LATITUDE,X1"), true)
	equal(t, "removed twice", sim.Tenant().Remove("manufacturerModelSerial", "DELLINC,LATITUDE,X1"), false)
}

func TestTenant_UpdateOfTheKey(t *testing.T) {
	t.Parallel()
	sim := newSimulator(t, graphsim.Options{Seed: serials("A", "B")})
	sim.Tenant().Update("serialNumber", "A", func(i *graphsim.Identity) { i.ImportedDeviceIdentifier = "C" })
	if _, ok := sim.Tenant().Find("serialNumber", "A"); ok {
		t.Error("found under the old identifier")
	}
	equal(t, "list", sim.call(http.MethodGet, collectionPath, "").identifiers(t), "C B")
}

func TestNew_RefusesWhatMakesNoSense(t *testing.T) {
	t.Parallel()
	for want, opts := range map[string]graphsim.Options{
		"unknown profile":                    {Profile: "portal"},
		"cannot be negative":                 {RequestLimit: -1},
		"page size 0":                        {Behaviour: func(b *graphsim.Behaviour) { b.PageSize = 0 }},
		"the same type and identifier twice": {Seed: serials("A", " A ")},
		"unknown importedDeviceIdentityType": {Seed: []graphsim.Identity{{ImportedDeviceIdentifier: "A"}}},
		"no importedDeviceIdentifier":        {Seed: serials("")},
	} {
		if _, err := graphsim.New(opts); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one with %q", err, want)
		}
	}
}
