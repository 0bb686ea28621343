package provider

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"
	"github.com/hashicorp/terraform-plugin-testing/tfversion"

	"github.com/intunetf/terraform-provider-intune/internal/graphsim"
)

// call calls a function of a provider that is not configured, as Terraform does
// during validation.
func call(t *testing.T, name string, arguments ...any) (tftypes.Value, *tfprotov6.FunctionError) {
	t.Helper()
	server := startProtocol(t).server
	functions, err := server.GetFunctions(t.Context(), &tfprotov6.GetFunctionsRequest{})
	if err != nil {
		t.Fatal(err)
	}
	signature := functions.Functions[name]
	if signature == nil || len(signature.Parameters) != len(arguments) {
		t.Fatalf("%s: there is %+v", name, signature)
	}
	req := &tfprotov6.CallFunctionRequest{Name: name}
	for i, argument := range arguments {
		v, ok := argument.(tftypes.Value)
		if !ok {
			v = toValue(t, signature.Parameters[i].Type, argument)
		}
		dynamic, err := tfprotov6.NewDynamicValue(v.Type(), v)
		if err != nil {
			t.Fatal(err)
		}
		req.Arguments = append(req.Arguments, &dynamic)
	}
	resp, err := server.CallFunction(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	if resp.Error != nil {
		return tftypes.Value{}, resp.Error
	}
	result, err := resp.Result.Unmarshal(signature.Return.Type)
	if err != nil {
		t.Fatal(err)
	}
	return result, nil
}

func TestFunctions_Results(t *testing.T) {
	t.Parallel()
	stringMap := tftypes.Map{ElementType: tftypes.String}
	withNull := tftypes.NewValue(stringMap, map[string]tftypes.Value{
		"B2": tftypes.NewValue(tftypes.String, nil), "A1": tftypes.NewValue(tftypes.String, "x, y"),
	})
	tests := []struct {
		function  string
		arguments []any
		want      any
	}{
		{"parse_identifiers_csv", []any{"\ufeffA1;x, y\r\nB2;\r\n", "serialNumber"}, map[string]string{"A1": "x, y", "B2": ""}},
		{"parse_identifiers_csv", []any{"", "imei"}, map[string]string{}},
		{"parse_identifiers_csv", []any{"\"Dell, Inc.\",Latitude 5440,ABC1234\n", "manufacturerModelSerial"}, map[string]string{`"Dell, Inc.",Latitude 5440,ABC1234`: ""}},
		{"format_identifiers_csv", []any{withNull, "serialNumber"}, "A1,\"x, y\"\nB2,\n"},
		{"format_identifiers_csv", []any{map[string]string{}, "serialNumber"}, ""},
		{"manufacturer_model_serial", []any{"Dell, Inc.", "24\" Monitor", "ABC1234"}, `"Dell, Inc.","24"" Monitor",ABC1234`},
		{"manufacturer_model_serial", []any{"Microsoft Corporation", "Surface Laptop 5", "0F12345A"}, "Microsoft Corporation,Surface Laptop 5,0F12345A"},
		{"normalize_identifier", []any{"Microsoft Corporation,Virtual Machine,7801-5131-4473", "manufacturerModelSerial"}, "MICROSOFTCORPORATION,VIRTUALMACHINE,780151314473"},
		{"normalize_identifier", []any{" c02abc123def ", "serialNumber"}, "C02ABC123DEF"},
		{"normalize_identifier", []any{"49-015420-323751-8", "imei"}, "490154203237518"},
		{"normalize_identifier", []any{"666", "imei"}, "666"},
		{"normalize_identifier", []any{"a b", "unknown"}, "A B"},
		{"imei_check_digit", []any{"49015420323751"}, 8},
		{"imei_check_digit", []any{"490154203237510"}, 8},
	}
	for i, tt := range tests {
		t.Run(fmt.Sprintf("%s_%d", tt.function, i), func(t *testing.T) {
			t.Parallel()
			got, fault := call(t, tt.function, tt.arguments...)
			if fault != nil {
				t.Fatalf("argument %d: %s", *fault.FunctionArgument, fault.Text)
			}
			if want := toValue(t, got.Type(), tt.want); !got.Equal(want) {
				t.Errorf("got %s, want %s", got, want)
			}
		})
	}
}

func TestFunctions_ErrorsBlameTheArgument(t *testing.T) {
	t.Parallel()
	const noType = `"serial" is not an identifier type. Write one of: unknown, imei, serialNumber, manufacturerModelSerial`
	windows := strings.Repeat("\r\n", 16)
	tests := []struct {
		function  string
		arguments []any
		position  int64
		want      string
	}{
		{"parse_identifiers_csv", []any{windows + "Dell,Latitude\r\n", "manufacturerModelSerial"}, 0, "line 17: expected manufacturer,model,serial, found 2 parts"},
		{"parse_identifiers_csv", []any{"IMEI,Details\n666\n", "imei"}, 0, "2 faults:\n  line 1 looks like a header: remove it\n" +
			`  line 2: "666" is not an IMEI: it has 3 digits. Write the IMEI as 14 digits (without check digit), 15 digits (with it) or 16 digits (IMEISV), for example 490154203237518`},
		{"parse_identifiers_csv", []any{"A1", "serial"}, 1, noType},
		{"format_identifiers_csv", []any{map[string]string{"a1": "", "A1": ""}, "serialNumber"}, 0, `"a1" is the same identifier as "A1": keep one of them`},
		{"format_identifiers_csv", []any{map[string]string{"a,b,c": "x"}, "manufacturerModelSerial"}, 0, `"a,b,c" has the description "x", and the portal's file of Windows devices has no column for it: give it an empty one`},
		{"format_identifiers_csv", []any{map[string]string{}, "serial"}, 1, noType},
		{"manufacturer_model_serial", []any{" ", "Latitude", "A1"}, 0, "The manufacturer is empty, and Intune needs all three parts: manufacturer, model and serial number"},
		{"manufacturer_model_serial", []any{"Dell", "--", "A1"}, 1, `The model "--" has neither a letter nor a digit, so nothing is left of it when Intune stores it. Write the model as the device reports it`},
		{"manufacturer_model_serial", []any{"Dell", "", "A\n1"}, 1, "The model is empty, and Intune needs all three parts: manufacturer, model and serial number\n" +
			`The serial number "A\n1" contains the control character U+000A at position 2. Remove it`},
		{"normalize_identifier", []any{"Dell,Latitude", "manufacturerModelSerial"}, 0, `"Dell,Latitude" has 2 comma-separated parts, and a manufacturerModelSerial identifier has exactly 3. ` +
			"Write it as manufacturer,model,serial, for example Microsoft Corporation,Surface Laptop 5,0F12345A; " +
			`put a part that contains a comma in double quotes: "Dell, Inc.",Latitude 5440,ABC1234`},
		{"normalize_identifier", []any{" ", "serialNumber"}, 0, "The identifier is empty. Write the serial number as the device reports it, for example C02ABC123DEF"},
		{"normalize_identifier", []any{"none", "imei"}, 0, `"none" is not an IMEI: it contains 'n', and only digits are allowed (0 found). ` +
			"Write the IMEI as 14 digits (without check digit), 15 digits (with it) or 16 digits (IMEISV), for example 490154203237518"},
		{"normalize_identifier", []any{"A1", "serial"}, 1, noType},
		{"imei_check_digit", []any{"4901542032375180"}, 0, `"4901542032375180" has 16 digits: it is an IMEISV, which ends in a software version and has no check digit. Write the IMEI with 14 or 15 digits`},
	}
	for i, tt := range tests {
		t.Run(fmt.Sprintf("%s_%d", tt.function, i), func(t *testing.T) {
			t.Parallel()
			got, fault := call(t, tt.function, tt.arguments...)
			if fault == nil {
				t.Fatalf("got %s and no error", got)
			}
			if fault.FunctionArgument == nil || *fault.FunctionArgument != tt.position || fault.Text != tt.want {
				t.Errorf("got  argument %v: %s\nwant argument %d: %s", fault.FunctionArgument, fault.Text, tt.position, tt.want)
			}
		})
	}
}

// Terraform passes neither null nor unknown arguments to a function that does
// not ask for them.
func TestFunctions_AskForNeitherNullNorUnknownArguments(t *testing.T) {
	t.Parallel()
	functions, err := startProtocol(t).server.GetFunctions(t.Context(), &tfprotov6.GetFunctionsRequest{})
	if err != nil {
		t.Fatal(err)
	}
	for name, f := range functions.Functions {
		if f.Summary == "" || !strings.HasSuffix(f.Description, ".") {
			t.Errorf("%s: %q, %q", name, f.Summary, f.Description)
		}
		for _, p := range f.Parameters {
			if p.AllowNullValue || p.AllowUnknownValues || !strings.HasSuffix(p.Description, ".") {
				t.Errorf("%s: %+v", name, p)
			}
		}
	}
}

// TestFunctions_FeedAFleetWithTheCLI takes a file as Excel writes it into a
// tenant and back.
func TestFunctions_FeedAFleetWithTheCLI(t *testing.T) {
	t.Parallel()
	file, err := filepath.Abs(filepath.Join("testdata", "portal_serial_numbers.csv"))
	if err != nil {
		t.Fatal(err)
	}
	sim := newTenant(t, graphsim.ProfileField)
	config := sim.provider() + fmt.Sprintf(`
resource "intune_imported_device_identities" "test" {
  imported_device_identity_type = "serialNumber"
  identities                    = provider::intune::parse_identifiers_csv(file(%q), "serialNumber")
}

# Partly unknown until the resource exists.
resource "terraform_data" "later" {
  input = "MacBook"
}

output "file" {
  value = provider::intune::format_identifiers_csv(intune_imported_device_identities.test.identities, "serialNumber")
}

output "later" {
  value = provider::intune::format_identifiers_csv({ A1 = terraform_data.later.output }, "serialNumber")
}

output "digit" {
  value = provider::intune::imei_check_digit(49015420323751)
}
`, filepath.ToSlash(file))
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: factories(),
		TerraformVersionChecks:   []tfversion.TerraformVersionCheck{tfversion.SkipBelow(tfversion.Version1_8_0)},
		CheckDestroy:             func(*terraform.State) error { return sim.isEmpty() },
		Steps: []resource.TestStep{
			{
				Config:           config,
				ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectUnknownOutputValue("later")}},
				ConfigStateChecks: []statecheck.StateCheck{
					statecheck.ExpectKnownOutputValue("file", knownvalue.StringExact("C02ABC123DEF,\"MacBook of reception, ground floor\"\nDMPX7K2QJF88,\"iPad \"\"kiosk\"\"\"\nF9FXK1ABHG7F,\n")),
					statecheck.ExpectKnownOutputValue("later", knownvalue.StringExact("A1,MacBook\n")),
					statecheck.ExpectKnownOutputValue("digit", knownvalue.Int64Exact(8)),
				},
				Check: func(*terraform.State) error {
					sim.wantHeld(t, map[string]string{"C02ABC123DEF": "MacBook of reception, ground floor", "DMPX7K2QJF88": `iPad "kiosk"`, "F9FXK1ABHG7F": ""})
					return nil
				},
			},
			{Config: config, ConfigPlanChecks: emptyPlan()},
		},
	})
}

// The message as a user reads it, with the encodings that only Terraform's own
// functions can read.
func TestFunctions_MessagesOfTheCLI(t *testing.T) {
	t.Parallel()
	w := newWorkspaceOf(t, map[string]string{
		"main.tf": requiredProviders + `
variable "content" {
  default = "Dell,Latitude"
}

output "identities" {
  value = provider::intune::parse_identifiers_csv(var.content, "manufacturerModelSerial")
}

output "windows_1252" {
  value = provider::intune::parse_identifiers_csv(textdecodebase64(filebase64("1252.csv"), "windows-1252"), "serialNumber")
}

output "utf_16" {
  value = provider::intune::parse_identifiers_csv(textdecodebase64(filebase64("utf16.csv"), "UTF-16LE"), "serialNumber")
}
`,
		"1252.csv":  "A1;M\xfcller\r\n",
		"utf16.csv": "\xff\xfeA\x001\x00,\x00\xfc\x00\r\x00\n\x00",
	})
	w.run("apply", "-no-color", "-input=false", "-auto-approve", "-var=content=Dell,Latitude,A1")
	if got := w.run("output", "-no-color", "windows_1252") + w.run("output", "-no-color", "utf_16"); !strings.Contains(got, `"A1" = "Müller"`) || !strings.Contains(got, `"A1" = "ü"`) {
		t.Errorf("got %s", got)
	}
	for content, want := range map[string]string{
		"Dell,Latitude":             `parameter: line 1: expected manufacturer,model,serial, found 2 parts.`,
		"Dell,Latitude\nHP\nHP,X,1": "parameter: 2 faults:\n  line 1: expected manufacturer,model,serial, found 2 parts\n  line 2: expected manufacturer,model,serial, found 1 part.",
	} {
		output, err := w.try("plan", "-no-color", "-input=false", "-var=content="+content)
		if err == nil {
			t.Fatalf("the plan succeeds:\n%s", output)
		}
		if plain := unwrapped(output); !strings.Contains(plain, strings.Join(strings.Fields(want), " ")) {
			t.Errorf("%s is not in\n%s", want, output)
		}
	}
}

// unwrapped undoes the frame and the line breaks of the CLI's messages.
func unwrapped(output string) string {
	return strings.Join(strings.Fields(strings.NewReplacer("│", " ", "╷", " ", "╵", " ").Replace(output)), " ")
}
