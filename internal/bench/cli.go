package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"
)

// Under the CLI the provider is this program itself, which starts the real one
// and writes down what it took: Terraform starts several in one command, and
// their time is not to be had from outside.
const (
	wrapperPrefix   = "terraform-provider-"
	realVariable    = "BENCH_REAL_PROVIDER"
	accountVariable = "BENCH_ACCOUNT"
)

// runAsProvider reports whether this process was started by Terraform.
func runAsProvider() bool {
	if !strings.HasPrefix(filepath.Base(os.Args[0]), wrapperPrefix) || os.Getenv(realVariable) == "" {
		return false
	}
	command := exec.Command(os.Getenv(realVariable), os.Args[1:]...) //nolint:gosec // this program made the variable
	command.Stdin, command.Stdout, command.Stderr = os.Stdin, os.Stdout, os.Stderr
	err := command.Run()
	if command.ProcessState != nil {
		if line, jsonErr := json.Marshal(usageOf(command.ProcessState)); jsonErr == nil {
			account(line)
		}
	}
	if err != nil {
		os.Exit(1)
	}
	return true
}

func account(line []byte) {
	file, err := os.OpenFile(os.Getenv(accountVariable), os.O_APPEND|os.O_WRONLY|os.O_CREATE, 0o600)
	if err != nil {
		return
	}
	_, _ = file.Write(append(line, '\n'))
	_ = file.Close()
}

// workspace is a folder with a configuration, and the provider beside it.
type workspace struct {
	r               *runner
	folder, account string
	env             []string
}

func (r *runner) newWorkspace(ctx context.Context, name, binary, module string) (*workspace, error) {
	folder, err := os.MkdirTemp(r.folder, "workspace-")
	if err != nil {
		return nil, err
	}
	w := &workspace{r: r, folder: folder, account: filepath.Join(folder, "account")}
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	mirror := filepath.Join(folder, "mirror")
	for _, host := range []string{"registry.terraform.io", "registry.opentofu.org"} {
		place := filepath.Join(mirror, host, "intunetf", name, "0.0.1", runtime.GOOS+"_"+runtime.GOARCH)
		if err := os.MkdirAll(place, 0o700); err != nil {
			return nil, err
		}
		if err := os.Symlink(self, filepath.Join(place, wrapperPrefix+name+"_v0.0.1")); err != nil {
			return nil, err
		}
	}
	cliConfig := filepath.Join(folder, "terraform.rc")
	for path, content := range map[string]string{
		cliConfig: fmt.Sprintf("disable_checkpoint = true\nprovider_installation {\n  filesystem_mirror {\n    path = %q\n  }\n}\n", mirror),
		filepath.Join(folder, "main.tf"): fmt.Sprintf(
			"terraform {\n  required_providers {\n    %s = { source = \"intunetf/%[1]s\" }\n  }\n}\n%s", name, module),
	} {
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			return nil, err
		}
	}
	w.env = []string{
		"TF_CLI_CONFIG_FILE=" + cliConfig, "PATH=" + os.Getenv("PATH"), "HOME=" + folder, "TMPDIR=" + r.folder, "TF_IN_AUTOMATION=1",
		"CHECKPOINT_DISABLE=1", realVariable + "=" + binary, accountVariable + "=" + w.account,
	}
	_, err = w.terraform(ctx, "init", "-input=false")
	return w, err
}

func (w *workspace) writeRows(rows map[string]string) error {
	content, err := json.Marshal(rows)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(w.folder, "rows.json"), content, 0o600)
}

// terraform runs a command, and says what it and its providers took.
func (w *workspace) terraform(ctx context.Context, args ...string) (sample, error) {
	_ = os.Remove(w.account)
	command := exec.CommandContext(ctx, w.r.cli, append(args, "-no-color")...) //nolint:gosec // the user names the command
	command.Dir, command.Env = w.folder, w.env
	var output bytes.Buffer
	command.Stdout, command.Stderr = &output, &output
	began := time.Now()
	err := command.Run()
	s := sample{wall: time.Since(began)}
	if err != nil {
		return s, fmt.Errorf("%s: %w\n%s", strings.Join(args, " "), err, output.String())
	}
	content, err := os.ReadFile(w.account)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return s, err
	}
	for line := range bytes.Lines(content) {
		var one usage
		if err := json.Unmarshal(line, &one); err != nil {
			return s, err
		}
		s.usage = s.usage.add(one)
	}
	// The account of a process includes that of the processes it waited for.
	s.terraformCPU = max(usageOf(command.ProcessState).CPU-s.usage.CPU, 0)
	return s, nil
}

// cliRun measures the four operations with the Terraform CLI.
func (r *runner) cliRun(ctx context.Context, form string, n int) ([]sample, error) {
	t, err := r.newTenant()
	if err != nil {
		return nil, err
	}
	defer t.close()
	w, err := r.workspaceFor(ctx, form, t)
	if err != nil {
		return nil, err
	}
	rows := serials(n)
	var samples []sample
	for _, operation := range operations() {
		args := []string{"apply", "-auto-approve", "-input=false"}
		switch operation {
		case opRefresh:
			args = []string{"plan", "-detailed-exitcode", "-input=false"}
		case opDestroy:
			args = append(args, "-destroy")
		case opUpdate:
			for i := range onePercent(n) {
				rows[serial(i)] = fmt.Sprintf(changedDescription, i)
			}
		}
		if err := w.writeRows(rows); err != nil {
			return samples, err
		}
		t.takeRoutes()
		s, err := w.terraform(ctx, args...)
		s.routes = t.takeRoutes()
		if err == nil && form != formCLIBare {
			err = wantAfter(t, operation, n)
		}
		if err != nil {
			return samples, fmt.Errorf("%s, %s of %d: %w", form, operation, n, err)
		}
		s.form, s.operation, s.n = form, operation, n
		samples = append(samples, s)
	}
	return samples, nil
}

func (r *runner) workspaceFor(ctx context.Context, form string, t *tenant) (*workspace, error) {
	const rows = `jsondecode(file("${path.module}/rows.json"))`
	if form == formCLIBare {
		return r.newWorkspace(ctx, "bare", r.bare, "\nresource \""+bareType+"\" \"all\" {\n  identities = "+rows+"\n}\n")
	}
	var block strings.Builder
	for name, value := range unlimited(t) {
		fmt.Fprintf(&block, "  %s = %s\n", name, hcl(value))
	}
	module := "\nprovider \"intune\" {\n" + block.String() + "}\n"
	if form == formCLIFleet {
		module += "\nresource \"" + fleetType + "\" \"all\" {\n  imported_device_identity_type = \"serialNumber\"\n  identities = " + rows + "\n}\n"
	} else {
		module += "\nresource \"" + singleType + "\" \"all\" {\n  for_each = " + rows +
			"\n  imported_device_identity_type = \"serialNumber\"\n  imported_device_identifier = each.key\n  description = each.value\n}\n"
	}
	return r.newWorkspace(ctx, "intune", r.intune, module)
}

func hcl(value any) string {
	if text, ok := value.(string); ok {
		return fmt.Sprintf("%q", text)
	}
	return fmt.Sprint(value)
}

// cliRuns measures the fleet, the resource without logic, and single resources.
func (r *runner) cliRuns(ctx context.Context, all *results) error {
	version, err := exec.CommandContext(ctx, r.cli, "version").Output() //nolint:gosec // the user names the command
	if err != nil {
		return err
	}
	all.terraformVersion, _, _ = strings.Cut(string(version), "\n")
	for _, run := range []struct {
		form  string
		sizes []int
	}{{formCLIFleet, r.cliFleet}, {formCLIBare, r.cliFleet}, {formCLISingle, r.cliSingle}} {
		for _, n := range run.sizes {
			samples, err := r.cliRun(ctx, run.form, n)
			if err != nil {
				return err
			}
			all.samples = append(all.samples, samples...)
		}
	}
	return nil
}

// walls is one create of 10,000 rows, four ways: a loop that does what must be
// done, a loop that sends all that the provider sends, and two providers.
type walls struct{ floor, same, cli, bare sample }

// wallRuns does them in turns, three times, and keeps the shortest of each: what
// else the machine does only ever adds.
func (r *runner) wallRuns(ctx context.Context, all *results) error {
	const n = 10_000
	for range 3 {
		floor, err := r.loopCreate(ctx, n, false)
		if err != nil {
			return err
		}
		same, err := r.loopCreate(ctx, n, true)
		if err != nil {
			return err
		}
		cli, err := r.cliCreate(ctx, formCLIFleet, n)
		if err != nil {
			return err
		}
		bare, err := r.cliCreate(ctx, formCLIBare, n)
		if err != nil {
			return err
		}
		for _, one := range []struct {
			into *sample
			s    sample
		}{{&all.walls.floor, floor}, {&all.walls.same, same}, {&all.walls.cli, cli}, {&all.walls.bare, bare}} {
			if one.into.wall == 0 || one.s.wall < one.into.wall {
				*one.into = one.s
			}
		}
	}
	return nil
}

func (r *runner) cliCreate(ctx context.Context, form string, n int) (sample, error) {
	t, err := r.newTenant()
	if err != nil {
		return sample{}, err
	}
	defer t.close()
	w, err := r.workspaceFor(ctx, form, t)
	if err != nil {
		return sample{}, err
	}
	if err := w.writeRows(serials(n)); err != nil {
		return sample{}, err
	}
	return w.terraform(ctx, "apply", "-auto-approve", "-input=false")
}

// loopCreate signs in, searches and imports. As processes it does what Terraform
// makes of that: one plans, with the list of the tenant, and another one plans
// again and applies.
func (r *runner) loopCreate(ctx context.Context, n int, asProcesses bool) (sample, error) {
	t, err := r.newTenant()
	if err != nil {
		return sample{}, err
	}
	defer t.close()
	began := time.Now()
	if asProcesses {
		if err := loopProcess(ctx, t, func(l *loop) error {
			_, err := l.list(ctx)
			return err
		}); err != nil {
			return sample{}, err
		}
	}
	err = loopProcess(ctx, t, func(l *loop) error {
		if asProcesses {
			if _, err := l.list(ctx); err != nil {
				return err
			}
		}
		return l.fleetCreate(ctx, n)
	})
	return sample{wall: time.Since(began)}, err
}

// loopProcess is a loop with a connection and a sign-in of its own.
func loopProcess(ctx context.Context, t *tenant, work func(*loop) error) error {
	l, err := newLoop(t)
	if err != nil {
		return err
	}
	defer l.client.CloseIdleConnections()
	if err := l.signIn(ctx); err != nil {
		return err
	}
	return work(l)
}
