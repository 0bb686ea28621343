package provider

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	fwprovider "github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/terraform"

	"github.com/intunetf/terraform-provider-intune/internal/deviceid"
	"github.com/intunetf/terraform-provider-intune/internal/inventory"
)

// The tests in this file run the same scenarios against a real tenant, named by
// the ARM_* variables ("make testacc"). Every identifier carries a random
// prefix, and whatever carries it is deleted at the end.

// liveTenant is the tenant of the environment.
type liveTenant struct {
	t         *testing.T
	prefix    string
	inventory *inventory.Inventory
	// used are the keys that a test was given.
	used []inventory.Key
}

func newLiveTenant(t *testing.T) *liveTenant {
	t.Helper()
	if os.Getenv(resource.EnvTfAcc) == "" {
		t.Skip("a real tenant is used only by \"make testacc\"")
	}
	schemas, err := startProtocol(t).server.GetProviderSchema(t.Context(), &tfprotov6.GetProviderSchemaRequest{})
	if err != nil {
		t.Fatal(err)
	}
	var schema fwprovider.SchemaResponse
	New("test")().Schema(t.Context(), fwprovider.SchemaRequest{}, &schema)
	config, diags := resolveConfig(t.Context(), tfsdk.Config{Raw: object(t, schemas.Provider, nil), Schema: schema.Schema}, os.Getenv)
	if diags.HasError() {
		t.Fatal(diags)
	}
	data := &providerData{}
	if diags := data.connect(t.Context(), config, "terraform-provider-intune acceptance tests"); diags.HasError() {
		t.Fatal(diags)
	}
	live := &liveTenant{t: t, prefix: "TFACC" + strings.ToUpper(rand.Text()[:8]), inventory: data.inventory}
	t.Cleanup(live.sweep)
	return live
}

func (l *liveTenant) provider(lines ...string) string {
	return "\nprovider \"intune\" {\n  " + strings.Join(lines, "\n  ") + "\n}\n"
}

// key is an identifier of the type that nobody else uses.
func (l *liveTenant) key(t deviceid.Type) inventory.Key {
	key := inventory.Key{Type: t, Identifier: l.identifier(t)}
	l.used = append(l.used, key)
	return key
}

func (l *liveTenant) identifier(t deviceid.Type) string {
	switch t {
	case deviceid.TypeIMEI:
		// 00 is the reporting body of test devices; the rest is random.
		body := "00" + fmt.Sprintf("%012d", time.Now().UnixNano()%1_000_000_000_000)
		digit, err := deviceid.CheckDigit(body)
		if err != nil {
			l.t.Fatal(err)
		}
		return fmt.Sprintf("%s%d", body, digit)
	case deviceid.TypeManufacturerModelSerial:
		return "Contoso,Test Device," + l.prefix
	default:
		return l.prefix
	}
}

func (l *liveTenant) shows(key inventory.Key, description string) resource.TestCheckFunc {
	return func(*terraform.State) error {
		found, err := l.inventory.Find(l.t.Context(), key)
		if err != nil {
			return fmt.Errorf("%s: %w", key, err)
		}
		return wantEqual("description", found.Description.Value, description)
	}
}

func (l *liveTenant) isEmptyOf(key inventory.Key) resource.TestCheckFunc {
	return func(*terraform.State) error {
		if found, err := l.inventory.Find(l.t.Context(), key); !errors.Is(err, inventory.ErrNotFound) {
			return fmt.Errorf("%s is still there: %+v, %w", key, found, err)
		}
		return nil
	}
}

// sweep deletes what a failed test left in the tenant.
func (l *liveTenant) sweep() {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	defer cancel()
	for _, key := range l.used {
		found, err := l.inventory.Find(ctx, key)
		if errors.Is(err, inventory.ErrNotFound) {
			continue
		}
		if err == nil {
			err = l.inventory.Delete(ctx, "", key, found.ID)
		}
		if err != nil {
			l.t.Errorf("%s was left in the tenant: %v", key, err)
		}
	}
}

func TestAccImportedDeviceIdentity_Lifecycle(t *testing.T) {
	t.Parallel()
	for _, identityType := range []deviceid.Type{deviceid.TypeIMEI, deviceid.TypeSerialNumber, deviceid.TypeManufacturerModelSerial} {
		t.Run(string(identityType), func(t *testing.T) {
			t.Parallel()
			live := newLiveTenant(t)
			resource.Test(t, lifecycle(live, live.key(identityType)))
		})
	}
}

func TestAccImportedDeviceIdentity_ExistingIsRefusedAndAdopted(t *testing.T) {
	t.Parallel()
	live := newLiveTenant(t)
	resource.Test(t, existing(live, live.key(deviceid.TypeSerialNumber)))
}

// existing is the conflict with an identity that somebody else made, and its
// adoption. The second resource of the same identifier stands for somebody else.
func existing(at target, key inventory.Key) resource.TestCase {
	block := func(name, lines string) string {
		return fmt.Sprintf("\nresource \"intune_imported_device_identity\" %q {\n  imported_device_identity_type = %q\n  imported_device_identifier = %q\n  %s\n}\n", name, key.Type, key.Identifier, lines)
	}
	first := block("test", `description = "Lab"`)
	return resource.TestCase{
		ProtoV6ProviderFactories: factories(),
		CheckDestroy:             at.isEmptyOf(key),
		Steps: []resource.TestStep{
			{Config: at.provider() + first},
			{
				Config:      at.provider() + first + block("second", `description = "Kiosk"`),
				ExpectError: regexp.MustCompile(`Device Identifier Exists Already`),
				// The refused create leaves the tenant as it was.
			},
			{Config: at.provider() + first, ConfigPlanChecks: emptyPlan(), Check: at.shows(key, "Lab")},
			{
				Config: at.provider() + first + block("second", `description = "Kiosk"`+"\n  overwrite_existing = true"),
				// Two resources now want two descriptions of one identity.
				ExpectNonEmptyPlan: true,
				Check:              at.shows(key, "Kiosk"),
			},
		},
	}
}
