package provider

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/intunetf/terraform-provider-intune/internal/graphsim"
)

func TestListResource_EveryFilter(t *testing.T) {
	t.Parallel()
	p := newProtocol(t, mixedTenant(t, graphsim.ProfileField), nil)
	for name, test := range map[string]struct {
		config map[string]any
		want   string
	}{
		"imported_device_identity_type": {map[string]any{"imported_device_identity_type": "imei"}, "imei/355450075770212"},
		"platform":                      {map[string]any{"platform": "macOS"}, "serialNumber/C02ABC"},
		"enrollment_state":              {map[string]any{"enrollment_state": "failed"}, "manufacturerModelSerial/DELLINC,LATITUDE5440,ABC1234"},
		"identifier_contains":           {map[string]any{"identifier_contains": "sn-"}, "serialNumber/SN-UNUSED"},
		"never_contacted":               {map[string]any{"never_contacted": true, "imported_device_identity_type": "serialNumber"}, "serialNumber/SN-UNUSED"},
		"last_contacted_before":         {map[string]any{"last_contacted_before": "2025-01-01T00:00:00Z"}, "serialNumber/C02ABC"},
	} {
		results, diags := p.query(test.config, 100, false)
		if len(diags) > 0 || len(results) != 1 || results[0].name != test.want || results[0].id == "" || results[0].resource != nil {
			t.Errorf("%s: got %+v, %v", name, results, diags)
		}
	}
	for name, config := range map[string]map[string]any{
		"Contradicting Filters":         {"never_contacted": true, "last_contacted_before": "2025-01-01T00:00:00Z"},
		"Invalid Date and Time":         {"last_contacted_before": "2025"},
		"Invalid Attribute Value Match": {"imported_device_identity_type": "serial"},
	} {
		if _, diags := p.query(config, 100, false); len(diags) != 1 || !strings.Contains(diags[0], name) {
			t.Errorf("%s: got %v", name, diags)
		}
	}
}

func TestListResource_TheResourceIsWhatAnImportReads(t *testing.T) {
	t.Parallel()
	eachProfile(t, func(t *testing.T, profile graphsim.Profile) {
		p := newProtocol(t, mixedTenant(t, profile), nil)
		results, diags := p.query(nil, 100, true)
		if len(diags) > 0 || len(results) != 4 {
			t.Fatalf("%d results, %v", len(results), diags)
		}
		for _, result := range results {
			imported, diags := p.importID(result.id)
			if len(diags) > 0 {
				t.Fatal(diags)
			}
			for name, value := range p.fields(imported.value) {
				if !value.Equal(result.resource[name]) {
					t.Errorf("%s: %s is %s, an import reads %s", result.name, name, result.resource[name], value)
				}
			}
		}
	})
}

func TestListResource_HonoursTheLimitAndReadsNoPageMore(t *testing.T) {
	t.Parallel()
	for limit, pages := range map[int64]int{1: 1, 2: 1, 3: 2, 0: 3, 100: 3} {
		t.Run(fmt.Sprint(limit), func(t *testing.T) {
			t.Parallel()
			sim := newTenant(t, graphsim.ProfileField, func(o *graphsim.Options) { o.PageSize = 2 })
			for i := range 5 {
				sim.Tenant().Seed(graphsim.Identity{ImportedDeviceIdentityType: "serialNumber", ImportedDeviceIdentifier: fmt.Sprintf("S%d", i)})
			}
			results, diags := newProtocol(t, sim, nil).query(nil, limit, false)
			want := int(limit)
			if limit == 0 || limit > 5 {
				want = 5
			}
			if len(diags) > 0 || len(results) != want {
				t.Errorf("%d results, %v", len(results), diags)
			}
			if diff := cmp.Diff(map[graphsim.Operation]int{graphsim.OpList: pages}, sim.routes()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestListResource_AFailureEndsTheStreamWithItsReason(t *testing.T) {
	t.Parallel()
	sim := newTenant(t, graphsim.ProfileField, func(o *graphsim.Options) { o.PageSize = 1 })
	sim.Tenant().Seed(theirs(), graphsim.Identity{ImportedDeviceIdentityType: "imei", ImportedDeviceIdentifier: "355450075770212"})
	sim.Inject(graphsim.Fault{Operation: graphsim.OpList, Status: 403, Skip: 1, Count: -1})
	results, diags := newProtocol(t, sim, nil).query(nil, 100, false)
	if len(results) != 1 || len(diags) != 1 || !strings.HasPrefix(diags[0], "error: Cannot List Device Identifiers") {
		t.Errorf("%d results, %v", len(results), diags)
	}

	p := startProtocol(t)
	p.configure(sim.settings(map[string]any{"client_secret": unknown{}}))
	if _, diags := p.query(nil, 100, false); len(diags) != 1 || !strings.Contains(diags[0], "client_secret") {
		t.Errorf("got %v", diags)
	}
}
