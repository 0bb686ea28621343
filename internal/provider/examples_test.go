package provider

import (
	"encoding/base64"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/intunetf/terraform-provider-intune/internal/graphsim"
)

const examples = "../../examples"

// exampleFolders are all folders of examples that hold a configuration.
func exampleFolders(t *testing.T) []string {
	t.Helper()
	var folders []string
	err := filepath.WalkDir(examples, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() && filepath.Ext(path) == ".tf" && !slices.Contains(folders, filepath.Dir(path)) {
			folders = append(folders, filepath.Dir(path))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(folders) < 10 {
		t.Fatalf("only %d folders with examples were found", len(folders))
	}
	return folders
}

// isModule tells a folder that root modules call from one that is run itself.
func isModule(folder string) bool {
	return strings.HasPrefix(filepath.ToSlash(folder), examples+"/modules/")
}

// withModules adds the modules to the files of a root module that calls some,
// where its sources find them: beside the workspace, whose parent is the test's
// own folder.
func withModules(t *testing.T, files map[string]string) map[string]string {
	t.Helper()
	for _, content := range files {
		if strings.Contains(content, `"../modules/`) {
			for name, content := range readFolder(t, examples+"/modules") {
				files["../modules/"+name] = content
			}
			return files
		}
	}
	return files
}

// importBlockKey finds what an example imports: it must be in the tenant already.
var importBlockKey = regexp.MustCompile(`"serialNumber/(\$\{each\.key\}|[A-Z0-9]+)"`)

// dataKey finds which identifier an example reads: it must be there, too.
var dataKey = regexp.MustCompile(`data "intune_imported_device_identity" "\w+" \{\s[^}]*"serialNumber"\s[^}]*imported_device_identifier\s*= "([A-Z0-9]+)"`)

// identityID finds what an example imports by identity. The ids of the simulated
// field tenant say what they stand for.
var identityID = regexp.MustCompile(`identity = \{\s*id = "([A-Za-z0-9+/=]+)"`)

// TestExamples_ApplyAndThenPlanNothing runs every example as a reader would,
// with the credential in the environment.
func TestExamples_ApplyAndThenPlanNothing(t *testing.T) {
	t.Parallel()
	for _, folder := range slices.DeleteFunc(exampleFolders(t), isModule) {
		name, err := filepath.Rel(examples, folder)
		if err != nil {
			t.Fatal(err)
		}
		t.Run(filepath.ToSlash(name), func(t *testing.T) {
			t.Parallel()
			files := withModules(t, readFolder(t, folder))
			all := ""
			for _, content := range files {
				all += content
			}
			sim := newTenant(t, graphsim.ProfileField)
			for _, match := range identityID.FindAllStringSubmatch(all, -1) {
				id, err := base64.StdEncoding.DecodeString(match[1])
				if err != nil {
					t.Fatal(err)
				}
				sim.Tenant().Seed(graphsim.Identity{ImportedDeviceIdentityType: "serialNumber", ImportedDeviceIdentifier: string(id[1:])})
			}
			for _, match := range dataKey.FindAllStringSubmatch(all, -1) {
				sim.Tenant().Seed(graphsim.Identity{ImportedDeviceIdentityType: "serialNumber", ImportedDeviceIdentifier: match[1]})
			}
			for _, match := range importBlockKey.FindAllStringSubmatch(all, -1) {
				serials := []string{match[1]}
				if strings.HasPrefix(match[1], "$") {
					serials = regexp.MustCompile(`DMPX7K2QJF\d\d`).FindAllString(all, -1)
				}
				for _, serial := range slices.Compact(slices.Sorted(slices.Values(serials))) {
					sim.Tenant().Seed(graphsim.Identity{ImportedDeviceIdentityType: "serialNumber", ImportedDeviceIdentifier: serial, Description: "from the portal"})
				}
			}
			if strings.Contains(all, `id = "serialNumber"`) { // a fleet imports a whole type
				sim.Tenant().Seed(
					graphsim.Identity{ImportedDeviceIdentityType: "serialNumber", ImportedDeviceIdentifier: "DMPX7K2QJF88", Description: "Tablet in the lobby"},
					graphsim.Identity{ImportedDeviceIdentityType: "serialNumber", ImportedDeviceIdentifier: "DMPX7K2QJF89"})
			}
			w := newWorkspaceOf(t, files, append(sim.env(), "ARM_CLIENT_SECRET="+graphsim.DefaultClientSecret)...)
			w.run("plan", "-no-color", "-input=false", "-generate-config-out=generated.tf", "-out=plan.tfplan")
			w.run("apply", "-no-color", "-input=false", "plan.tfplan")
			w.run("plan", "-no-color", "-input=false", "-detailed-exitcode")
			if strings.Contains(all, "\nresource ") && len(sim.Tenant().Identities()) == 0 {
				t.Error("the example has a resource and the tenant holds nothing")
			}
		})
	}
}

// readFolder reads the files of a configuration, those in its folders included,
// by their slash-separated names. A folder below with a configuration of its own
// is another example; the modules are read as a whole.
func readFolder(t *testing.T, folder string) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(folder, path)
		if err != nil {
			return err
		}
		if entry.IsDir() {
			own, err := filepath.Glob(filepath.Join(path, "*.tf"))
			if err == nil && name != "." && len(own) > 0 && !isModule(path) {
				return fs.SkipDir
			}
			return nil
		}
		if strings.HasSuffix(name, ".sh") {
			return nil
		}
		content, err := os.ReadFile(path)
		files[filepath.ToSlash(name)] = string(content)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// TestExamples_ReadmeAndPagesShowNothingElse holds every configuration in a page
// against the examples, so that no snippet escapes the test above.
func TestExamples_ReadmeAndPagesShowNothingElse(t *testing.T) {
	t.Parallel()
	known := map[string]bool{}
	for _, folder := range exampleFolders(t) {
		for _, content := range readFolder(t, folder) {
			known[strings.TrimSpace(content)] = true
		}
	}
	pages := []string{"../../README.md"}
	err := filepath.WalkDir("../../docs", func(path string, entry fs.DirEntry, err error) error {
		if err == nil && filepath.Ext(path) == ".md" {
			pages = append(pages, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	snippet := regexp.MustCompile("(?s)```(?:terraform|hcl)\n(.*?)```")
	found := 0
	for _, page := range pages {
		content, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, match := range snippet.FindAllStringSubmatch(string(content), -1) {
			found++
			if !known[strings.TrimSpace(match[1])] {
				t.Errorf("%s shows a configuration that is no file below examples:\n%s", page, match[1])
			}
		}
	}
	if found == 0 {
		t.Error("no page shows a configuration")
	}
}
