package provider

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/intunetf/terraform-provider-intune/internal/graphsim"
)

func (s *tenant) cliEnv() []string {
	return append(s.env(), "ARM_CLIENT_SECRET="+graphsim.DefaultClientSecret)
}

// TestCLI_StaleGuideWarnsAndLists runs the guide's example on a tenant that has
// stale identifiers.
func TestCLI_StaleGuideWarnsAndLists(t *testing.T) {
	t.Parallel()
	sim := staleTenant(t)
	w := newWorkspaceOf(t, readFolder(t, examples+"/guides/find-stale-identifiers"), sim.cliEnv()...)
	output := w.run("apply", "-no-color", "-input=false", "-auto-approve")
	for _, want := range []string{"Warning: Check block assertion failed", "Devices that have not contacted Intune since 2025-01-01T00:00:00Z: 1."} {
		if !strings.Contains(strings.Join(strings.Fields(strings.ReplaceAll(output, "│", " ")), " "), want) {
			t.Errorf("no %q in:\n%s", want, output)
		}
	}
	var stale map[string]string
	if err := json.Unmarshal([]byte(w.run("output", "-json", "stale")), &stale); err != nil {
		t.Fatal(err)
	}
	if stale["serialNumber/NEVER-OLD"] == "" || stale["imei/355450075770212"] == "" || len(stale) != 2 {
		t.Errorf("got %v", stale)
	}
}

func TestCLI_QueryListsAndWritesAConfigurationThatImports(t *testing.T) {
	t.Parallel()
	needsQueryAndActions(t)
	sim := staleTenant(t)
	files := readFolder(t, examples+"/list-resources/intune_imported_device_identity")
	files["more.tfquery.hcl"] = "list \"intune_imported_device_identity\" \"all\" {\n  provider = intune\n}\n"
	w := newWorkspaceOf(t, files, sim.cliEnv()...)
	output := w.run("query", "-no-color", "-generate-config-out=generated.tf")
	if strings.Count(output, "imei/355450075770212") != 2 || strings.Count(output, "list.intune_imported_device_identity.all ") != 5 {
		t.Errorf("the query shows\n%s", output)
	}
	generated := w.read("generated.tf")
	if strings.Count(generated, "identity = {") != 6 {
		t.Errorf("generated:\n%s", generated)
	}
	// The phone is in both lists; an identity belongs into one resource.
	w = newWorkspaceOf(t, map[string]string{"providers.tf": files["providers.tf"], "all.tfquery.hcl": files["more.tfquery.hcl"]}, sim.cliEnv()...)
	w.run("query", "-no-color", "-generate-config-out=generated.tf")
	output = w.run("apply", "-no-color", "-auto-approve")
	if !strings.Contains(output, "5 imported, 0 added, 0 changed, 0 destroyed") {
		t.Errorf("%s\nwith this configuration:\n%s", output, w.read("generated.tf"))
	}
	w.run("plan", "-no-color", "-detailed-exitcode")
}

// Queries stand in files of their own, which no plan reads.
func TestCLI_EveryExampleOfAQueryRuns(t *testing.T) {
	t.Parallel()
	needsQueryAndActions(t)
	queries, err := filepath.Glob(examples + "/*/*/*.tfquery.hcl")
	if err != nil || len(queries) < 2 {
		t.Fatalf("%v, %v", queries, err)
	}
	for _, query := range queries {
		t.Run(filepath.Base(filepath.Dir(query)), func(t *testing.T) {
			t.Parallel()
			content, err := os.ReadFile(query)
			if err != nil {
				t.Fatal(err)
			}
			w := newWorkspaceOf(t, map[string]string{"main.tf": requiredProviders, "query.tfquery.hcl": string(content)}, staleTenant(t).cliEnv()...)
			if output := w.run("query", "-no-color"); !strings.Contains(output, "list.intune_imported_device_identity.") {
				t.Errorf("nothing is listed:\n%s", output)
			}
		})
	}
}

func TestCLI_ActionDeletesWhatItsPlanShowed(t *testing.T) {
	t.Parallel()
	needsQueryAndActions(t)
	sim := staleTenant(t)
	files := readFolder(t, examples+"/actions/intune_delete_stale_device_identities")
	w := newWorkspaceOf(t, files, sim.cliEnv()...)
	const address = "-invoke=action.intune_delete_stale_device_identities.unused_since_2024"
	output := w.run("apply", "-no-color", "-auto-approve", address)
	if !strings.Contains(output, `"NEVER-OLD"`) || !strings.Contains(output, "nothing was deleted") || len(sim.identifiers()) != 5 {
		t.Errorf("left are %v after\n%s", sim.identifiers(), output)
	}
	w.write("action.tf", strings.ReplaceAll(files["action.tf"], "dry_run                       = true", ""))
	output = w.run("plan", "-no-color", address)
	if !strings.Contains(output, "Action Deletes Device Identifiers") || !strings.Contains(output, `"NEVER-OLD"`) {
		t.Errorf("the plan does not say what is deleted:\n%s", output)
	}
	output = w.run("apply", "-no-color", "-auto-approve", address)
	if !strings.Contains(output, "Deleted 1 identifier of type serialNumber") || len(sim.identifiers()) != 4 {
		t.Errorf("left are %v after\n%s", sim.identifiers(), output)
	}
}

// TestCLI_ActionRefusesAnEmptyFilterThatBecomesKnownLate lets the filter come
// from a resource of the same run: only the invocation sees its value.
func TestCLI_ActionRefusesAnEmptyFilterThatBecomesKnownLate(t *testing.T) {
	t.Parallel()
	needsQueryAndActions(t)
	for text, want := range map[string]struct {
		output string
		left   int
	}{
		"":     {"Invalid Attribute Value Length", 5},
		"LONG": {"Deleted 1 identifier of type serialNumber", 4},
	} {
		sim := staleTenant(t)
		w := newWorkspaceOf(t, map[string]string{"main.tf": requiredProviders + fmt.Sprintf(`
resource "terraform_data" "text" {
  input = %q
}

resource "terraform_data" "trigger" {
  lifecycle {
    action_trigger {
      events  = [after_create]
      actions = [action.intune_delete_stale_device_identities.late]
    }
  }
}

action "intune_delete_stale_device_identities" "late" {
  config {
    imported_device_identity_type = "serialNumber"
    identifier_contains           = terraform_data.text.output
    last_contacted_before         = "2024-01-01T00:00:00Z"
    max_deletions                 = 100
  }
}
`, text)}, sim.cliEnv()...)
		output, err := w.try("apply", "-no-color", "-auto-approve")
		if !strings.Contains(output, want.output) || (err == nil) != (want.left == 4) || len(sim.identifiers()) != want.left {
			t.Errorf("with %q, left are %v, %v, after\n%s", text, sim.identifiers(), err, output)
		}
	}
}

// TestCLI_IdentityAppearsInAStateThatHadNone starts where an earlier version of
// the provider, or an earlier Terraform, left off.
func TestCLI_IdentityAppearsInAStateThatHadNone(t *testing.T) {
	t.Parallel()
	needsQueryAndActions(t)
	for _, gone := range []bool{false, true} {
		sim := newTenant(t, graphsim.ProfileField)
		w := newWorkspaceOf(t, map[string]string{"main.tf": requiredProviders + resourceBlock(serialLines...)}, sim.cliEnv()...)
		w.run("apply", "-no-color", "-auto-approve")
		before := w.read("terraform.tfstate")
		w.write("terraform.tfstate", withoutIdentities(t, before))
		if !strings.Contains(before, `"identity"`) || strings.Contains(w.read("terraform.tfstate"), `"identity"`) {
			t.Fatal("the state is not what it was before there were identities")
		}
		if gone {
			sim.Tenant().Remove("serialNumber", sim.only(t).ImportedDeviceIdentifier)
			if output := w.run("plan", "-no-color"); !strings.Contains(output, "1 to add") {
				t.Errorf("got\n%s", output)
			}
			continue
		}
		w.run("plan", "-no-color", "-detailed-exitcode")
		w.run("apply", "-no-color", "-auto-approve", "-refresh-only")
		if !strings.Contains(w.read("terraform.tfstate"), `"identity"`) {
			t.Error("a refresh did not add the identity")
		}
	}
}

// withoutIdentities is a state as an older Terraform writes it.
func withoutIdentities(t *testing.T, content string) string {
	t.Helper()
	var state map[string]json.RawMessage
	var resources, instances []map[string]json.RawMessage
	decode := func(from []byte, into any) {
		if err := json.Unmarshal(from, into); err != nil {
			t.Fatal(err)
		}
	}
	encode := func(v any) json.RawMessage {
		encoded, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		return encoded
	}
	decode([]byte(content), &state)
	decode(state["resources"], &resources)
	for _, resource := range resources {
		decode(resource["instances"], &instances)
		for _, instance := range instances {
			delete(instance, "identity")
			delete(instance, "identity_schema_version")
		}
		resource["instances"] = encode(instances)
	}
	state["resources"] = encode(resources)
	return string(encode(state))
}
