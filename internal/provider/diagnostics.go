package provider

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/intunetf/terraform-provider-intune/internal/credential"
	"github.com/intunetf/terraform-provider-intune/internal/inventory"
)

const (
	readPermission  = "DeviceManagementServiceConfig.Read.All"
	writePermission = "DeviceManagementServiceConfig.ReadWrite.All"
)

// describe turns a failed operation into a diagnostic: what was tried, what the
// service answered, what to do next, and the ids that support asks for.
func (d *providerData) describe(ctx context.Context, verb string, key inventory.Key, err error) diag.Diagnostics {
	var diags diag.Diagnostics
	title := strings.ToUpper(verb[:1]) + verb[1:]
	tried := fmt.Sprintf("Terraform tried to %s the corporate device identifier%s.", verb, keyText(key))
	var exists *inventory.ExistsError
	var unconfirmed *inventory.UnconfirmedError
	var disputed *inventory.DisputedError
	switch {
	case errors.As(err, &exists):
		diags.AddAttributeError(path.Root("imported_device_identifier"), "Device Identifier Exists Already", existsDetail(exists.Existing))
	case errors.As(err, &unconfirmed):
		diags.AddWarning("Created Device Identifier Not Confirmed", paragraphs(tried, sentence(unconfirmed.Error()),
			"It is in the state; the next plan reads it and says so if it is missing.", supportText(err)))
	case errors.As(err, &disputed):
		diags.AddAttributeError(path.Root("imported_device_identifier"), "Device Identifier Managed Twice", disputeDetail(disputed))
	case errors.Is(err, inventory.ErrNotFound):
		diags.AddError("Device Identifier Vanished", paragraphs(tried,
			"The tenant does not have it any more: it was deleted outside Terraform after the plan was made. Plan again; Terraform will then create it anew."))
	default:
		diags.AddError("Cannot "+title+" Device Identifier", paragraphs(tried, sentence(capitalise(err.Error())), d.advice(ctx, err), supportText(err)))
	}
	return diags
}

// advice is what to do next.
func (d *providerData) advice(ctx context.Context, err error) string {
	var refused *inventory.RouteRefusedError
	var rejected *inventory.RejectedError
	var notApplied *inventory.NotAppliedError
	switch {
	case errors.As(err, &refused):
		return `Many tenants refuse this documented route. Set create_method = "auto" (or "import") in the provider block, and the import action is used instead.`
	case errors.As(err, &rejected):
		return "Check the identifier and its type. Intune gives no reason for a refused row; the portal's upload page shows more."
	case errors.As(err, &notApplied):
		return "Plan again: Terraform then reads what the tenant holds. If it stays so, the service does not do what it answers."
	case inventory.IsForbidden(err):
		token, tokenErr := d.token(context.WithoutCancel(ctx))
		if tokenErr != nil {
			token = ""
		}
		return permissionAdvice(token)
	case inventory.IsUnauthorized(err):
		return fmt.Sprintf("The access token was not accepted. Check that tenant_id and environment (now %q, Graph at %s) belong together, the clock of this machine, and that the tenant has an Intune licence: without one Intune answers so, too.", d.cloud.Name, d.cloud.GraphEndpoint)
	case inventory.IsThrottled(err):
		return "Intune throttled the requests until the timeout ended. Lower write_limit or request_limit in the provider block when other tools use the same tenant, or raise the timeouts block of the resource."
	case inventory.IsTLSFailure(err):
		return "When a proxy inspects TLS, or the endpoint is a private one, set ca_certificate_path to a PEM file with its certificate authority."
	case errors.Is(err, context.DeadlineExceeded):
		return "Raise the timeouts block of the resource when the service is only slow."
	case inventory.IsMalformed(err):
		return "Check the identifier against its type; Intune does not say which rule it breaks."
	default:
		return ""
	}
}

// permissionAdvice reads what the access token may do and names what is missing.
func permissionAdvice(token string) string {
	needed := fmt.Sprintf("Managing identifiers needs the application permission %s with admin consent; %s is enough for plans only.", writePermission, readPermission)
	claims, err := credential.ParseClaims(token)
	if err != nil {
		return needed
	}
	if claims.IsAzureCLIUser() {
		return "The access token comes from a user's login in the Azure CLI, which never carries Intune permissions, whatever the user's role. Log in to the CLI as a service principal, or configure an app registration in the provider block. " + needed
	}
	held := append(append([]string(nil), claims.Roles...), claims.Scopes...)
	if len(held) == 0 {
		return fmt.Sprintf("The access token of the app %s carries no permission at all. %s", claims.AppID, needed)
	}
	if slices.Contains(held, writePermission) {
		return fmt.Sprintf("The access token of the app %s carries %s, so the permission is there: look at the tenant's Intune licence and, for a user, at the Intune role.", claims.AppID, writePermission)
	}
	return fmt.Sprintf("The access token of the app %s carries %s, but not %s. %s", claims.AppID, strings.Join(held, ", "), writePermission, needed)
}

// existsDetail shows what is there and how to take it over.
func existsDetail(existing inventory.Identity) string {
	created := "unknown"
	if existing.CreatedDateTime != nil {
		created = existing.CreatedDateTime.String()
	}
	description := "none"
	if existing.Description.Value != "" {
		description = fmt.Sprintf("%q", existing.Description.Value)
	}
	return fmt.Sprintf(`The tenant has this identifier already. Terraform did not change it.

  id:          %s
  type:        %s
  identifier:  %s
  description: %s
  created:     %s

To manage it with Terraform, import it with this block (put the address of your resource in "to"):

  import {
    to = intune_imported_device_identity.example
    id = %q
  }

Or set overwrite_existing = true in this resource: the identity is then adopted and gets the configured description. Where this resource only has a new address in the configuration, write a moved block instead.`,
		existing.ID, existing.ImportedDeviceIdentityType, existing.ImportedDeviceIdentifier, description, created, existing.ID)
}

func keyText(key inventory.Key) string {
	if key.Identifier == "" {
		return ""
	}
	return fmt.Sprintf(" %q of type %s", key.Identifier, key.Type)
}

// supportText holds what Microsoft's support asks for.
func supportText(err error) string {
	var service *inventory.ServiceError
	if !errors.As(err, &service) {
		return ""
	}
	var lines []string
	if service.RequestID != "" {
		lines = append(lines, "request-id: "+service.RequestID)
	}
	if service.ClientRequestID != "" {
		lines = append(lines, "client-request-id: "+service.ClientRequestID)
	}
	if service.Support != "" {
		lines = append(lines, service.Support)
	}
	return strings.Join(lines, "\n")
}

// paragraphs joins what is not empty by blank lines.
func paragraphs(parts ...string) string {
	var kept []string
	for _, part := range parts {
		if part != "" {
			kept = append(kept, part)
		}
	}
	return strings.Join(kept, "\n\n")
}

func sentence(s string) string {
	if strings.HasSuffix(s, ".") || strings.HasSuffix(s, "!") {
		return s
	}
	return s + "."
}

func capitalise(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}
