package main

import (
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/intunetf/terraform-provider-intune/internal/graphsim"
)

// adminClient asks the admin API of a running tenant.
type adminClient struct {
	url  string
	http *http.Client
}

// newAdminClient parses the command line of a subcommand and returns its client and operands.
func newAdminClient(name string, args []string, t terminal, operands ...string) (*adminClient, []string, error) {
	flags := flag.NewFlagSet(name, flag.ContinueOnError)
	url := flags.String("url", t.getenv("GRAPHSIM_URL"), "URL of the tenant (default GRAPHSIM_URL)")
	ca := flags.String("ca", t.getenv("GRAPHSIM_CA"), "file with the tenant's CA certificate (default GRAPHSIM_CA)")
	if err := parse(flags, args, t, operands...); err != nil {
		return nil, nil, err
	}
	if *url == "" || *ca == "" {
		return nil, nil, errors.New("no tenant: set -url and -ca, or GRAPHSIM_URL and GRAPHSIM_CA, as \"graphsim serve\" prints them")
	}
	content, err := os.ReadFile(*ca)
	if err != nil {
		return nil, nil, err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(content) {
		return nil, nil, fmt.Errorf("%s holds no certificate", *ca)
	}
	// No proxy: the tenant is on this machine.
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}, DisableKeepAlives: true}
	return &adminClient{
		url: strings.TrimSuffix(*url, "/"), http: &http.Client{Transport: transport, Timeout: 10 * time.Second},
	}, flags.Args(), nil
}

// call sends a request to an admin route and decodes the answer, if there is one, into out.
func (c *adminClient) call(ctx context.Context, method, name string, in, out any) error {
	var body bytes.Buffer
	if in != nil {
		if err := json.NewEncoder(&body).Encode(in); err != nil {
			return err
		}
	}
	req, err := http.NewRequestWithContext(ctx, method, c.url+"/_graphsim/"+name, &body)
	if err != nil {
		return err
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	content, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	if resp.StatusCode >= http.StatusBadRequest {
		var refusal struct{ Error string }
		if json.Unmarshal(content, &refusal) != nil || refusal.Error == "" {
			refusal.Error = fmt.Sprintf("%s answered %s: is this a graphsim?", c.url, resp.Status)
		}
		return errors.New(refusal.Error)
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(content, out)
}

func identities(ctx context.Context, args []string, t terminal) error {
	client, _, err := newAdminClient("identities", args, t)
	if err != nil {
		return err
	}
	var list struct{ Value []graphsim.Identity }
	if err := client.call(ctx, http.MethodGet, "identities", nil, &list); err != nil {
		return err
	}
	if len(list.Value) == 0 {
		fmt.Fprintln(t.stdout, "The tenant holds no identities.")
		return nil
	}
	table := tabwriter.NewWriter(t.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "TYPE\tIDENTIFIER\tDESCRIPTION\tSTATE\tPLATFORM\tLAST CONTACT\tID")
	for _, i := range list.Value {
		contact := "never"
		if !i.LastContactedDateTime.IsZero() {
			contact = i.LastContactedDateTime.UTC().Format("2006-01-02 15:04:05Z")
		}
		fmt.Fprintln(table, strings.Join([]string{
			i.ImportedDeviceIdentityType, i.ImportedDeviceIdentifier, cmp.Or(i.Description, "-"),
			i.EnrollmentState, i.Platform, contact, i.ID,
		}, "\t"))
	}
	return table.Flush()
}

func enroll(ctx context.Context, args []string, t terminal) error {
	client, operands, err := newAdminClient("enroll", args, t, "<type>/<identifier>", "<platform>")
	if err != nil {
		return err
	}
	identityType, identifier, found := strings.Cut(operands[0], "/")
	if !found {
		return fmt.Errorf("%q is no <type>/<identifier>, such as serialNumber/C02ABC123DEF", operands[0])
	}
	enrollment := graphsim.Enrollment{
		ImportedDeviceIdentityType: identityType, ImportedDeviceIdentifier: identifier, Platform: operands[1],
	}
	if err := client.call(ctx, http.MethodPost, "enroll", enrollment, nil); err != nil {
		return err
	}
	fmt.Fprintf(t.stdout, "%s is now enrolled as %s.\n", operands[0], operands[1])
	return nil
}

func requests(ctx context.Context, args []string, t terminal) error {
	client, _, err := newAdminClient("requests", args, t)
	if err != nil {
		return err
	}
	var list struct{ Value []graphsim.RequestCount }
	if err := client.call(ctx, http.MethodGet, "requests", nil, &list); err != nil {
		return err
	}
	if len(list.Value) == 0 {
		fmt.Fprintln(t.stdout, "No requests so far.")
		return nil
	}
	table := tabwriter.NewWriter(t.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "COUNT\tMETHOD\tROUTE")
	for _, line := range list.Value {
		batch := ""
		if line.Batch {
			batch = "  (in $batch)"
		}
		fmt.Fprintf(table, "%d\t%s\t%s%s\n", line.Count, line.Method, line.Route, batch)
	}
	return table.Flush()
}

func resetRequests(ctx context.Context, args []string, t terminal) error {
	client, _, err := newAdminClient("reset-requests", args, t)
	if err != nil {
		return err
	}
	if err := client.call(ctx, http.MethodPost, "reset-requests", nil, nil); err != nil {
		return err
	}
	fmt.Fprintln(t.stdout, "The requests so far are forgotten.")
	return nil
}
