package provider

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/intunetf/terraform-provider-intune/internal/graphsim"
)

// staleTenant has an old and a fresh serial number without contact, one that was
// last seen long ago, one that is in use, and an IMEI.
func staleTenant(t *testing.T, adjust ...func(*graphsim.Options)) *tenant {
	t.Helper()
	sim := newTenant(t, graphsim.ProfileField, adjust...)
	long := time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)
	serial := func(identifier string, created, contacted time.Time) graphsim.Identity {
		return graphsim.Identity{ImportedDeviceIdentityType: "serialNumber", ImportedDeviceIdentifier: identifier, CreatedDateTime: created, LastContactedDateTime: contacted}
	}
	sim.Tenant().Seed(
		serial("NEVER-OLD", long, time.Time{}), serial("NEVER-FRESH", time.Now().Add(-time.Hour), time.Time{}),
		serial("SEEN-LONG-AGO", long, long.AddDate(1, 0, 0)), serial("IN-USE", long, time.Now().Add(-time.Hour)),
		graphsim.Identity{ImportedDeviceIdentityType: "imei", ImportedDeviceIdentifier: "355450075770212", CreatedDateTime: long})
	return sim
}

func (s *tenant) identifiers() []string {
	var all []string
	for _, identity := range s.Tenant().Identities() {
		all = append(all, identity.ImportedDeviceIdentifier)
	}
	slices.Sort(all)
	return all
}

// stale is a configuration of the action with both bounds and some changes.
func stale(changes map[string]any) map[string]any {
	config := map[string]any{
		"imported_device_identity_type": "serialNumber", "never_contacted": true, "created_before": "2024-01-01T00:00:00Z",
		"last_contacted_before": "2024-01-01T00:00:00Z", "max_deletions": 10,
	}
	for name, value := range changes {
		if config[name] = value; value == nil {
			delete(config, name)
		}
	}
	return config
}

func TestAction_DeletesWhatIsStaleAndNothingElse(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		changes map[string]any
		deleted []string
	}{
		"either":          {nil, []string{"NEVER-OLD", "SEEN-LONG-AGO"}},
		"never contacted": {map[string]any{"last_contacted_before": nil}, []string{"NEVER-OLD"}},
		"contacted before, of any age": {
			map[string]any{"never_contacted": nil, "created_before": nil}, []string{"SEEN-LONG-AGO"},
		},
		"contacted before, added before": {map[string]any{"never_contacted": false, "created_before": "2019-01-01T00:00:00Z"}, nil},
		"narrowed":                       {map[string]any{"identifier_contains": "never"}, []string{"NEVER-OLD"}},
		"narrowed to another state":      {map[string]any{"enrollment_state": "failed"}, nil},
		"another type":                   {map[string]any{"imported_device_identity_type": "imei"}, []string{"355450075770212"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sim := staleTenant(t)
			before := sim.identifiers()
			progress, diags := newProtocol(t, sim, nil).invoke(stale(test.changes))
			if len(diags) > 0 {
				t.Fatal(diags)
			}
			want := slices.DeleteFunc(before, func(s string) bool { return slices.Contains(test.deleted, s) })
			if diff := cmp.Diff(want, sim.identifiers()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			last := fmt.Sprintf("Deleted %d identifier", len(test.deleted))
			if len(test.deleted) == 0 {
				last = "Nothing to delete"
			}
			if lines := strings.Split(progress, "\n"); !strings.HasPrefix(lines[len(lines)-1], last) {
				t.Errorf("progress:\n%s", progress)
			}
			for _, identifier := range test.deleted {
				if !strings.Contains(progress, fmt.Sprintf("%q", identifier)) {
					t.Errorf("%s is not named:\n%s", identifier, progress)
				}
			}
		})
	}
}

func TestAction_RefusesWithoutABound(t *testing.T) {
	t.Parallel()
	sim := staleTenant(t)
	p := newProtocol(t, sim, nil)
	for name, test := range map[string]struct {
		changes map[string]any
		want    string
	}{
		"neither bound":            {map[string]any{"never_contacted": nil, "last_contacted_before": nil}, "error: Missing Bound"},
		"never_contacted is false": {map[string]any{"never_contacted": false, "last_contacted_before": nil}, "error: Missing Bound"},
		"no minimum age":           {map[string]any{"created_before": nil}, "error created_before: Missing Bound"},
		"no deletions allowed":     {map[string]any{"max_deletions": 0}, "error max_deletions: Invalid Attribute Value"},
		"no date":                  {map[string]any{"created_before": "last year"}, "error created_before: Invalid Date and Time"},
	} {
		if diags := p.validateAction(stale(test.changes)); len(diags) != 1 || !strings.HasPrefix(diags[0], test.want) {
			t.Errorf("%s: got %q", name, diags)
		}
		if !strings.Contains(test.want, "Missing Bound") {
			continue
		}
		// What validation could not know is refused before anything is deleted.
		if _, diags := p.invoke(stale(test.changes)); len(diags) != 1 || !strings.HasPrefix(diags[0], test.want) {
			t.Errorf("%s: invoke got %q", name, diags)
		}
	}
	for _, attribute := range []string{"never_contacted", "last_contacted_before", "created_before", "max_deletions"} {
		changes := map[string]any{"never_contacted": nil, "last_contacted_before": nil}
		if strings.HasPrefix(attribute, "created") || strings.HasPrefix(attribute, "max") {
			changes = map[string]any{}
		}
		changes[attribute] = unknown{}
		if diags := p.validateAction(stale(changes)); len(diags) > 0 {
			t.Errorf("unknown %s: got %v", attribute, diags)
		}
		if diags := p.planAction(stale(changes)); len(diags) > 0 {
			t.Errorf("unknown %s: the plan got %v", attribute, diags)
		}
	}
	schema := p.schemas().ActionSchemas[actionType].Schema
	for _, a := range schema.Block.Attributes {
		if want := a.Name == "imported_device_identity_type" || a.Name == "max_deletions"; a.Required != want {
			t.Errorf("%s: required is %v", a.Name, a.Required)
		}
	}
	if len(sim.identifiers()) != 5 {
		t.Errorf("left are %v", sim.identifiers())
	}
}

func TestAction_ABoundInTheFutureIsRefused(t *testing.T) {
	t.Parallel()
	sim := staleTenant(t)
	p := newProtocol(t, sim, nil)
	future := time.Now().Add(time.Hour).Format(time.RFC3339)
	for _, attribute := range []string{"last_contacted_before", "created_before"} {
		config := stale(map[string]any{attribute: future})
		_, diags := p.invoke(config)
		for _, diags := range [][]string{diags, p.planAction(config)} {
			if len(diags) != 1 || !strings.HasPrefix(diags[0], "error: Bound In The Future") {
				t.Errorf("%s: got %v", attribute, diags)
			}
		}
	}
	if len(sim.identifiers()) != 5 {
		t.Errorf("left are %v", sim.identifiers())
	}
}

func TestAction_DryRunAndPlanOnlyTell(t *testing.T) {
	t.Parallel()
	sim := staleTenant(t)
	p := newProtocol(t, sim, nil)
	progress, diags := p.invoke(stale(map[string]any{"dry_run": true}))
	if len(diags) > 0 || !strings.Contains(progress, `2 identifiers of type serialNumber: "NEVER-OLD", "SEEN-LONG-AGO"`) || !strings.HasSuffix(progress, "nothing was deleted.") {
		t.Errorf("%v\n%s", diags, progress)
	}
	if diags := p.planAction(stale(nil)); len(diags) != 1 || !strings.HasPrefix(diags[0], "warning: Action Deletes Device Identifiers") || !strings.Contains(diags[0], "NEVER-OLD") {
		t.Errorf("plan: %v", diags)
	}
	for _, quiet := range []map[string]any{{"dry_run": true}, {"enrollment_state": "failed"}} {
		if diags := p.planAction(stale(quiet)); len(diags) > 0 {
			t.Errorf("plan with %v: %v", quiet, diags)
		}
	}
	if len(sim.identifiers()) != 5 || sim.routes()[graphsim.OpDelete] > 0 {
		t.Errorf("left are %v", sim.identifiers())
	}
}

func TestAction_WarnsBeforeTheLastWindowsIdentifierGoes(t *testing.T) {
	t.Parallel()
	const last = "warning: Last Windows Identifiers of the Tenant: This %s the last manufacturerModelSerial identifiers of the tenant."
	long := time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)
	windows := func(identifier string, contacted time.Time) graphsim.Identity {
		return graphsim.Identity{ImportedDeviceIdentityType: "manufacturerModelSerial", ImportedDeviceIdentifier: identifier, CreatedDateTime: long, LastContactedDateTime: contacted}
	}
	for name, test := range map[string]struct {
		changes map[string]any
		inUse   bool
		// plan and invoke are the verb of the warning, "" for none.
		plan, invoke string
	}{
		"all of them":          {plan: "removes"},
		"all of them, dry run": {changes: map[string]any{"dry_run": true}, plan: "would remove", invoke: "would remove"},
		"one is in use":        {inUse: true},
		"dry run, one in use":  {changes: map[string]any{"dry_run": true}, inUse: true},
		"another type":         {changes: map[string]any{"imported_device_identity_type": "imei"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sim := staleTenant(t)
			sim.Tenant().Seed(windows("DELL,XPS,S1", time.Time{}), windows("DELL,XPS,S2", long))
			if test.inUse {
				sim.Tenant().Seed(windows("DELL,XPS,S3", time.Now().Add(-time.Hour)))
			}
			p := newProtocol(t, sim, nil)
			changes := map[string]any{"imported_device_identity_type": "manufacturerModelSerial"}
			maps.Copy(changes, test.changes)
			planned := p.planAction(stale(changes))
			if n := sim.routes()[graphsim.OpList]; n != 1 {
				t.Errorf("the plan read %d lists", n)
			}
			_, invoked := p.invoke(stale(changes))
			for _, got := range []struct {
				diags []string
				verb  string
			}{{planned, test.plan}, {invoked, test.invoke}} {
				warned := slices.ContainsFunc(got.diags, func(text string) bool {
					return strings.HasPrefix(text, fmt.Sprintf(last, got.verb))
				})
				if mentioned := strings.Contains(strings.Join(got.diags, ""), "Last Windows"); warned != (got.verb != "") || mentioned != warned {
					t.Errorf("want %q, got %v", got.verb, got.diags)
				}
			}
		})
	}
}

func TestAction_ARefusedListIsAnErrorAndNoWarning(t *testing.T) {
	t.Parallel()
	sim := staleTenant(t)
	sim.Inject(graphsim.Fault{Operation: graphsim.OpList, Status: 403, Count: -1})
	p := newProtocol(t, sim, nil)
	config := stale(map[string]any{"imported_device_identity_type": "manufacturerModelSerial"})
	_, invoked := p.invoke(config)
	for _, diags := range [][]string{p.planAction(config), invoked} {
		if len(diags) != 1 || !strings.HasPrefix(diags[0], "error: Cannot List Device Identifiers") {
			t.Errorf("got %v", diags)
		}
	}
}

func TestAction_MoreThanMaxDeletionsDeletesNothing(t *testing.T) {
	t.Parallel()
	sim := staleTenant(t)
	p := newProtocol(t, sim, nil)
	config := stale(map[string]any{"max_deletions": 1})
	_, diags := p.invoke(config)
	for _, diags := range [][]string{diags, p.planAction(config)} {
		if len(diags) != 1 || !strings.HasPrefix(diags[0], "error max_deletions: Too Many Stale Device Identifiers") {
			t.Errorf("got %v", diags)
		}
	}
	_, diags = p.invoke(stale(map[string]any{"max_deletions": 1, "dry_run": true}))
	if len(diags) != 1 || !strings.HasPrefix(diags[0], "warning max_deletions: Too Many") {
		t.Errorf("dry run: %v", diags)
	}
	if len(sim.identifiers()) != 5 {
		t.Errorf("left are %v", sim.identifiers())
	}
}

func TestAction_ARefusedDeletionIsNamedAndTheOthersAreDone(t *testing.T) {
	t.Parallel()
	sim := staleTenant(t)
	kept, _ := sim.Tenant().Find("serialNumber", "NEVER-OLD")
	sim.Inject(graphsim.Fault{Operation: graphsim.OpDelete, Status: 409, Code: "Conflict", Message: "In use by a policy.", Count: -1, Match: func(r graphsim.Request) bool {
		return strings.HasSuffix(r.Path, kept.ID)
	}})
	_, diags := newProtocol(t, sim, nil).invoke(stale(nil))
	if len(diags) != 1 || !strings.HasPrefix(diags[0], "error: Cannot Delete Stale Device Identifiers: 1 of 2") ||
		!strings.Contains(diags[0], `"NEVER-OLD": `) || strings.Contains(diags[0], "SEEN-LONG-AGO") {
		t.Errorf("got %v", diags)
	}
	if got := sim.identifiers(); slices.Contains(got, "SEEN-LONG-AGO") || !slices.Contains(got, "NEVER-OLD") {
		t.Errorf("left are %v", got)
	}
}

func TestAction_ManyGoInBatches(t *testing.T) {
	t.Parallel()
	sim := newTenant(t, graphsim.ProfileField)
	for i := range 45 {
		sim.Tenant().Seed(graphsim.Identity{ImportedDeviceIdentityType: "serialNumber", ImportedDeviceIdentifier: fmt.Sprintf("S%02d", i), CreatedDateTime: seenLongAgo})
	}
	progress, diags := newProtocol(t, sim, nil).invoke(stale(map[string]any{"created_before": "2025-01-01T00:00:00Z", "max_deletions": 45}))
	if len(diags) > 0 || !strings.Contains(progress, `"S19" and 25 more`) || !strings.HasSuffix(progress, "Deleted 45 identifiers of type serialNumber.") {
		t.Errorf("%v\n%s", diags, progress)
	}
	if n := len(sim.requests(graphsim.OpBatch)); n != 3 {
		t.Errorf("%d batches", n)
	}
	if err := sim.isEmpty(); err != nil {
		t.Error(err)
	}
}

func TestAction_UnknownProviderSettings(t *testing.T) {
	t.Parallel()
	p := startProtocol(t)
	p.configure(newTenant(t, graphsim.ProfileField).settings(map[string]any{"client_secret": unknown{}}))
	if diags := p.planAction(stale(nil)); len(diags) > 0 {
		t.Errorf("the plan got %v", diags)
	}
	if _, diags := p.invoke(stale(nil)); len(diags) != 1 || !strings.Contains(diags[0], "client_secret") {
		t.Errorf("got %v", diags)
	}
}
