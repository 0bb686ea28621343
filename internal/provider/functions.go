package provider

import (
	"context"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/function"

	"github.com/intunetf/terraform-provider-intune/internal/deviceid"
)

// Functions need Terraform 1.8. Older versions do not ask for them, and the
// rest of the provider does not depend on them.
func (p *intuneProvider) Functions(context.Context) []func() function.Function {
	return []func() function.Function{
		newParseIdentifiersCSVFunction,
		newFormatIdentifiersCSVFunction,
		newManufacturerModelSerialFunction,
		newNormalizeIdentifierFunction,
		newIMEICheckDigitFunction,
	}
}

// typeParameter is the parameter that says what the identifiers are.
func typeParameter() function.StringParameter {
	return function.StringParameter{
		Name:                "type",
		MarkdownDescription: "What the identifiers are: " + markdownList(deviceid.TypeStrings()) + ".",
	}
}

// typeArgument reads a value of [typeParameter]. It is not a validator of the
// parameter, because the text of the ready one does not name the argument's
// value the way the resources do.
func typeArgument(position int64, value string) (deviceid.Type, *function.FuncError) {
	for _, t := range deviceid.Types() {
		if value == string(t) {
			return t, nil
		}
	}
	return "", argumentError(position, deviceid.Validate(deviceid.Type(value), ""))
}

// argumentError blames an argument. Terraform ends the text with a full stop of
// its own.
func argumentError(position int64, err error) *function.FuncError {
	return function.NewArgumentFuncError(position, strings.TrimSuffix(err.Error(), "."))
}
