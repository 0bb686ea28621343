package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/function"

	"github.com/intunetf/terraform-provider-intune/internal/deviceid"
)

type manufacturerModelSerialFunction struct{}

func newManufacturerModelSerialFunction() function.Function {
	return manufacturerModelSerialFunction{}
}

func (manufacturerModelSerialFunction) Metadata(_ context.Context, _ function.MetadataRequest, resp *function.MetadataResponse) {
	resp.Name = "manufacturer_model_serial"
}

func (manufacturerModelSerialFunction) Definition(_ context.Context, _ function.DefinitionRequest, resp *function.DefinitionResponse) {
	resp.Definition = function.Definition{
		Summary: "Join manufacturer, model and serial number into one identifier",
		MarkdownDescription: "Joins manufacturer, model and serial number into an identifier of type `manufacturerModelSerial`, for example `Microsoft Corporation,Surface Laptop 5,0F12345A`. Needs Terraform 1.8 or later.\n\n" +
			"A part that contains a comma or a double quote is put in double quotes, so that Intune reads the same three parts. A part that is empty, or of which nothing is left when Intune stores it, is an error.",
		Parameters: []function.Parameter{
			function.StringParameter{Name: "manufacturer", MarkdownDescription: "The manufacturer as the device reports it (`Win32_ComputerSystem`)."},
			function.StringParameter{Name: "model", MarkdownDescription: "The model as the device reports it (`Win32_ComputerSystem`)."},
			function.StringParameter{Name: "serial", MarkdownDescription: "The serial number as the device reports it (`Win32_BIOS`)."},
		},
		Return: function.StringReturn{},
	}
}

func (manufacturerModelSerialFunction) Run(ctx context.Context, req function.RunRequest, resp *function.RunResponse) {
	var parts [3]string
	if resp.Error = req.Arguments.Get(ctx, &parts[0], &parts[1], &parts[2]); resp.Error != nil {
		return
	}
	// Each part is tried beside two good ones to find the argument at fault.
	for i := range parts {
		probe := [3]string{"a", "b", "c"}
		probe[i] = parts[i]
		if _, err := deviceid.ManufacturerModelSerial(probe[0], probe[1], probe[2]); err != nil {
			resp.Error = function.ConcatFuncErrors(resp.Error, argumentError(int64(i), err))
		}
	}
	if resp.Error != nil {
		return
	}
	identifier, err := deviceid.ManufacturerModelSerial(parts[0], parts[1], parts[2])
	if err != nil {
		resp.Error = function.NewFuncError(err.Error())
		return
	}
	resp.Error = resp.Result.Set(ctx, identifier)
}
