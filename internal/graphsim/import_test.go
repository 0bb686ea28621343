package graphsim_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/intunetf/terraform-provider-intune/internal/graphsim"
)

func TestBehaviour11_ImportAnswersPerRow(t *testing.T) {
	t.Parallel()
	clock := newClock()
	sim := newSimulator(t, graphsim.Options{Now: clock.now})
	sim.importRow("serialNumber", "A", `,"description":"first"`)
	created := clock.now().Format(time.RFC3339Nano)
	clock.advance(time.Minute)

	body := importBody(false, row("serialNumber", "B", ""), row("serialNumber", "A", `,"description":"second"`))
	rows := sim.call(http.MethodPost, importPath, body).want(t, 200, "").rows(t)
	equal(t, "new row", rows[0]["status"], any(true))
	equal(t, "order", rows[1]["importedDeviceIdentifier"], any("A"))
	equal(t, "existing row", rows[1]["status"], any(false))
	equal(t, "existing description", rows[1]["description"], any("first"))
	equal(t, "existing id", rows[1]["id"], any("AkE="))

	rows = sim.call(http.MethodPost, importPath, importBody(true, row("serialNumber", "A", `,"description":"second"`))).rows(t)
	equal(t, "overwritten row", rows[0]["status"], any(true))
	equal(t, "overwritten description", rows[0]["description"], any("second"))
	equal(t, "created", rows[0]["createdDateTime"], any(created))
	equal(t, "modified", rows[0]["lastModifiedDateTime"], any(clock.now().Format(time.RFC3339Nano)))
	if _, sent := rows[0]["@odata.type"]; sent {
		t.Error("rows repeat their declared type")
	}
}

func TestBehaviour11_Knobs(t *testing.T) {
	t.Parallel()
	sim := newSimulator(t, graphsim.Options{Seed: serials("OLD"), Behaviour: func(b *graphsim.Behaviour) {
		b.ImportReversed, b.OverwriteIgnored, b.EchoIdentifier = true, true, true
	}})
	a := sim.call(http.MethodPost, importPath, importBody(true, row("serialNumber", " OLD", `,"description":"x"`), row("serialNumber", "B", "")))
	equal(t, "reversed and echoed", a.identifiers(t), "B  OLD")
	equal(t, "status", a.rows(t)[1]["status"], any(true))
	equal(t, "ignored overwrite", a.rows(t)[1]["description"], nil)
}

func TestBehaviour11_ClearingADescription(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		knob                  graphsim.ClearedBy
		omissionClears        bool
		null, empty, omission string // what is left
	}{
		{graphsim.ClearedByBoth, false, "", "", "kept"},
		{graphsim.ClearedByNull, false, "", "kept", "kept"},
		{graphsim.ClearedByEmpty, false, "kept", "", "kept"},
		{graphsim.ClearedByNothing, false, "kept", "kept", "kept"},
		{graphsim.ClearedByBoth, true, "", "", ""},
	} {
		for sent, want := range map[string]string{`,"description":null`: c.null, `,"description":""`: c.empty, "": c.omission} {
			sim := field(t, func(b *graphsim.Behaviour) { b.ClearedBy, b.OmissionClears = c.knob, c.omissionClears })
			sim.importRow("serialNumber", "A", `,"description":"kept"`)
			sim.call(http.MethodPost, importPath, importBody(true, row("serialNumber", "A", sent))).want(t, 200, "")
			equal(t, fmt.Sprintf("%s/%s", c.knob, sent), sim.Tenant().Identities()[0].Description, want)
		}
	}
}

func TestBehaviour12_FailedRowCarriesAnUnknownID(t *testing.T) {
	t.Parallel()
	sim := field(t, func(b *graphsim.Behaviour) {
		b.FailRow = func(_, identifier string) bool { return identifier == "BAD" }
	})
	rows := sim.call(http.MethodPost, importPath, importBody(true, row("serialNumber", "BAD", ""), row("serialNumber", "GOOD", ""))).rows(t)
	equal(t, "bad row", rows[0]["status"], any(false))
	equal(t, "good row", rows[1]["status"], any(true))
	id, _ := rows[0]["id"].(string)
	if id == "" {
		t.Fatal("the failed row has no id")
	}
	sim.call(http.MethodGet, collectionPath+"/"+url.PathEscape(id), "").want(t, 404, "ResourceNotFound")
}

func TestBehaviour13_MalformedIdentifierRefusesTheCall(t *testing.T) {
	t.Parallel()
	sim := field(t, nil)
	bad := []string{
		row("imei", "12ab", ""), row("manufacturerModelSerial", "Dell,Latitude", ""), row("serialNumber", " ", ""),
		row("manufacturerModelSerial", "Dell,Latitude,---", ""), row("manufacturerModelSerial", `"Dell,Latitude,1`, ""),
		`{"importedDeviceIdentityType":"imei"}`, `{"importedDeviceIdentifier":"1"}`,
	}
	for _, body := range append([]string{strings.Join(bad, ",")}, bad...) {
		a := sim.call(http.MethodPost, importPath, importBody(false, row("serialNumber", "GOOD", ""), body)).want(t, 400, "BadRequest")
		count := 1
		if strings.Contains(body, "},{") {
			count = len(bad)
		}
		want := fmt.Sprintf("Invalid Device Identifier parameter found for %d import records! - Operation ID", count)
		if got := a.nested(t); !strings.HasPrefix(got, want) {
			t.Errorf("%s: message %q", body, got)
		}
	}
	equal(t, "identities", len(sim.Tenant().Identities()), 0)
}

func TestBehaviour13_MalformedRowFailsAlone(t *testing.T) {
	t.Parallel()
	sim := field(t, func(b *graphsim.Behaviour) { b.InvalidFailsRow = true })
	rows := sim.call(http.MethodPost, importPath, importBody(false, row("imei", "x", ""), row("imei", "1", ""))).want(t, 200, "").rows(t)
	equal(t, "bad row", rows[0]["status"], any(false))
	equal(t, "good row", rows[1]["status"], any(true))
	equal(t, "identities", len(sim.Tenant().Identities()), 1)
}

func TestBehaviour14_StrictAboutJSON(t *testing.T) {
	t.Parallel()
	sim := field(t, nil)
	for _, body := range []string{
		importBody(false, row("serial", "A", "")),
		importBody(false, row("serialNumber", "A", `,"platform":"tvos"`)),
		importBody(false, row("serialNumber", "A", `,"enrollmentState":"Enrolled"`)),
		importBody(false, row("serialNumber", "A", `,"platform":2`)),
		importBody(false, row("serialNumber", "A", `,"description":5`)),
		importBody(false, row("serialNumber", "A", `,"lastContactedDateTime":"yesterday"`)),
		importBody(false, row("serialNumber", "A", `,"serial_number":"x"`)),
		importBody(false, row("serialNumber", "A", `,"status":true`)),
		importBody(false, row("serialNumber", "A", `,"@odata.type":"#microsoft.graph.device"`)),
		importBody(false, `"A"`),
		`{"importedDeviceIdentities":` + row("serialNumber", "A", "") + `,"overwriteImportedDeviceIdentities":false}`,
		`{"importedDeviceIdentities":[` + row("serialNumber", "A", "") + `],"overwriteImportedDeviceIdentities":"false"}`,
		`{"importedDeviceIdentities":[],"overwrite":false}`,
		`{"overwriteImportedDeviceIdentities":false}`,
		`[` + row("serialNumber", "A", "") + `]`,
		importBody(false, row("serialNumber", "A", "")) + `{}`,
		`{`,
	} {
		sim.call(http.MethodPost, importPath, body).want(t, 400, "BadRequest")
	}
	req := sim.request(http.MethodPost, importPath, importBody(false))
	req.Header.Set("Content-Type", "text/plain")
	sim.do(req).want(t, 400, "BadRequest")
	equal(t, "identities", len(sim.Tenant().Identities()), 0)
	sim.importRow("serialNumber", "A", `,"@odata.type":"#microsoft.graph.importedDeviceIdentity"`)
}

func TestBehaviour15_LongDescription(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("é", 129)
	rest := `,"description":"` + long + `"`
	field(t, nil).call(http.MethodPost, importPath, importBody(false, row("serialNumber", "A", rest))).want(t, 400, "BadRequest")
	field(t, nil).importRow("serialNumber", "A", `,"description":"`+long[:256]+`"`)
	cut := field(t, func(b *graphsim.Behaviour) { b.LongDescription = graphsim.LongCut }).importRow("serialNumber", "A", rest)
	equal(t, "cut", cut["description"], any(long[:256]))
	whole := field(t, func(b *graphsim.Behaviour) { b.LongDescription = graphsim.LongAccepted }).importRow("serialNumber", "A", rest)
	equal(t, "accepted", whole["description"], any(long))
}

func TestBehaviour16_DuplicatesInAPayload(t *testing.T) {
	t.Parallel()
	body := importBody(true, row("serialNumber", "A", `,"description":"1"`), row("serialNumber", "A ", `,"description":"2"`))
	for knob, want := range map[graphsim.DuplicateRows]string{
		graphsim.DuplicateSecondFails: "true false 1", graphsim.DuplicateAccepted: "true true 2",
	} {
		sim := field(t, func(b *graphsim.Behaviour) { b.DuplicateRows = knob })
		rows := sim.call(http.MethodPost, importPath, body).want(t, 200, "").rows(t)
		got := fmt.Sprint(rows[0]["status"], " ", rows[1]["status"], " ", sim.Tenant().Identities()[0].Description)
		equal(t, string(knob), got, want)
	}
	field(t, func(b *graphsim.Behaviour) { b.DuplicateRows = graphsim.DuplicateRefused }).
		call(http.MethodPost, importPath, body).want(t, 400, "BadRequest")
}

func TestBehaviour17_Caps(t *testing.T) {
	t.Parallel()
	two := importBody(false, row("serialNumber", "B", ""), row("serialNumber", "C", ""))
	full := newSimulator(t, graphsim.Options{Seed: serials("A"), Behaviour: func(b *graphsim.Behaviour) { b.TenantLimit = 2 }})
	full.call(http.MethodPost, importPath, two).want(t, 400, "BadRequest")
	equal(t, "identities", len(full.Tenant().Identities()), 1)
	full.importRow("serialNumber", "B", "")
	equal(t, "existing row in a full tenant", full.importRow("serialNumber", "B", "")["status"], any(false))

	rows := field(t, func(b *graphsim.Behaviour) { b.RowsPerCall = 1 })
	rows.call(http.MethodPost, importPath, two).want(t, 413, "RequestEntityTooLarge")
	rows = field(t, func(b *graphsim.Behaviour) { b.RowsPerCall, b.RowsPerCallError = 1, 400 })
	rows.call(http.MethodPost, importPath, two).want(t, 400, "BadRequest")

	big := field(t, nil).call(http.MethodPost, importPath, strings.Repeat(" ", 4<<20)+two)
	big.want(t, 413, "RequestEntityTooLarge")
}

func TestBehaviour18_ChunkedBodyIsRefused(t *testing.T) {
	t.Parallel()
	for _, refuse := range []bool{true, false} {
		sim := field(t, func(b *graphsim.Behaviour) { b.RefuseChunked = refuse })
		req := sim.request(http.MethodPost, importPath, importBody(false, row("serialNumber", "A", "")))
		req.ContentLength = -1
		want := http.StatusOK
		if refuse {
			want = http.StatusBadRequest
		}
		a := sim.do(req).want(t, want, "")
		if refuse && !strings.Contains(a.nested(t), "00000000-0000-0000-0000-000000000000") {
			t.Errorf("message %q", a.nested(t))
		}
		equal(t, "journal", sim.Journal()[0].TransferEncoding[0], "chunked")
	}
}
