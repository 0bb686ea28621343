package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/function"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/intunetf/terraform-provider-intune/internal/deviceid"
)

type formatIdentifiersCSVFunction struct{}

func newFormatIdentifiersCSVFunction() function.Function { return formatIdentifiersCSVFunction{} }

func (formatIdentifiersCSVFunction) Metadata(_ context.Context, _ function.MetadataRequest, resp *function.MetadataResponse) {
	resp.Name = "format_identifiers_csv"
}

func (formatIdentifiersCSVFunction) Definition(_ context.Context, _ function.DefinitionRequest, resp *function.DefinitionResponse) {
	resp.Definition = function.Definition{
		Summary: "Write the CSV file that the Intune portal imports",
		MarkdownDescription: "Writes identifiers as the CSV file that the Intune portal imports, for `parse_identifiers_csv` to read. Needs Terraform 1.8 or later.\n\n" +
			"The rows are in the order of the identifiers, separated by commas and ended by a line feed, without a header and without a byte order mark; a cell is quoted only where it must be. The portal takes 5,000 rows or 5 MB in one file, this function writes any number.\n\n" +
			"Identifiers that are invalid or the same to Intune are an error, and so is a description of type `manufacturerModelSerial`: the portal's file for Windows devices has no column for it. What does not come back: blanks around an identifier, quotes around its parts that need none, and a description of nothing but blanks.",
		Parameters: []function.Parameter{
			function.MapParameter{
				Name:                "identities",
				ElementType:         types.StringType,
				MarkdownDescription: "Identifiers with their descriptions, `\"\"` or `null` for none, as in `identities` of `intune_imported_device_identities`.",
			},
			typeParameter(),
		},
		Return: function.StringReturn{},
	}
}

func (formatIdentifiersCSVFunction) Run(ctx context.Context, req function.RunRequest, resp *function.RunResponse) {
	var given map[string]*string
	var typeName string
	if resp.Error = req.Arguments.Get(ctx, &given, &typeName); resp.Error != nil {
		return
	}
	t, fault := typeArgument(1, typeName)
	if fault != nil {
		resp.Error = fault
		return
	}
	identities := make(map[string]string, len(given))
	for identifier, description := range given {
		identities[identifier] = ""
		if description != nil {
			identities[identifier] = *description
		}
	}
	content, err := deviceid.FormatPortalCSV(t, identities)
	if err != nil {
		resp.Error = argumentError(0, err)
		return
	}
	resp.Error = resp.Result.Set(ctx, content)
}
