package provider

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
)

// The oldest Terraform that everything works on which the messages and pages
// recommend: import blocks came with 1.5. Protocol 6 alone would allow 1.0, and
// Terraform before that refuses the provider by itself. OpenTofu began at 1.6
// and reports its own version, so it never is below.
const (
	minimumTerraformMajor = 1
	minimumTerraformMinor = 5
)

// checkTerraformVersion refuses a Terraform that is too old. A version that
// cannot be read passes: it is somebody's own build, and a guess must not stop
// anybody.
func checkTerraformVersion(version string) diag.Diagnostics {
	parts := strings.SplitN(version, ".", 3)
	if len(parts) < 2 {
		return nil
	}
	major, err := strconv.Atoi(parts[0])
	if err != nil {
		return nil
	}
	minor, err := strconv.Atoi(parts[1])
	if err != nil {
		return nil
	}
	if major > minimumTerraformMajor || major == minimumTerraformMajor && minor >= minimumTerraformMinor {
		return nil
	}
	return diag.Diagnostics{diag.NewErrorDiagnostic("Terraform Too Old", fmt.Sprintf(
		"This is Terraform %s, and the provider needs Terraform %d.%d or later, or any OpenTofu. Nothing was read or changed. Upgrade Terraform; the state needs no conversion.",
		version, minimumTerraformMajor, minimumTerraformMinor))}
}
