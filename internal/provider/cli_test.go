package provider

import (
	"archive/zip"
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/intunetf/terraform-provider-intune/internal/graphsim"
)

// The tests in this file run the released form of the provider: a binary that
// the Terraform CLI installs, starts and stops. They are for what only shows
// there: logs, files, and options of the CLI.

// buildRelease builds the provider as a release does, once for all tests.
var buildRelease = sync.OnceValues(func() (string, error) {
	directory, err := os.MkdirTemp("", "provider-intune-")
	if err != nil {
		return "", err
	}
	binary := filepath.Join(directory, "terraform-provider-intune_v0.0.1")
	build := exec.Command("go", "build", "-tags", "grpcnotrace", "-trimpath", "-ldflags", "-s -w -X main.version=0.0.1", "-o", binary, "../..")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if output, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build: %w\n%s", err, output)
	}
	return binary, nil
})

// workspace is a folder with a root module, the provider installed beside it.
type workspace struct {
	t         *testing.T
	directory string
	env       []string
}

func newWorkspace(t *testing.T, module string, env ...string) *workspace {
	t.Helper()
	return newWorkspaceOf(t, map[string]string{"main.tf": module}, env...)
}

// newWorkspaceOf skips the test when the CLI is too old for the files.
func newWorkspaceOf(t *testing.T, files map[string]string, env ...string) *workspace {
	t.Helper()
	skipIfTooNewForCLI(t, files)
	binary, err := buildRelease()
	if err != nil {
		t.Fatal(err)
	}
	w := &workspace{t: t, directory: t.TempDir()}
	mirror := t.TempDir()
	for _, host := range []string{"registry.terraform.io", "registry.opentofu.org"} {
		folder := filepath.Join(mirror, host, "intunetf", "intune", "0.0.1", runtime.GOOS+"_"+runtime.GOARCH)
		if err := os.MkdirAll(folder, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(binary, filepath.Join(folder, filepath.Base(binary))); err != nil {
			t.Fatal(err)
		}
	}
	cliConfig := filepath.Join(t.TempDir(), "terraform.rc")
	w.writeTo(cliConfig, fmt.Sprintf("disable_checkpoint = true\nprovider_installation {\n  filesystem_mirror {\n    path = %q\n  }\n}\n", mirror))
	for name, content := range files {
		w.write(name, content)
	}
	w.env = append([]string{"TF_CLI_CONFIG_FILE=" + cliConfig, "PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir(), "TF_IN_AUTOMATION=1"}, env...)
	w.run("init", "-no-color", "-input=false")
	return w
}

const requiredProviders = `
terraform {
  required_providers {
    intune = { source = "intunetf/intune" }
  }
}
`

func (w *workspace) write(name, content string) { w.writeTo(filepath.Join(w.directory, name), content) }

func (w *workspace) writeTo(path, content string) {
	w.t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		w.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		w.t.Fatal(err)
	}
}

func (w *workspace) read(name string) string {
	w.t.Helper()
	content, err := os.ReadFile(filepath.Join(w.directory, name))
	if err != nil {
		w.t.Fatal(err)
	}
	return string(content)
}

// run runs the CLI, which must succeed, and returns everything it printed.
func (w *workspace) run(args ...string) string {
	w.t.Helper()
	output, err := w.try(args...)
	if err != nil {
		w.t.Fatalf("%s: %v\n%s", strings.Join(args, " "), err, output)
	}
	return output
}

func (w *workspace) try(args ...string) (string, error) {
	w.t.Helper()
	command := exec.CommandContext(w.t.Context(), cliPath(w.t), args...)
	command.Dir = w.directory
	command.Env = w.env
	var output bytes.Buffer
	command.Stdout, command.Stderr = &output, &output
	err := command.Run()
	return output.String(), err
}

// cliPath is the CLI that "make test" names, or the one on PATH.
func cliPath(t *testing.T) string {
	t.Helper()
	if path := os.Getenv("TF_ACC_TERRAFORM_PATH"); path != "" {
		return path
	}
	for _, name := range []string{"terraform", "tofu"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	t.Fatal("neither Terraform nor OpenTofu is on PATH; \"make test\" obtains one")
	return ""
}

// env reaches the tenant from outside the configuration, the secret included.
func (s *tenant) env() []string {
	return []string{
		"ARM_ENVIRONMENT=custom", "ARM_MSGRAPH_ENDPOINT=" + s.url, "ARM_ACTIVE_DIRECTORY_AUTHORITY_HOST=" + s.url,
		"ARM_DISABLE_INSTANCE_DISCOVERY=true", "INTUNE_CA_CERTIFICATE_PATH=" + s.caPath,
		"ARM_TENANT_ID=" + graphsim.DefaultTenantID, "ARM_CLIENT_ID=" + graphsim.DefaultClientID,
	}
}

// A token and a client assertion are JSON web tokens; nothing else here is.
var jsonWebToken = regexp.MustCompile(`eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}`)

func TestCLI_NoSecretInLogsStateOrPlan(t *testing.T) {
	t.Parallel()
	certificate, pemFile := newCertificate(t)
	const secret = "a-secret-that-is-in-no-log-7d1f"
	for name, credential := range map[string][]string{
		"client secret":      {"ARM_CLIENT_SECRET=" + secret},
		"client certificate": {"ARM_CLIENT_CERTIFICATE_PATH=" + pemFile},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sim := newTenant(t, graphsim.ProfileField, func(o *graphsim.Options) {
				o.ClientSecret = secret
				o.ClientCertificates = []*x509.Certificate{certificate}
			})
			w := newWorkspace(t, requiredProviders+resourceBlock(serialLines...), append(sim.env(), append(credential, "TF_LOG=TRACE")...)...)
			var log strings.Builder
			log.WriteString(w.run("plan", "-no-color", "-out=plan.tfplan"))
			log.WriteString(w.run("apply", "-no-color", "plan.tfplan"))
			w.run("plan", "-no-color", "-detailed-exitcode")
			state := w.read("terraform.tfstate")
			log.WriteString(w.run("destroy", "-no-color", "-auto-approve"))
			if !strings.Contains(log.String(), "Graph request") || !strings.Contains(log.String(), "/beta/deviceManagement/importedDeviceIdentities") {
				t.Fatal("the log holds no request: the scan would prove nothing")
			}
			if len(sim.requests(graphsim.OpToken)) == 0 {
				t.Fatal("no token was fetched")
			}
			key, err := os.ReadFile(pemFile)
			if err != nil {
				t.Fatal(err)
			}
			keyLine := strings.Split(string(key), "\n")[1]
			for place, text := range map[string]string{"log": log.String(), "state": state, "plan": unzip(t, filepath.Join(w.directory, "plan.tfplan"))} {
				for _, forbidden := range []string{secret, keyLine, "Bearer "} {
					if strings.Contains(text, forbidden) {
						t.Errorf("%q is in the %s", forbidden, place)
					}
				}
				if token := jsonWebToken.FindString(text); token != "" {
					t.Errorf("a token or an assertion is in the %s: %s…", place, token[:20])
				}
			}
			if err := sim.isEmpty(); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestCLI_GeneratedConfigurationOfAnImportHasAnEmptyPlan(t *testing.T) {
	t.Parallel()
	eachProfile(t, func(t *testing.T, profile graphsim.Profile) {
		sim := newTenant(t, profile)
		sim.Tenant().Seed(
			graphsim.Identity{ImportedDeviceIdentityType: "imei", ImportedDeviceIdentifier: "355450075770212"},
			graphsim.Identity{ImportedDeviceIdentityType: "manufacturerModelSerial", ImportedDeviceIdentifier: "DELLINC,LATITUDE5440,ABC1234", Description: "Docks"},
			theirs())
		sim.Tenant().MarkEnrolled("serialNumber", "C02ABC123DEF", "ios")
		module := requiredProviders
		for i, identity := range sim.Tenant().Identities() {
			module += fmt.Sprintf("\nimport {\n  to = intune_imported_device_identity.adopted_%d\n  id = %q\n}\n", i, identity.ID)
		}
		w := newWorkspace(t, module, append(sim.env(), "ARM_CLIENT_SECRET="+graphsim.DefaultClientSecret)...)
		w.run("plan", "-no-color", "-generate-config-out=generated.tf")
		output := w.run("apply", "-no-color", "-auto-approve")
		if !strings.Contains(output, "3 imported, 0 added, 0 changed, 0 destroyed") {
			t.Errorf("the apply did more than import:\n%s\nwith this configuration:\n%s", output, w.read("generated.tf"))
		}
		output = w.run("plan", "-no-color", "-detailed-exitcode")
		if strings.Contains(output, "Warning") {
			t.Errorf("the plan of the generated configuration warns:\n%s", output)
		}
		// Nor does it once a device enrols.
		sim.Tenant().MarkEnrolled("imei", "355450075770212", "android")
		output = w.run("plan", "-no-color", "-detailed-exitcode")
		if strings.Contains(output, "Warning") {
			t.Errorf("the plan of the generated configuration warns after an enrolment:\n%s", output)
		}
	})
}

func TestCLI_WrongSecretFailsThePlanOnce(t *testing.T) {
	t.Parallel()
	sim := newTenant(t, graphsim.ProfileField)
	module := requiredProviders + "\nprovider \"intune\" {}\n"
	for i := range 5 {
		module += fmt.Sprintf("\nresource \"intune_imported_device_identity\" \"device_%d\" {\n  imported_device_identity_type = \"serialNumber\"\n  imported_device_identifier    = \"SERIAL%d\"\n}\n", i, i)
	}
	w := newWorkspace(t, module, append(sim.env(), "ARM_CLIENT_SECRET=wrong-secret-of-somebody")...)
	output, err := w.try("plan", "-no-color")
	if err == nil || strings.Count(output, "Error: ") != 1 || !strings.Contains(output, "AADSTS7000215") {
		t.Errorf("got %v\n%s", err, output)
	}
	if strings.Contains(output, "wrong-secret-of-somebody") {
		t.Error("the secret is in the output")
	}
}

// unzip is everything in a plan file, which is a zip archive.
func unzip(t *testing.T, path string) string {
	t.Helper()
	archive, err := zip.OpenReader(path)
	if err != nil {
		t.Fatal(err)
	}
	defer archive.Close() //nolint:errcheck // read only
	var all strings.Builder
	for _, file := range archive.File {
		content, err := file.Open()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.Copy(&all, content); err != nil {
			t.Fatal(err)
		}
		_ = content.Close()
	}
	return all.String()
}

// newCertificate makes a client certificate and a PEM file with its key.
func newCertificate(t *testing.T) (*x509.Certificate, string) {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "pipeline"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	content := append(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8}), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})...)
	path := filepath.Join(t.TempDir(), "client.pem")
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return certificate, path
}
