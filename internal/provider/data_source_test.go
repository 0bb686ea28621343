package provider

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/intunetf/terraform-provider-intune/internal/graphsim"
)

const (
	singleData = "intune_imported_device_identity"
	listData   = "intune_imported_device_identities"
	countsData = "intune_imported_device_identity_counts"
)

var seenLongAgo = time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)

// mixedTenant holds one identity of each kind that the filters tell apart.
func mixedTenant(t *testing.T, profile graphsim.Profile) *tenant {
	t.Helper()
	sim := newTenant(t, profile)
	created := time.Date(2023, 1, 1, 0, 0, 0, 0, time.UTC)
	sim.Tenant().Seed(
		graphsim.Identity{ImportedDeviceIdentityType: "serialNumber", ImportedDeviceIdentifier: "SN-UNUSED", Description: "box in the cellar", CreatedDateTime: created},
		graphsim.Identity{ImportedDeviceIdentityType: "serialNumber", ImportedDeviceIdentifier: "C02ABC", CreatedDateTime: created, EnrollmentState: "enrolled", Platform: "macOS", LastContactedDateTime: seenLongAgo},
		graphsim.Identity{ImportedDeviceIdentityType: "imei", ImportedDeviceIdentifier: "355450075770212", CreatedDateTime: created, EnrollmentState: "enrolled", Platform: "ios", LastContactedDateTime: time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)},
		graphsim.Identity{ImportedDeviceIdentityType: "manufacturerModelSerial", ImportedDeviceIdentifier: "DELLINC,LATITUDE5440,ABC1234", CreatedDateTime: created, EnrollmentState: "failed", Platform: "windows"})
	return sim
}

func TestDataSource_EveryFilterListsAndCountsTheSame(t *testing.T) {
	t.Parallel()
	const unused, mac, phone, pc = "SN-UNUSED", "C02ABC", "355450075770212", "DELLINC,LATITUDE5440,ABC1234"
	tests := map[string]struct {
		config map[string]any
		want   []string
	}{
		"none":                          {nil, []string{phone, pc, mac, unused}},
		"imported_device_identity_type": {map[string]any{"imported_device_identity_type": "serialNumber"}, []string{mac, unused}},
		"platform":                      {map[string]any{"platform": "macOS"}, []string{mac}},
		"enrollment_state":              {map[string]any{"enrollment_state": "enrolled"}, []string{phone, mac}},
		"identifier_contains":           {map[string]any{"identifier_contains": "abc"}, []string{pc, mac}},
		"identifier_contains, digits":   {map[string]any{"identifier_contains": "35-545007", "imported_device_identity_type": "imei"}, []string{phone}},
		"never_contacted":               {map[string]any{"never_contacted": true}, []string{pc, unused}},
		"never_contacted = false":       {map[string]any{"never_contacted": false}, []string{phone, mac}},
		"last_contacted_before":         {map[string]any{"last_contacted_before": "2025-01-01T00:00:00+01:00"}, []string{mac}},
		"two of them":                   {map[string]any{"never_contacted": true, "platform": "windows"}, []string{pc}},
		"nothing passes":                {map[string]any{"enrollment_state": "blocked"}, nil},
	}
	eachProfile(t, func(t *testing.T, profile graphsim.Profile) {
		sim := mixedTenant(t, profile)
		for name, test := range tests {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				p := newProtocol(t, sim, nil)
				state, diags := p.data(listData, test.config)
				if len(diags) > 0 {
					t.Fatal(diags)
				}
				var elements []tftypes.Value
				p.check(state["identities"].As(&elements))
				var got []string
				for _, element := range elements {
					got = append(got, p.text(p.fields(element)["imported_device_identifier"]))
				}
				if diff := cmp.Diff(test.want, got); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
				counts, diags := p.data(countsData, test.config)
				if len(diags) > 0 || !counts["total"].Equal(number(len(test.want))) {
					t.Errorf("%v, total is %s", diags, counts["total"])
				}
			})
		}
	})
}

func TestDataSource_ShowsWhatGraphHolds(t *testing.T) {
	t.Parallel()
	p := newProtocol(t, mixedTenant(t, graphsim.ProfileField), nil)
	state, diags := p.data(listData, map[string]any{"identifier_contains": "C02"})
	if len(diags) > 0 {
		t.Fatal(diags)
	}
	var elements []tftypes.Value
	p.check(state["identities"].As(&elements))
	got := map[string]string{}
	for name, value := range p.fields(elements[0]) {
		got[name] = p.text(value)
	}
	want := map[string]string{
		"id": "AkMwMkFCQw==", "imported_device_identifier": "C02ABC", "imported_device_identity_type": "serialNumber", "description": "(null)",
		"platform": "macOS", "enrollment_state": "enrolled", "last_contacted_date_time": "2024-01-01T00:00:00Z",
		"created_date_time": "2023-01-01T00:00:00Z", "last_modified_date_time": got["last_modified_date_time"],
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestDataSource_CountsHaveEveryMemberAsAKey(t *testing.T) {
	t.Parallel()
	p := newProtocol(t, mixedTenant(t, graphsim.ProfileField), nil)
	counts, diags := p.data(countsData, nil)
	if len(diags) > 0 {
		t.Fatal(diags)
	}
	for attribute, want := range map[string]map[string]int{
		"by_type":             {"unknown": 0, "imei": 1, "serialNumber": 2, "manufacturerModelSerial": 1},
		"by_enrollment_state": {"unknown": 0, "enrolled": 2, "pendingReset": 0, "failed": 1, "notContacted": 1, "blocked": 0},
		"by_platform":         {"unknown": 1, "ios": 1, "android": 0, "windows": 1, "windowsMobile": 0, "macOS": 1, "visionOS": 0, "tvOS": 0},
	} {
		if !counts[attribute].Equal(numbers(want)) {
			t.Errorf("%s is %s", attribute, counts[attribute])
		}
	}
}

func TestDataSource_OneByIDOrByAnySpelling(t *testing.T) {
	t.Parallel()
	eachProfile(t, func(t *testing.T, profile graphsim.Profile) {
		sim := mixedTenant(t, profile)
		p := newProtocol(t, sim, nil)
		stored, _ := sim.Tenant().Find("manufacturerModelSerial", "DELLINC,LATITUDE5440,ABC1234")
		for name, config := range map[string]map[string]any{
			"by id":                   {"id": stored.ID},
			"by type and identifier":  {"imported_device_identity_type": "manufacturerModelSerial", "imported_device_identifier": "DELLINC,LATITUDE5440,ABC1234"},
			"in another spelling":     {"imported_device_identity_type": "manufacturerModelSerial", "imported_device_identifier": `"Dell, Inc.",Latitude 5440,abc1234`},
			"serial in another case":  {"imported_device_identity_type": "serialNumber", "imported_device_identifier": "c02abc"},
			"IMEI with hyphens":       {"imported_device_identity_type": "imei", "imported_device_identifier": "35-545007-577021-2"},
			"one that is not there":   {"imported_device_identity_type": "serialNumber", "imported_device_identifier": "NOBODY"},
			"an id that is not there": {"id": "AkZPUkVJR04="},
		} {
			state, diags := p.data(singleData, config)
			switch {
			case strings.Contains(name, "not there"):
				if len(diags) != 1 || !strings.Contains(diags[0], "Device Identifier Not Found") {
					t.Errorf("%s: got %v", name, diags)
				}
			case len(diags) > 0:
				t.Errorf("%s: %v", name, diags)
			case name != "serial in another case" && name != "IMEI with hyphens" && p.text(state["id"]) != stored.ID,
				p.text(state["imported_device_identifier"]) == "(null)", p.text(state["enrollment_state"]) == "(null)":
				t.Errorf("%s: got %v", name, state)
			}
		}
	})
}

func TestDataSource_ArgumentsAreCheckedAtPlan(t *testing.T) {
	t.Parallel()
	p := newProtocol(t, newTenant(t, graphsim.ProfileField), nil)
	for name, test := range map[string]struct {
		typeName string
		config   map[string]any
		want     string
	}{
		"both":                  {singleData, map[string]any{"id": "x", "imported_device_identity_type": "imei", "imported_device_identifier": "1"}, "error id: Conflicting Arguments"},
		"id and a half":         {singleData, map[string]any{"id": "x", "imported_device_identifier": "1"}, "error id: Conflicting Arguments"},
		"neither":               {singleData, nil, "error: Missing Arguments"},
		"no type":               {singleData, map[string]any{"imported_device_identifier": "1"}, "error imported_device_identity_type: Missing Argument"},
		"no identifier":         {singleData, map[string]any{"imported_device_identity_type": "imei"}, "error imported_device_identifier: Missing Argument"},
		"empty id":              {singleData, map[string]any{"id": ""}, "error id: Invalid Attribute Value Length"},
		"no such type":          {listData, map[string]any{"imported_device_identity_type": "serial"}, "error imported_device_identity_type: Invalid Attribute Value Match"},
		"no such platform":      {countsData, map[string]any{"platform": "macos"}, "error platform: Invalid Attribute Value Match"},
		"no such state":         {listData, map[string]any{"enrollment_state": "never"}, "error enrollment_state: Invalid Attribute Value Match"},
		"empty text":            {listData, map[string]any{"identifier_contains": ""}, "error identifier_contains: Invalid Attribute Value Length"},
		"no date":               {countsData, map[string]any{"last_contacted_before": "yesterday"}, "error last_contacted_before: Invalid Date and Time"},
		"contradicting filters": {listData, map[string]any{"never_contacted": true, "last_contacted_before": "2025-01-01T00:00:00Z"}, "error never_contacted: Contradicting Filters"},
	} {
		if _, diags := p.data(test.typeName, test.config); len(diags) != 1 || !strings.HasPrefix(diags[0], test.want) {
			t.Errorf("%s: got %q", name, diags)
		}
	}
	for _, half := range []map[string]any{
		{"id": unknown{}, "imported_device_identity_type": "imei"},
		{"id": "x", "imported_device_identity_type": unknown{}},
		{"imported_device_identity_type": "imei", "imported_device_identifier": unknown{}},
	} {
		schema := p.schemas().DataSourceSchemas[singleData]
		if diags := p.validateData(singleData, object(t, schema, half)); len(diags) > 0 {
			t.Errorf("what is not known yet was refused: %v", diags)
		}
	}
	// The unknown one of the two may come out as null, or false.
	for _, half := range []map[string]any{
		{"never_contacted": true, "last_contacted_before": unknown{}},
		{"never_contacted": unknown{}, "last_contacted_before": "2025-01-01T00:00:00Z"},
	} {
		for _, typeName := range []string{listData, countsData} {
			if diags := p.validateData(typeName, object(t, p.schemas().DataSourceSchemas[typeName], half)); len(diags) > 0 {
				t.Errorf("%s: filters that need not contradict were refused: %v", typeName, diags)
			}
		}
	}
}

func TestDataSource_UnknownProviderSettingsAreAnErrorThatNamesThem(t *testing.T) {
	t.Parallel()
	p := startProtocol(t)
	p.configure(newTenant(t, graphsim.ProfileField).settings(map[string]any{"client_secret": unknown{}}))
	for typeName, config := range map[string]map[string]any{singleData: {"id": "x"}, listData: nil, countsData: nil} {
		_, diags := p.data(typeName, config)
		if len(diags) != 1 || !strings.HasPrefix(diags[0], "error: Provider Settings Not Known Yet") || !strings.Contains(diags[0], "client_secret") {
			t.Errorf("%s: got %v", typeName, diags)
		}
	}
}

func TestDataSource_ARefusedListNamesThePermission(t *testing.T) {
	t.Parallel()
	sim := newTenant(t, graphsim.ProfileField)
	p := newProtocol(t, sim, nil)
	sim.Inject(graphsim.Fault{Operation: graphsim.OpList, Status: 403, Count: -1})
	for _, typeName := range []string{listData, countsData} {
		_, diags := p.data(typeName, nil)
		if len(diags) != 1 || !strings.HasPrefix(diags[0], "error: Cannot List Device Identifiers") || !strings.Contains(diags[0], "request-id") {
			t.Errorf("%s: got %v", typeName, diags)
		}
	}
}

func TestDataSource_ManyReadsShareOneList(t *testing.T) {
	t.Parallel()
	sim := mixedTenant(t, graphsim.ProfileField)
	p := newProtocol(t, sim, nil)
	for i := range 10 {
		if _, diags := p.data([]string{listData, countsData}[i%2], map[string]any{"identifier_contains": fmt.Sprint("A", i)}); len(diags) > 0 {
			t.Fatal(diags)
		}
	}
	if n := sim.total(); n != 1 {
		t.Errorf("%d requests: %v", n, sim.routes())
	}
}
