package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/function"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/intunetf/terraform-provider-intune/internal/deviceid"
)

type parseIdentifiersCSVFunction struct{}

func newParseIdentifiersCSVFunction() function.Function { return parseIdentifiersCSVFunction{} }

func (parseIdentifiersCSVFunction) Metadata(_ context.Context, _ function.MetadataRequest, resp *function.MetadataResponse) {
	resp.Name = "parse_identifiers_csv"
}

func (parseIdentifiersCSVFunction) Definition(_ context.Context, _ function.DefinitionRequest, resp *function.DefinitionResponse) {
	resp.Definition = function.Definition{
		Summary: "Read the CSV file that the Intune portal imports",
		MarkdownDescription: "Reads the CSV file that the Intune portal imports and returns the map that `identities` of `intune_imported_device_identities` takes: identifiers with their descriptions. Needs Terraform 1.8 or later.\n\n" +
			"| type | columns | result |\n| --- | --- | --- |\n" +
			"| `imei`, `serialNumber`, `unknown` | identifier, details (optional, at most 128 characters) | identifier → details, `\"\"` without |\n" +
			"| `manufacturerModelSerial` | manufacturer, model, serial number | the three joined as `manufacturer_model_serial` does → `\"\"` |\n\n" +
			"The file has no header and one type of identifier. It is read as Excel writes it: with or without byte order mark, with any line ending, with quotes, with semicolons instead of commas (one of them in the whole file), with empty lines, with empty cells at the end of a line and with blanks around a cell. " +
			"There is no limit of rows; the 5,000 rows or 5 MB of the portal do not hold here. An empty file gives an empty map.\n\n" +
			"A header, an identifier that is invalid or there twice in any spelling, a wrong number of columns and a text that is not UTF-8 are errors. The message counts the faults of the whole file and tells the first 20 with their lines.",
		Parameters: []function.Parameter{
			function.StringParameter{
				Name:                "content",
				MarkdownDescription: "The content of the file, usually `file(\"devices.csv\")`. For a file in another encoding than UTF-8: `textdecodebase64(filebase64(\"devices.csv\"), \"windows-1252\")`, or `\"UTF-16LE\"`.",
			},
			typeParameter(),
		},
		Return: function.MapReturn{ElementType: types.StringType},
	}
}

func (parseIdentifiersCSVFunction) Run(ctx context.Context, req function.RunRequest, resp *function.RunResponse) {
	var content, typeName string
	if resp.Error = req.Arguments.Get(ctx, &content, &typeName); resp.Error != nil {
		return
	}
	t, fault := typeArgument(1, typeName)
	if fault != nil {
		resp.Error = fault
		return
	}
	identities, err := deviceid.ParsePortalCSV(t, content)
	if err != nil {
		resp.Error = argumentError(0, err)
		return
	}
	resp.Error = resp.Result.Set(ctx, identities)
}
