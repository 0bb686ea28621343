package provider

import (
	"context"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/function"

	"github.com/intunetf/terraform-provider-intune/internal/deviceid"
)

type normalizeIdentifierFunction struct{}

func newNormalizeIdentifierFunction() function.Function { return normalizeIdentifierFunction{} }

func (normalizeIdentifierFunction) Metadata(_ context.Context, _ function.MetadataRequest, resp *function.MetadataResponse) {
	resp.Name = "normalize_identifier"
}

func (normalizeIdentifierFunction) Definition(_ context.Context, _ function.DefinitionRequest, resp *function.DefinitionResponse) {
	resp.Definition = function.Definition{
		Summary: "Spell an identifier the way in which identifiers are compared",
		MarkdownDescription: "Returns the spelling by which the provider tells identifiers apart: two identifiers with the same result are the same identity of a tenant. Use it to compare a list of your own with what a tenant shows. Needs Terraform 1.8 or later.\n\n" +
			"| type | result |\n| --- | --- |\n" +
			"| `manufacturerModelSerial` | what the service stores (observed in the field): upper case, only the letters and digits of each part, joined by commas |\n" +
			"| `serialNumber`, `unknown` | upper case, without blanks around |\n" +
			"| `imei` | the digits |\n\n" +
			"It does not check identifiers, because tenants hold some that are not valid: only a text without such a spelling is an error (nothing but blanks, an IMEI without a digit, not three parts).",
		Parameters: []function.Parameter{
			function.StringParameter{Name: "identifier", MarkdownDescription: "The identifier in any spelling."},
			typeParameter(),
		},
		Return: function.StringReturn{},
	}
}

func (normalizeIdentifierFunction) Run(ctx context.Context, req function.RunRequest, resp *function.RunResponse) {
	var identifier, typeName string
	if resp.Error = req.Arguments.Get(ctx, &identifier, &typeName); resp.Error != nil {
		return
	}
	t, fault := typeArgument(1, typeName)
	if fault != nil {
		resp.Error = fault
		return
	}
	if !isNormalizable(t, identifier) {
		resp.Error = argumentError(0, deviceid.Validate(t, identifier))
		return
	}
	resp.Error = resp.Result.Set(ctx, deviceid.Normalize(t, identifier))
}

// isNormalizable is more lenient than deviceid.Validate: one odd identity of a
// tenant must not fail an expression over all of them.
func isNormalizable(t deviceid.Type, identifier string) bool {
	switch t {
	case deviceid.TypeIMEI:
		return strings.ContainsAny(identifier, "0123456789")
	case deviceid.TypeManufacturerModelSerial:
		_, _, _, err := deviceid.SplitManufacturerModelSerial(identifier)
		return err == nil
	default:
		return strings.TrimSpace(identifier) != ""
	}
}
