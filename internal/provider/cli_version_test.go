package provider

import (
	"encoding/json"
	"fmt"
	"os/exec"
	"regexp"
	"strings"
	"testing"
)

// newerFeatures are the parts of the language that came after the oldest CLI
// that the provider supports. Terraform and OpenTofu count alike here, or nearly.
var newerFeatures = []struct {
	pattern *regexp.Regexp
	minor   int
}{
	{regexp.MustCompile(`(?m)^import \{\n\s*for_each`), 7},
	{regexp.MustCompile(`(?m)^removed \{`), 7},
	{regexp.MustCompile(`provider::`), 8},
	{regexp.MustCompile(`(?m)^  identity = \{`), 12},
	{regexp.MustCompile(`(?m)^action "`), 14},
	{regexp.MustCompile(`required_version = ">= 1\.8"`), 8},
}

// skipIfTooNewForCLI skips a test whose configuration the CLI cannot read.
func skipIfTooNewForCLI(t *testing.T, files map[string]string) {
	t.Helper()
	for name, content := range files {
		for _, feature := range newerFeatures {
			if !strings.Contains(name, ".tf") || !feature.pattern.MatchString(content) {
				continue
			}
			if version := cliVersion(t); isBelow(version, feature.minor) {
				t.Skipf("%s needs 1.%d, and this is %s", name, feature.minor, version)
			}
		}
	}
}

func isBelow(version string, minor int) bool {
	var major, got int
	_, err := fmt.Sscanf(version, "%d.%d.", &major, &got)
	return err == nil && major == 1 && got < minor
}

func cliVersion(t *testing.T) string {
	t.Helper()
	output, err := exec.Command(cliPath(t), "version", "-json").Output()
	if err != nil {
		t.Fatal(err)
	}
	var answer struct {
		Version string `json:"terraform_version"`
	}
	if err := json.Unmarshal(output, &answer); err != nil {
		t.Fatal(err)
	}
	return answer.Version
}
