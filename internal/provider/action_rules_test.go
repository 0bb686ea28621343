package provider

import (
	"maps"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/terraform-plugin-framework/action"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/intunetf/terraform-provider-intune/internal/graphsim"
)

// TestAction_WhatBecomesKnownLateIsHeldAgainstEveryRule invokes with values that
// Terraform did not know when it validated: it does not validate them again.
func TestAction_WhatBecomesKnownLateIsHeldAgainstEveryRule(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		changes map[string]any
		want    string
	}{
		"empty type":        {map[string]any{"imported_device_identity_type": ""}, "error imported_device_identity_type: Invalid Attribute Value Match"},
		"wrong type":        {map[string]any{"imported_device_identity_type": "serial"}, "error imported_device_identity_type: Invalid Attribute Value Match"},
		"no type":           {map[string]any{"imported_device_identity_type": nil}, "error imported_device_identity_type: Missing "},
		"empty platform":    {map[string]any{"platform": ""}, "error platform: Invalid Attribute Value Match"},
		"wrong platform":    {map[string]any{"platform": "beos"}, "error platform: Invalid Attribute Value Match"},
		"empty state":       {map[string]any{"enrollment_state": ""}, "error enrollment_state: Invalid Attribute Value Match"},
		"wrong state":       {map[string]any{"enrollment_state": "lost"}, "error enrollment_state: Invalid Attribute Value Match"},
		"empty text":        {map[string]any{"identifier_contains": ""}, "error identifier_contains: Invalid Attribute Value Length"},
		"no limit":          {map[string]any{"max_deletions": nil}, "error max_deletions: Missing "},
		"a limit of none":   {map[string]any{"max_deletions": 0}, "error max_deletions: Invalid Attribute Value"},
		"empty date":        {map[string]any{"created_before": ""}, "error created_before: Invalid Date and Time"},
		"day without time":  {map[string]any{"last_contacted_before": "2024-01-01"}, "error last_contacted_before: Invalid Date and Time"},
		"no bound":          {map[string]any{"never_contacted": nil, "last_contacted_before": nil}, "error: Missing Bound"},
		"no minimum age":    {map[string]any{"created_before": nil}, "error created_before: Missing Bound"},
		"no such duration":  {map[string]any{"timeouts": map[string]any{"invoke": "soon"}}, "error"},
		"dry run, no text":  {map[string]any{"identifier_contains": "", "dry_run": true}, "error identifier_contains: Invalid Attribute Value Length"},
		"nothing but empty": {map[string]any{"imported_device_identity_type": "", "platform": ""}, "error imported_device_identity_type: Invalid Attribute Value Match"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sim := staleTenant(t)
			p := newProtocol(t, sim, nil)
			config := stale(test.changes)
			progress, got := p.invoke(config)
			if len(got) == 0 || !strings.HasPrefix(got[0], test.want) || strings.Contains(progress, "Deleted") {
				t.Errorf("got %q\n%s", got, progress)
			}
			if len(sim.identifiers()) != 5 || sim.routes()[graphsim.OpDelete] > 0 {
				t.Errorf("left are %v", sim.identifiers())
			}
			validated := p.validateAction(config)
			if test.want == "error" { // the block of durations tells it in words of its own
				return
			}
			if diff := cmp.Diff(summaries(validated), summaries(got)); diff != "" {
				t.Errorf("validation and invocation differ (-validate +invoke):\n%s", diff)
			}
			if strings.Contains(test.want, "Missing Bound") {
				return
			}
			// What is known is refused in the plan, also beside what is not.
			changes := map[string]any{"dry_run": unknown{}}
			maps.Copy(changes, test.changes)
			if diff := cmp.Diff(summaries(got), summaries(p.planAction(stale(changes)))); diff != "" {
				t.Errorf("invocation and plan differ (-invoke +plan):\n%s", diff)
			}
		})
	}
	for _, name := range attributesWithRules(t) {
		covered := false
		for _, test := range tests {
			covered = covered || strings.HasPrefix(test.want, "error "+name+": Invalid Attribute Value")
		}
		if !covered {
			t.Errorf("no test invokes with a %s that breaks its rule", name)
		}
	}
}

// summaries are diagnostics without their details. The framework has words of
// its own for a required value that is null.
func summaries(diags []string) []string {
	var all []string
	for _, text := range diags {
		where, rest, _ := strings.Cut(text, ": ")
		summary, _, _ := strings.Cut(rest, ": ")
		if strings.HasPrefix(summary, "Missing") && !strings.Contains(summary, "Bound") {
			summary = "Missing"
		}
		all = append(all, where+": "+summary)
	}
	return all
}

// attributesWithRules also fails for a kind of attribute that is not asked again.
func attributesWithRules(t *testing.T) []string {
	t.Helper()
	var resp action.SchemaResponse
	newDeleteStaleDeviceIdentitiesAction().Schema(t.Context(), action.SchemaRequest{}, &resp)
	var names []string
	for name, attribute := range resp.Schema.Attributes {
		rules := reflect.ValueOf(attribute).FieldByName("Validators")
		if !rules.IsValid() || rules.Len() == 0 {
			continue
		}
		names = append(names, name)
		if kind := reflect.TypeOf(attribute).Name(); kind != "StringAttribute" && kind != "Int64Attribute" {
			t.Errorf("%s: brokenRules does not know the rules of a %s", name, kind)
		}
	}
	return names
}

func TestAction_AnUnknownValueIsNotInvoked(t *testing.T) {
	t.Parallel()
	sim := staleTenant(t)
	p := newProtocol(t, sim, nil)
	for _, attribute := range p.schemas().ActionSchemas[actionType].Schema.Block.Attributes {
		progress, diags := p.invoke(stale(map[string]any{attribute.Name: unknown{}}))
		if len(diags) != 1 || !strings.HasPrefix(diags[0], "error "+attribute.Name+": Unknown Value") || progress != "" {
			t.Errorf("%s: got %v\n%s", attribute.Name, diags, progress)
		}
	}
	_, diags := p.invoke(stale(map[string]any{"timeouts": unknown{}}))
	if len(diags) != 1 || !strings.HasPrefix(diags[0], "error timeouts: Unknown Value") {
		t.Errorf("timeouts: got %v", diags)
	}
	if len(sim.identifiers()) != 5 {
		t.Errorf("left are %v", sim.identifiers())
	}
}

func TestAction_AConfigurationThatIsUnknownAsAWholeIsNotInvoked(t *testing.T) {
	t.Parallel()
	whole := tftypes.NewValue(tftypes.Object{AttributeTypes: map[string]tftypes.Type{"dry_run": tftypes.Bool}}, tftypes.UnknownValue)
	if diags := notKnown(tfsdk.Config{Raw: whole}); len(diags) != 1 || diags[0].Summary() != "Unknown Configuration" {
		t.Errorf("got %v", diags)
	}
}
