package provider

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
)

// TestPages_OfWhatTheSchemaCommandCannotDescribe holds the tables of hand-written
// pages against the schema over the protocol: "terraform providers schema" of a
// CLI below 1.14 does not know list resources and actions, and none below 1.12
// knows identities, so that these pages are not generated from a schema.
func TestPages_OfWhatTheSchemaCommandCannotDescribe(t *testing.T) {
	t.Parallel()
	p := startProtocol(t)
	schemas := p.schemas()
	identities, err := p.server.GetResourceIdentitySchemas(t.Context(), &tfprotov6.GetResourceIdentitySchemasRequest{})
	p.check(err)
	list := rowsOfBlock(schemas.ListResourceSchemas[resourceType].Block)
	for _, a := range identities.IdentitySchemas[resourceType].IdentityAttributes {
		list[a.Name] = row{need(a.RequiredForImport), a.Description}
	}
	for page, want := range map[string]map[string]row{
		"../../docs/list-resources/imported_device_identity.md": list,
		"../../docs/actions/delete_stale_device_identities.md":  rowsOfBlock(schemas.ActionSchemas[actionType].Schema.Block),
	} {
		content, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, tableOf(string(content))); diff != "" {
			t.Errorf("%s (-schema +page):\n%s", page, diff)
		}
	}
}

// row is what a page says of an attribute.
type row struct{ Need, Description string }

func need(required bool) string {
	if required {
		return "required"
	}
	return "optional"
}

func rowsOfBlock(block *tfprotov6.SchemaBlock) map[string]row {
	rows := map[string]row{}
	for _, a := range block.Attributes {
		rows[a.Name] = row{need(a.Required), a.Description}
	}
	for _, nested := range block.BlockTypes {
		for _, a := range nested.Block.Attributes {
			rows[nested.TypeName+"."+a.Name] = row{need(a.Required), a.Description}
		}
	}
	return rows
}

var tableRow = regexp.MustCompile("(?m)^\\| `([a-z_.]+)` \\| (required|optional) \\| (.*) \\|$")

func tableOf(page string) map[string]row {
	rows := map[string]row{}
	for _, match := range tableRow.FindAllStringSubmatch(page, -1) {
		rows[match[1]] = row{match[2], match[3]}
	}
	return rows
}

// TestPages_EveryListResourceAndActionHasOne finds what was added without a page.
func TestPages_EveryListResourceAndActionHasOne(t *testing.T) {
	t.Parallel()
	schemas := startProtocol(t).schemas()
	var want, got []string
	for name := range schemas.ListResourceSchemas {
		want = append(want, "list-resources/"+strings.TrimPrefix(name, "intune_")+".md")
	}
	for name := range schemas.ActionSchemas {
		want = append(want, "actions/"+strings.TrimPrefix(name, "intune_")+".md")
	}
	for _, folder := range []string{"actions", "list-resources"} {
		entries, err := os.ReadDir("../../docs/" + folder)
		if err != nil {
			t.Fatal(err)
		}
		for _, entry := range entries {
			got = append(got, folder+"/"+entry.Name())
		}
	}
	slices.Sort(want)
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-schema +docs):\n%s", diff)
	}
}
