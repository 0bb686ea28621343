package graphsim_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/intunetf/terraform-provider-intune/internal/graphsim"
)

// FuzzHandlers sends any body to any route: the answer is always a well-formed one of a status that Graph knows, and an
// error always has an envelope.
func FuzzHandlers(f *testing.F) {
	for _, body := range []string{
		"", "{}", "[]", "null", documentedCreate, importBody(true, row("imei", "1", "")), `{"importedDeviceIdentities":null}`,
		`{"requests":[{"id":"1","method":"GET","url":"deviceManagement/importedDeviceIdentities"}]}`,
		`{"requests":[{"id":"1","method":"POST","url":"/$batch","headers":{"Content-Type":"application/json"},"body":{}}]}`,
		importBody(false, row("manufacturerModelSerial", "\"a\"b,c\n,", "")), "grant_type=client_credentials&client_assertion=a.b.c",
	} {
		f.Add(http.MethodPost, importPath, body)
		f.Add(http.MethodPost, searchPath, body)
		f.Add(http.MethodPost, collectionPath, body)
		f.Add(http.MethodPatch, collectionPath+"/AkE%3D", body)
		f.Add(http.MethodPost, batchPath, body)
		f.Add(http.MethodPost, "/"+graphsim.DefaultTenantID+"/oauth2/v2.0/token", body)
	}
	f.Add(http.MethodGet, collectionPath+"('%27%27')?$top=1&$skiptoken=cDow", "")
	f.Add(http.MethodPost, "/_graphsim/enroll", "{}")
	f.Fuzz(func(t *testing.T, method, path, body string) {
		if !strings.HasPrefix(path, "/") {
			t.Skip()
		}
		target, err := url.Parse(root + path)
		if err != nil || target.Host != "graph.microsoft.com" {
			t.Skip()
		}
		for _, profile := range []graphsim.Profile{graphsim.ProfileField, graphsim.ProfileDocumented} {
			sim := newSimulator(t, graphsim.Options{Profile: profile, Seed: serials("A")})
			req := sim.request(http.MethodGet, collectionPath, "")
			req.Method, req.URL = method, target
			req.Header.Set("Content-Type", "application/json")
			req.Body, req.ContentLength = io.NopCloser(strings.NewReader(body)), int64(len(body))
			a := sim.do(req)
			if a.status >= 400 && a.json["error"] == nil {
				t.Errorf("%s %s: %d without an error: %s", method, path, a.status, a.text)
			}
			if a.status == http.StatusInternalServerError {
				t.Errorf("%s %s: %s", method, path, a.text)
			}
			if strings.HasPrefix(a.text, "{") && !json.Valid([]byte(a.text)) {
				t.Errorf("%s %s: no JSON: %s", method, path, a.text)
			}
		}
	})
}

// FuzzFilter holds the filter parser against itself: it never panics, and what it accepts selects a part of the list.
func FuzzFilter(f *testing.F) {
	for _, filter := range []string{
		"contains(importedDeviceIdentifier,'A')", "importedDeviceIdentityType eq 'imei' or (id eq 'x' and platform eq null)",
		"''", "((((", "contains(", "contains(importedDeviceIdentifier,'", "a eq", "importedDeviceIdentifier eq 'D''3'", "\x00", "é eq 'é'",
	} {
		f.Add(filter)
	}
	f.Fuzz(func(t *testing.T, filter string) {
		sim := newSimulator(t, graphsim.Options{Seed: serials("A", "D'3")})
		a := sim.get(collectionPath, "$filter", filter)
		if a.status != http.StatusOK {
			a.want(t, 400, "BadRequest")
			return
		}
		if got := len(a.rows(t)); got > 2 {
			t.Errorf("%q selects %d of 2", filter, got)
		}
	})
}

// FuzzIdentifier checks that a stored identifier is a fixed point: sent again, it is the same identity.
func FuzzIdentifier(f *testing.F) {
	for _, identifier := range []string{"C02", " 666 ", `"Dell, Inc.",Latitude 5440,ab-1`, "ß,ŉ,ǰ", "a,b,c", "\u0345,i,j", "١,2,3"} {
		f.Add("serialNumber", identifier)
		f.Add("imei", identifier)
		f.Add("manufacturerModelSerial", identifier)
	}
	f.Fuzz(func(t *testing.T, identityType, identifier string) {
		sim := field(t, func(b *graphsim.Behaviour) { b.SerialForm = graphsim.SerialStripped })
		if !json.Valid([]byte(row(identityType, identifier, ""))) || bytes.ContainsRune([]byte(identifier), '\uFFFD') {
			t.Skip()
		}
		first := sim.call(http.MethodPost, importPath, importBody(false, row(identityType, identifier, "")))
		if first.status != http.StatusOK {
			first.want(t, 400, "BadRequest")
			return
		}
		stored, _ := first.rows(t)[0]["importedDeviceIdentifier"].(string)
		again := sim.importRow(identityType, stored, "")
		equal(t, "status", again["status"], any(false))
		equal(t, "stored again", again["importedDeviceIdentifier"], any(stored))
	})
}
