package provider

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
)

// goldenAttribute is what a user of the schema relies on.
type goldenAttribute struct {
	Type        string `json:"type"`
	Required    bool   `json:"required,omitempty"`
	Optional    bool   `json:"optional,omitempty"`
	Computed    bool   `json:"computed,omitempty"`
	Sensitive   bool   `json:"sensitive,omitempty"`
	Description string `json:"description"`
}

type goldenParameter struct {
	Name        string `json:"name"`
	Type        string `json:"type"`
	Description string `json:"description"`
}

type goldenFunction struct {
	Summary    string            `json:"summary"`
	Parameters []goldenParameter `json:"parameters"`
	Return     string            `json:"return"`
}

type goldenSchema struct {
	Version     int64                                 `json:"version"`
	Description string                                `json:"description"`
	Attributes  map[string]goldenAttribute            `json:"attributes"`
	Blocks      map[string]map[string]goldenAttribute `json:"blocks,omitempty"`
}

// TestSchema_IsTheOneUsersRelyOn holds the schema, as it goes over the protocol,
// against a file, so that a breaking change is seen in review. UPDATE_GOLDEN=1
// writes the file.
func TestSchema_IsTheOneUsersRelyOn(t *testing.T) {
	t.Parallel()
	schemas, err := startProtocol(t).server.GetProviderSchema(t.Context(), &tfprotov6.GetProviderSchemaRequest{})
	if err != nil {
		t.Fatal(err)
	}
	if len(schemas.Diagnostics) > 0 {
		t.Fatal(texts(schemas.Diagnostics))
	}
	current := map[string]any{"provider": golden(schemas.Provider)}
	for name, schema := range everySchema(schemas) {
		current[name] = golden(schema)
	}
	for name, f := range schemas.Functions {
		current["function "+name] = goldenSignature(f)
	}
	var got bytes.Buffer
	encoder := json.NewEncoder(&got)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(current); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join("testdata", "schema.golden.json")
	if os.Getenv("UPDATE_GOLDEN") != "" {
		if err := os.WriteFile(file, got.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got.String()); diff != "" {
		t.Errorf("the schema changed (-file +now); when that is meant, run UPDATE_GOLDEN=1 go test ./internal/provider -run TestSchema\n%s", diff)
	}
}

func goldenSignature(f *tfprotov6.Function) goldenFunction {
	result := goldenFunction{Summary: f.Summary, Return: f.Return.Type.String()}
	for _, p := range f.Parameters {
		result.Parameters = append(result.Parameters, goldenParameter{p.Name, p.Type.String(), p.Description})
	}
	return result
}

// everySchema names what a configuration can hold: "resource intune_...".
func everySchema(schemas *tfprotov6.GetProviderSchemaResponse) map[string]*tfprotov6.Schema {
	all := map[string]*tfprotov6.Schema{}
	for name, schema := range schemas.ResourceSchemas {
		all["resource "+name] = schema
	}
	for name, schema := range schemas.DataSourceSchemas {
		all["data source "+name] = schema
	}
	for name, schema := range schemas.ListResourceSchemas {
		all["list resource "+name] = schema
	}
	for name, schema := range schemas.ActionSchemas {
		all["action "+name] = schema.Schema
	}
	return all
}

func golden(schema *tfprotov6.Schema) goldenSchema {
	result := goldenSchema{
		Version:     schema.Version,
		Description: schema.Block.Description,
		Attributes:  goldenAttributes(schema.Block.Attributes),
	}
	for _, block := range schema.Block.BlockTypes {
		if result.Blocks == nil {
			result.Blocks = map[string]map[string]goldenAttribute{}
		}
		result.Blocks[block.TypeName] = goldenAttributes(block.Block.Attributes)
	}
	return result
}

func goldenAttributes(attributes []*tfprotov6.SchemaAttribute) map[string]goldenAttribute {
	result := map[string]goldenAttribute{}
	for _, a := range attributes {
		result[a.Name] = goldenAttribute{
			Type: a.ValueType().String(), Required: a.Required, Optional: a.Optional, Computed: a.Computed, Sensitive: a.Sensitive, Description: a.Description,
		}
	}
	return result
}

func TestSchema_EverySecretIsSensitive(t *testing.T) {
	t.Parallel()
	schemas, err := startProtocol(t).server.GetProviderSchema(t.Context(), &tfprotov6.GetProviderSchemaRequest{})
	if err != nil {
		t.Fatal(err)
	}
	secrets := []string{"client_secret", "client_certificate", "client_certificate_password", "oidc_token", "oidc_request_token"}
	for _, a := range schemas.Provider.Block.Attributes {
		if a.Sensitive != slices.Contains(secrets, a.Name) {
			t.Errorf("%s: sensitive is %v", a.Name, a.Sensitive)
		}
		if a.Required || !a.Optional {
			t.Errorf("%s cannot come from the environment", a.Name)
		}
	}
}

func TestSchema_EveryDescriptionIsASentence(t *testing.T) {
	t.Parallel()
	schemas, err := startProtocol(t).server.GetProviderSchema(t.Context(), &tfprotov6.GetProviderSchemaRequest{})
	if err != nil {
		t.Fatal(err)
	}
	blocks := map[string]*tfprotov6.SchemaBlock{"provider": schemas.Provider.Block}
	for name, schema := range everySchema(schemas) {
		blocks[name] = schema.Block
		for _, nested := range schema.Block.BlockTypes {
			blocks[name+"."+nested.TypeName] = nested.Block
		}
		for _, a := range schema.Block.Attributes {
			if a.NestedType != nil {
				blocks[name+"."+a.Name] = &tfprotov6.SchemaBlock{Attributes: a.NestedType.Attributes}
			}
		}
	}
	for place, block := range blocks {
		for _, a := range block.Attributes {
			if !strings.HasSuffix(a.Description, ".") {
				t.Errorf("%s.%s: %q", place, a.Name, a.Description)
			}
		}
	}
}
