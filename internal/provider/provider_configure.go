package provider

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-log/tflog"

	"github.com/intunetf/terraform-provider-intune/internal/credential"
	"github.com/intunetf/terraform-provider-intune/internal/inventory"
)

// tokenTimeout bounds the sign-in: azidentity retries an unreachable authority
// and a command-line tool may hang.
const tokenTimeout = 2 * time.Minute

// Configure signs in, so that a wrong secret fails a plan once and not once per
// resource. With a setting that is not known yet it makes no client.
func (p *intuneProvider) Configure(ctx context.Context, req provider.ConfigureRequest, resp *provider.ConfigureResponse) {
	resp.Diagnostics.Append(checkTerraformVersion(req.TerraformVersion)...)
	if resp.Diagnostics.HasError() {
		return
	}
	config, diags := resolveConfig(ctx, req.Config, os.Getenv)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	data := &providerData{unknown: config.unknown}
	if len(config.unknown) == 0 {
		resp.Diagnostics.Append(data.connect(ctx, config, p.userAgent(req.TerraformVersion))...)
		if resp.Diagnostics.HasError() {
			return
		}
	}
	resp.ResourceData = data
	resp.DataSourceData = data
	resp.ListResourceData = data
	resp.ActionData = data
}

// userAgent has the form that Terraform's own providers send.
func (p *intuneProvider) userAgent(terraformVersion string) string {
	agent := fmt.Sprintf("Terraform/%s (+https://www.terraform.io) terraform-provider-intune/%s", terraformVersion, p.version)
	if more := os.Getenv("TF_APPEND_USER_AGENT"); more != "" {
		agent += " " + more
	}
	return agent
}

// providerData is what the provider hands to its resources.
type providerData struct {
	// unknown are the settings that Terraform did not know at plan time; there is
	// no inventory then.
	unknown     []string
	warnWaiting sync.Once

	cloud      credential.Cloud
	credential *credential.Credential
	inventory  *inventory.Inventory
	writeLimit int
	planned    plannedIdentifiers
}

func (d *providerData) connect(ctx context.Context, config providerConfig, userAgent string) diag.Diagnostics {
	var err error
	if d.cloud, err = credential.ResolveCloud(config.credential); err != nil {
		return settingDiagnostics(err)
	}
	client, err := credential.NewHTTPClient(config.credential)
	if err != nil {
		return settingDiagnostics(err)
	}
	if d.credential, err = credential.New(config.credential, d.cloud, client); err != nil {
		return settingDiagnostics(err)
	}
	if _, err := d.token(ctx); err != nil {
		summary, detail := credential.Explain(err, d.credential, d.cloud)
		return diag.Diagnostics{diag.NewErrorDiagnostic(summary, detail)}
	}
	tflog.Info(ctx, "Signed in", map[string]any{"method": d.credential.Method(), "environment": d.cloud.Name, "graph_endpoint": d.cloud.GraphEndpoint})
	d.writeLimit = config.writeLimit
	options := inventory.Options{CreateMethod: config.createMethod}
	options.Endpoint = d.cloud.GraphEndpoint
	options.Scope = d.cloud.Scope
	options.Credential = d.credential
	options.Transport = client
	options.UserAgent = userAgent
	options.RequestLimit = config.requestLimit
	options.WriteLimit = config.writeLimit
	options.Log = logGraph
	if d.inventory, err = inventory.Open(options); err != nil {
		return diag.Diagnostics{diag.NewErrorDiagnostic("Provider Not Configured", err.Error())}
	}
	return nil
}

// token gets an access token; the credential keeps it, so that the first
// request does not ask again.
func (d *providerData) token(ctx context.Context) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, tokenTimeout)
	defer cancel()
	token, err := d.credential.GetToken(ctx, policy.TokenRequestOptions{Scopes: []string{d.cloud.Scope}, EnableCAE: true})
	return token.Token, err
}

// waiting says, once per process, that nothing can be read yet.
func (d *providerData) waiting() (diag.Diagnostics, bool) {
	if d == nil || len(d.unknown) == 0 {
		return nil, false
	}
	var diags diag.Diagnostics
	d.warnWaiting.Do(func() {
		diags.AddWarning("Provider Settings Not Known Yet", fmt.Sprintf(
			"These provider settings are not known before apply: %s. Corporate device identifiers were not refreshed; the plan is based on the state as it is.", strings.Join(d.unknown, ", ")))
	})
	return diags, true
}

// open returns the inventory, or an error where there is none.
func (d *providerData) open(context.Context) (*inventory.Inventory, diag.Diagnostics) {
	var diags diag.Diagnostics
	switch {
	case d == nil:
		diags.AddError("Provider Not Configured", "Terraform did not configure the provider before it used it. Please report this to the provider's developers.")
		return nil, diags
	case len(d.unknown) > 0:
		diags.AddError("Provider Settings Not Known Yet", fmt.Sprintf(
			"These provider settings are not known yet, and this operation needs them: %s. Apply what they come from first, for example with terraform apply -target, or write values that are known at plan time.", strings.Join(d.unknown, ", ")))
		return nil, diags
	default:
		return d.inventory, nil
	}
}

// providerDataFrom is the one check of what Terraform hands to Configure. Before
// the provider is configured it hands nothing.
func providerDataFrom(data any) (*providerData, diag.Diagnostics) {
	if data == nil {
		return nil, nil
	}
	typed, ok := data.(*providerData)
	if !ok {
		return nil, diag.Diagnostics{diag.NewErrorDiagnostic("Unexpected Provider Data",
			fmt.Sprintf("Expected *providerData, got %T. Please report this to the provider's developers.", data))}
	}
	return typed, nil
}

// settingDiagnostics puts every fault on the attribute that it is about.
func settingDiagnostics(err error) diag.Diagnostics {
	var diags diag.Diagnostics
	var faults credential.SettingErrors
	if !errors.As(err, &faults) {
		diags.AddError("Invalid Provider Configuration", err.Error())
		return diags
	}
	for _, fault := range faults {
		diags.AddAttributeError(path.Root(fault.Attribute), fault.Summary, fault.Detail)
	}
	return diags
}

// logGraph writes one entry per request into the subsystem "graph", whose level
// is TF_LOG_PROVIDER_INTUNE_GRAPH. The context is the request's, so the entry
// names the resource that it was sent for.
func logGraph(ctx context.Context, message string, fields map[string]any) {
	ctx = tflog.NewSubsystem(ctx, "graph", tflog.WithLevelFromEnv("TF_LOG_PROVIDER_INTUNE_GRAPH"), tflog.WithRootFields())
	tflog.SubsystemDebug(ctx, "graph", message, fields)
}

// withTimeout bounds an operation by its timeouts setting.
func withTimeout(ctx context.Context, get func(context.Context, time.Duration) (time.Duration, diag.Diagnostics), otherwise time.Duration) (context.Context, context.CancelFunc, diag.Diagnostics) {
	timeout, diags := get(ctx, otherwise)
	ctx, cancel := context.WithTimeout(ctx, timeout)
	return ctx, cancel, diags
}
