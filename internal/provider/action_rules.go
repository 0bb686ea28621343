package provider

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework/action/schema"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types/basetypes"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// brokenRules applies the rules of an action's schema to its configuration.
// Terraform validates an action before it knows what resources of the same run
// compute, and not again before it invokes the action. The rules are the
// schema's own, so that there is no second list of them.
func brokenRules(ctx context.Context, config tfsdk.Config) diag.Diagnostics {
	var diags diag.Diagnostics
	attributes := config.Schema.GetAttributes()
	for _, name := range slices.Sorted(maps.Keys(attributes)) {
		at := path.Root(name)
		var value attr.Value
		// Reading a value also asks types that have a form, such as dates.
		more := config.GetAttribute(ctx, at, &value)
		if diags.Append(more...); more.HasError() {
			continue
		}
		if attributes[name].IsRequired() && value.IsNull() {
			diags.AddAttributeError(at, "Missing Required Value", fmt.Sprintf("%s is required, and its value is null.", name))
			continue
		}
		switch attribute := attributes[name].(type) {
		case schema.StringAttribute:
			diags.Append(brokenByText(ctx, config, at, attribute.Validators, value)...)
		case schema.Int64Attribute:
			diags.Append(brokenByNumber(ctx, config, at, attribute.Validators, value)...)
		}
	}
	return diags
}

func brokenByText(ctx context.Context, config tfsdk.Config, at path.Path, rules []validator.String, value attr.Value) diag.Diagnostics {
	valuable, ok := value.(basetypes.StringValuable)
	if !ok {
		return nil
	}
	text, diags := valuable.ToStringValue(ctx)
	for _, rule := range rules {
		var resp validator.StringResponse
		rule.ValidateString(ctx, validator.StringRequest{Path: at, PathExpression: at.Expression(), Config: config, ConfigValue: text}, &resp)
		diags.Append(resp.Diagnostics...)
	}
	return diags
}

func brokenByNumber(ctx context.Context, config tfsdk.Config, at path.Path, rules []validator.Int64, value attr.Value) diag.Diagnostics {
	valuable, ok := value.(basetypes.Int64Valuable)
	if !ok {
		return nil
	}
	number, diags := valuable.ToInt64Value(ctx)
	for _, rule := range rules {
		var resp validator.Int64Response
		rule.ValidateInt64(ctx, validator.Int64Request{Path: at, PathExpression: at.Expression(), Config: config, ConfigValue: number}, &resp)
		diags.Append(resp.Diagnostics...)
	}
	return diags
}

// notKnown is an error for every value that is unknown where nothing comes after.
func notKnown(config tfsdk.Config) diag.Diagnostics {
	var diags diag.Diagnostics
	if config.Raw.IsFullyKnown() {
		return diags
	}
	var values map[string]tftypes.Value
	if err := config.Raw.As(&values); err != nil || len(values) == 0 {
		diags.AddError("Unknown Configuration", "The action was invoked with a configuration that is not known. Nothing was done.")
		return diags
	}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		if !values[name].IsFullyKnown() {
			diags.AddAttributeError(path.Root(name), "Unknown Value", fmt.Sprintf(
				"The action was invoked before the value of %s was known. Nothing was done.", name))
		}
	}
	return diags
}
