package provider

import (
	"fmt"
	"os/exec"
	"regexp"
	"strings"
	"testing"
)

// newerFeatures are the parts of the language that came after the oldest CLI
// that the provider supports. Terraform and OpenTofu count alike here, or nearly,
// but for what only Terraform has.
var newerFeatures = []struct {
	pattern       *regexp.Regexp
	minor         int
	onlyTerraform bool
}{
	{pattern: regexp.MustCompile(`(?m)^import \{\n\s*for_each`), minor: 7},
	{pattern: regexp.MustCompile(`(?m)^removed \{`), minor: 7},
	{pattern: regexp.MustCompile(`provider::`), minor: 8},
	{pattern: regexp.MustCompile(`(?m)^  identity = \{`), minor: 12},
	{pattern: regexp.MustCompile(`(?m)^action "`), minor: 14, onlyTerraform: true},
	{pattern: regexp.MustCompile(`required_version = ">= 1\.8"`), minor: 8},
}

// skipIfTooNewForCLI skips a test whose configuration the CLI cannot read.
func skipIfTooNewForCLI(t *testing.T, files map[string]string) {
	t.Helper()
	for name, content := range files {
		for _, feature := range newerFeatures {
			if strings.Contains(name, ".tf") && feature.pattern.MatchString(content) {
				skipBelow(t, name, feature.minor, feature.onlyTerraform)
			}
		}
	}
}

// needsQueryAndActions skips a test of commands that came with Terraform 1.14,
// and that OpenTofu does not have.
func needsQueryAndActions(t *testing.T) {
	t.Helper()
	skipBelow(t, "this test", 14, true)
}

func skipBelow(t *testing.T, what string, minor int, onlyTerraform bool) {
	t.Helper()
	name, version := cliVersion(t)
	if isBelow(version, minor) || onlyTerraform && name != "Terraform" {
		t.Skipf("%s needs Terraform 1.%d, and this is %s %s", what, minor, name, version)
	}
}

func isBelow(version string, minor int) bool {
	var major, got int
	_, err := fmt.Sscanf(version, "%d.%d.", &major, &got)
	return err == nil && major == 1 && got < minor
}

var versionLine = regexp.MustCompile(`(?m)^(Terraform|OpenTofu) v(\S+)`)

// cliVersion is the name of the CLI and its version. It reads the text: in the
// JSON, OpenTofu calls itself Terraform.
func cliVersion(t *testing.T) (name, version string) {
	t.Helper()
	output, err := exec.Command(cliPath(t), "version").Output()
	if err != nil {
		t.Fatal(err)
	}
	match := versionLine.FindStringSubmatch(string(output))
	if match == nil {
		t.Fatalf("no version in:\n%s", output)
	}
	return match[1], match[2]
}
