package provider

import (
	"maps"
	"strings"
	"testing"

	"github.com/intunetf/terraform-provider-intune/internal/graphsim"
)

// A plan with -target leaves out what its target does not need, so a refusal
// that nothing refers to would be lost with it, and the rows of the faulty file
// would look like devices that are gone.
func TestModuleCorporateFleet_TargetDeletesNoDevicesOfAFaultyFile(t *testing.T) {
	t.Parallel()
	files := withModules(t, readFolder(t, examples+"/corporate-fleet"))
	sim := newTenant(t, graphsim.ProfileField)
	w := newWorkspaceOf(t, files, sim.cliEnv()...)
	w.run("apply", "-no-color", "-input=false", "-auto-approve")
	before := maps.Clone(sim.held())
	const file = "berlin/serialNumber.csv"
	w.write("sites/"+file, files["sites/"+file]+"A1,x,y\n")
	for _, target := range []string{"module.corporate_fleet.intune_imported_device_identities.this", "module.corporate_fleet"} {
		output, err := w.try("apply", "-no-color", "-input=false", "-auto-approve", "-target="+target)
		if err == nil {
			t.Errorf("%s: the apply succeeds:\n%s", target, output)
		}
		plain := unwrapped(output)
		if strings.Count(plain, "Error: ") != 1 || !strings.Contains(plain, "expected identifier,details, found 3 parts") || !strings.Contains(plain, file) {
			t.Errorf("%s: the message does not name the fault and its file, or there are others:\n%s", target, output)
		}
		sim.wantHeld(t, before)
	}
	if len(before) == 0 {
		t.Error("the tenant held nothing: the test proves nothing")
	}
}
