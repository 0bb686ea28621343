package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"text/template"
	"time"

	"github.com/intunetf/terraform-provider-intune/internal/graphsim"
)

// secretVariable names the client secret; a flag would show it to everybody who lists processes.
const secretVariable = "GRAPHSIM_CLIENT_SECRET"

// serveFlags are the flags of serve.
type serveFlags struct {
	listen, stateFile, seedFile, caOut, envOut string
	quiet                                      bool
	options                                    graphsim.Options
}

func parseServe(args []string, t terminal) (serveFlags, error) {
	var f serveFlags
	profile := string(graphsim.ProfileField)
	flags := flag.NewFlagSet("serve", flag.ContinueOnError)
	flags.StringVar(&profile, "profile", profile, "field: as observed in live tenants; documented: as the API reference says")
	flags.StringVar(&f.listen, "listen", "127.0.0.1:0", "loopback address to listen on; port 0 takes a free one")
	flags.StringVar(&f.stateFile, "state-file", "", "JSON file that holds the tenant's identities, read at the start and kept up to date")
	flags.StringVar(&f.seedFile, "seed", "", "JSON file with identities to start with, when the state file does not exist yet")
	flags.StringVar(&f.caOut, "ca-out", "", "file to write the CA certificate to (default a temporary file)")
	flags.StringVar(&f.envOut, "env-out", "", "file to write the settings to as shell exports, once the tenant listens")
	flags.BoolVar(&f.quiet, "quiet", false, "do not log requests")
	flags.IntVar(&f.options.PageSize, "page-size", 1000, "identities on a page of a list")
	flags.DurationVar(&f.options.Latency, "latency", 0, "time that every request takes, for example 50ms")
	flags.IntVar(&f.options.RequestLimit, "request-limit", 0, "requests per 20 seconds, 0 for no limit")
	flags.IntVar(&f.options.WriteLimit, "write-limit", 0, "writes per 20 seconds, 0 for no limit")
	flags.DurationVar(&f.options.VisibleAfter, "visible-after", 0, "time until a write is visible to reads, for example 5s")
	if err := parse(flags, args, t); err != nil {
		return f, err
	}
	f.options.Profile = graphsim.Profile(profile)
	f.options.ClientSecret = t.getenv(secretVariable)
	return f, nil
}

// serve runs a tenant until the context ends.
func serve(ctx context.Context, args []string, t terminal) error {
	f, err := parseServe(args, t)
	if err != nil {
		return err
	}
	f.options.Seed, err = startingIdentities(f.stateFile, f.seedFile)
	if err != nil {
		return err
	}
	saver := &stateSaver{path: f.stateFile, warnings: t.stderr}
	log := &requestLog{out: t.stdout, quiet: f.quiet}
	f.options.OnRequest = func(r graphsim.Request) {
		if !r.Batch { // the $batch itself follows
			saver.save()
		}
		log.line(r)
	}
	f.options.OnChange = saver.save
	server, err := graphsim.New(f.options)
	if err != nil {
		return err
	}
	saver.start(server)
	if f.envOut != "" {
		// Whoever waits for the file must not find that of an earlier run.
		if err := os.Remove(f.envOut); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	listener, err := server.Listen(f.listen)
	if err != nil {
		return err
	}
	temporary, err := f.announce(listener, t)
	if err == nil {
		<-ctx.Done()
		fmt.Fprintln(t.stdout, "Stopped.")
	}
	if closeErr := listener.Close(); err == nil {
		err = closeErr
	}
	for _, path := range temporary {
		_ = os.Remove(path) // nobody needs the CA of a tenant that is gone
	}
	saver.save()
	return err
}

// announce writes the files and prints what a newcomer needs. It returns the files that go when the tenant stops.
func (f *serveFlags) announce(l *graphsim.Listener, t terminal) (temporary []string, err error) {
	ca := f.caOut
	if ca == "" {
		directory, err := os.MkdirTemp("", "graphsim-")
		if err != nil {
			return nil, err
		}
		ca = filepath.Join(directory, "ca.pem")
		temporary = []string{ca, directory}
	}
	if ca, err = filepath.Abs(ca); err != nil {
		return temporary, err
	}
	if err := writeFile(ca, l.CAPEM(), 0o644); err != nil {
		return temporary, fmt.Errorf("write CA certificate: %w", err)
	}
	settings := f.settings(l.URL(), ca)
	if err := printProviderBlock(t, settings); err != nil {
		return temporary, err
	}
	if f.envOut != "" {
		fmt.Fprintf(t.stdout, "These settings are in %s (contains the client secret).\n", f.envOut)
	}
	fmt.Fprintf(t.stdout, "\nListening on %s (profile %s). Stop with Ctrl+C.\n\n", l.URL(), f.options.Profile)
	if f.envOut == "" {
		return temporary, nil
	}
	// Last, because whoever waits for the file goes on at once.
	if err := writeFile(f.envOut, []byte(exports(settings, f.secret())), 0o600); err != nil {
		return temporary, fmt.Errorf("write settings: %w", err)
	}
	return temporary, nil
}

func (f *serveFlags) secret() string {
	if f.options.ClientSecret != "" {
		return f.options.ClientSecret
	}
	return graphsim.DefaultClientSecret
}

// setting is one environment variable of the provider or of this program.
type setting struct{ name, value string }

// settings are all but the secret.
func (f *serveFlags) settings(url, ca string) []setting {
	return []setting{
		{"ARM_ENVIRONMENT", "custom"},
		{"ARM_MSGRAPH_ENDPOINT", url},
		{"ARM_ACTIVE_DIRECTORY_AUTHORITY_HOST", url},
		{"ARM_DISABLE_INSTANCE_DISCOVERY", "true"},
		{"INTUNE_CA_CERTIFICATE_PATH", ca},
		{"ARM_TENANT_ID", graphsim.DefaultTenantID},
		{"ARM_CLIENT_ID", graphsim.DefaultClientID},
		{"GRAPHSIM_URL", url},
		{"GRAPHSIM_CA", ca},
	}
}

// exports are shell lines.
func exports(settings []setting, secret string) string {
	var lines strings.Builder
	for _, s := range append(settings, setting{"ARM_CLIENT_SECRET", secret}) {
		fmt.Fprintf(&lines, "export %s=%s\n", s.name, shellQuote(s.value))
	}
	return lines.String()
}

// shellQuote leaves alone what no shell reads anything into.
func shellQuote(s string) string {
	const plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./:@%+"
	if s != "" && strings.Trim(s, plain) == "" {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// printProviderBlock prints the settings twice: as a provider block and as exports.
func printProviderBlock(t terminal, settings []setting) error {
	values := map[string]string{}
	for _, s := range settings {
		values[s.name] = s.value
	}
	// A secret that came from the environment is not repeated on the terminal.
	values["Secret"] = graphsim.DefaultClientSecret
	if t.getenv(secretVariable) != "" {
		values["Secret"] = `"$` + secretVariable + `"`
	}
	block, err := template.New("provider").Parse(providerBlock)
	if err != nil {
		return err
	}
	return block.Execute(t.stdout, values)
}

const providerBlock = `A simulated Intune tenant is ready. It exists on this machine only.

provider "intune" {
  environment                = "custom"
  graph_endpoint             = "{{.ARM_MSGRAPH_ENDPOINT}}"
  authority_host             = "{{.ARM_ACTIVE_DIRECTORY_AUTHORITY_HOST}}"
  disable_instance_discovery = true
  ca_certificate_path        = {{printf "%q" .INTUNE_CA_CERTIFICATE_PATH}}
  tenant_id                  = "{{.ARM_TENANT_ID}}"
  client_id                  = "{{.ARM_CLIENT_ID}}"
}

The secret goes into the environment; GRAPHSIM_* are for "graphsim identities" and the like:

  export ARM_CLIENT_SECRET={{.Secret}}
  export GRAPHSIM_URL={{.GRAPHSIM_URL}}
  export GRAPHSIM_CA={{.GRAPHSIM_CA}}

`

// requestLog prints one line per request.
type requestLog struct {
	mu    sync.Mutex
	out   io.Writer
	quiet bool
}

func (l *requestLog) line(r graphsim.Request) {
	if l.quiet {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	status, indent, query := fmt.Sprint(r.Status), "", ""
	if r.Status == 0 {
		status = "---" // no reply
	}
	if r.Batch {
		indent = "  in $batch: "
	}
	if r.Query != "" {
		query = "?" + r.Query
	}
	fmt.Fprintf(l.out, "%s  %s  %s%-6s %s%s\n", r.Time.Format(time.TimeOnly), status, indent, r.Method, r.RawPath, query)
}
