package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/function"

	"github.com/intunetf/terraform-provider-intune/internal/deviceid"
)

type imeiCheckDigitFunction struct{}

func newIMEICheckDigitFunction() function.Function { return imeiCheckDigitFunction{} }

func (imeiCheckDigitFunction) Metadata(_ context.Context, _ function.MetadataRequest, resp *function.MetadataResponse) {
	resp.Name = "imei_check_digit"
}

func (imeiCheckDigitFunction) Definition(_ context.Context, _ function.DefinitionRequest, resp *function.DefinitionResponse) {
	resp.Definition = function.Definition{
		Summary: "Compute the check digit of an IMEI",
		MarkdownDescription: "Returns the check digit (0 to 9, Luhn) of the first 14 digits of an IMEI. Of 15 digits the last one is not looked at: compare it with the result to find a mistyped IMEI. " +
			"Single spaces and hyphens between digits are allowed. Needs Terraform 1.8 or later.",
		Parameters: []function.Parameter{
			function.StringParameter{Name: "imei", MarkdownDescription: "The IMEI, 14 or 15 digits. Write it in quotes: as a number it loses a zero at the start."},
		},
		Return: function.Int64Return{},
	}
}

func (imeiCheckDigitFunction) Run(ctx context.Context, req function.RunRequest, resp *function.RunResponse) {
	var imei string
	if resp.Error = req.Arguments.Get(ctx, &imei); resp.Error != nil {
		return
	}
	digit, err := deviceid.CheckDigit(imei)
	if err != nil {
		resp.Error = argumentError(0, err)
		return
	}
	resp.Error = resp.Result.Set(ctx, int64(digit))
}
