package provider

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/attr/xattr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types/basetypes"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

var (
	_ basetypes.StringTypable                    = dateTimeType{}
	_ basetypes.StringValuableWithSemanticEquals = dateTimeValue{}
	_ xattr.ValidateableAttribute                = dateTimeValue{}
)

// dateTimeType is an RFC 3339 string that is compared as an instant. The type in
// terraform-plugin-framework-timetypes compares text: there the same instant in
// another offset differs, and another fraction of a second does not.
type dateTimeType struct{ basetypes.StringType }

func (t dateTimeType) Equal(o attr.Type) bool {
	other, ok := o.(dateTimeType)
	return ok && t.StringType.Equal(other.StringType)
}

func (t dateTimeType) String() string { return "dateTimeType" }

func (t dateTimeType) ValueFromString(_ context.Context, in basetypes.StringValue) (basetypes.StringValuable, diag.Diagnostics) {
	return dateTimeValue{StringValue: in}, nil
}

func (t dateTimeType) ValueFromTerraform(ctx context.Context, in tftypes.Value) (attr.Value, error) {
	value, err := t.StringType.ValueFromTerraform(ctx, in)
	if err != nil {
		return nil, err
	}
	text, ok := value.(basetypes.StringValue)
	if !ok {
		return nil, fmt.Errorf("unexpected value type %T", value)
	}
	return dateTimeValue{StringValue: text}, nil
}

func (t dateTimeType) ValueType(context.Context) attr.Value { return dateTimeValue{} }

type dateTimeValue struct{ basetypes.StringValue }

func newDateTime(s string) dateTimeValue {
	return dateTimeValue{StringValue: basetypes.NewStringValue(s)}
}

func (v dateTimeValue) Type(context.Context) attr.Type { return dateTimeType{} }

func (v dateTimeValue) Equal(o attr.Value) bool {
	other, ok := o.(dateTimeValue)
	return ok && v.StringValue.Equal(other.StringValue)
}

// StringSemanticEquals keeps the text of the configuration when the service
// writes the same instant in another way.
func (v dateTimeValue) StringSemanticEquals(_ context.Context, other basetypes.StringValuable) (bool, diag.Diagnostics) {
	o, ok := other.(dateTimeValue)
	return ok && v.sameInstant(o), nil
}

func (v dateTimeValue) sameInstant(o dateTimeValue) bool {
	a, okA := v.instant()
	b, okB := o.instant()
	if !okA || !okB {
		return v.Equal(o)
	}
	return a.Equal(b)
}

// instant is false for null, unknown, and what is no RFC 3339 date.
func (v dateTimeValue) instant() (time.Time, bool) {
	text := v.ValueString()
	t, err := time.Parse(time.RFC3339, text)
	// Parse also takes 3:58 and 44,5, which are no RFC 3339.
	if err != nil || text[len("2006-01-02T15")] != ':' || strings.Contains(text, ",") {
		return time.Time{}, false
	}
	return t, true
}

func (v dateTimeValue) ValidateAttribute(_ context.Context, req xattr.ValidateAttributeRequest, resp *xattr.ValidateAttributeResponse) {
	if v.IsNull() || v.IsUnknown() {
		return
	}
	if _, ok := v.instant(); !ok {
		resp.Diagnostics.AddAttributeError(req.Path, "Invalid Date and Time",
			fmt.Sprintf("%q is not a date and time in the form of RFC 3339. Write it with seconds and an offset, for example 2025-12-31T23:58:44Z or 2025-12-31T15:58:44-08:00.", v.ValueString()))
	}
}
