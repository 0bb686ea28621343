package graph_test

import (
	"context"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/google/go-cmp/cmp"

	"github.com/intunetf/terraform-provider-intune/internal/graph"
	"github.com/intunetf/terraform-provider-intune/internal/graphsim"
)

const (
	endpoint   = "https://graph.microsoft.com"
	collection = "/beta/deviceManagement/importedDeviceIdentities"
	// exampleContact is the value of the API reference's create example.
	exampleContact = "2016-12-31T23:58:44.2908994-08:00"
)

// bearer is a credential with one token.
type bearer string

func (b bearer) GetToken(context.Context, policy.TokenRequestOptions) (azcore.AccessToken, error) {
	return azcore.AccessToken{Token: string(b), ExpiresOn: time.Now().Add(time.Hour)}, nil
}

// tenant is a simulated tenant and a client of it.
type tenant struct {
	*graphsim.Server
	client     *graph.Client
	identities *graph.ImportedDeviceIdentitiesClient
}

func newTenant(t *testing.T, o graphsim.Options, adjust ...func(*graph.Options)) *tenant {
	t.Helper()
	server, err := graphsim.New(o)
	if err != nil {
		t.Fatal(err)
	}
	options := graph.Options{
		Endpoint: endpoint, Scope: endpoint + "/.default", Credential: bearer(server.Token()), Transport: server, UserAgent: "contract/1",
	}
	for _, f := range adjust {
		f(&options)
	}
	client, err := graph.NewClient(options)
	if err != nil {
		t.Fatal(err)
	}
	return &tenant{Server: server, client: client, identities: client.ImportedDeviceIdentities}
}

func inBothProfiles(t *testing.T, test func(t *testing.T, profile graphsim.Profile)) {
	t.Helper()
	for _, profile := range []graphsim.Profile{graphsim.ProfileDocumented, graphsim.ProfileField} {
		t.Run(string(profile), func(t *testing.T) {
			t.Parallel()
			test(t, profile)
		})
	}
}

func (tn *tenant) requests(op graphsim.Operation) []graphsim.Request {
	return slices.DeleteFunc(tn.Journal(), func(r graphsim.Request) bool { return r.Operation != op })
}

// list reads all pages.
func (tn *tenant) list(t *testing.T, o graph.ListOptions) (identities []graph.ImportedDeviceIdentity, pages int) {
	t.Helper()
	for pager := tn.identities.NewListPager(o); pager.More(); pages++ {
		page, err := pager.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		identities = append(identities, page.Value...)
	}
	return identities, pages
}

func serial(identifier string) graph.NewImportedDeviceIdentity {
	return graph.NewImportedDeviceIdentity{ImportedDeviceIdentifier: identifier, ImportedDeviceIdentityType: "serialNumber"}
}

func serials(identifiers ...string) []graphsim.Identity {
	var seed []graphsim.Identity
	for _, identifier := range identifiers {
		seed = append(seed, graphsim.Identity{ImportedDeviceIdentityType: "serialNumber", ImportedDeviceIdentifier: identifier})
	}
	return seed
}

func identifiers(identities []graph.ImportedDeviceIdentity) []string {
	var names []string
	for _, identity := range identities {
		names = append(names, identity.ImportedDeviceIdentifier)
	}
	return names
}

func (tn *tenant) find(t *testing.T, identifier string) graphsim.Identity {
	t.Helper()
	identity, ok := tn.Tenant().Find("serialNumber", identifier)
	if !ok {
		t.Fatalf("the tenant has no %s", identifier)
	}
	return identity
}

func mustParse(t *testing.T, s string) *graph.DateTime {
	t.Helper()
	at, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		t.Fatal(err)
	}
	return &graph.DateTime{Time: at}
}

func TestContract_TheDocumentedCreateRoundTripsEveryProperty(t *testing.T) {
	t.Parallel()
	tn := newTenant(t, graphsim.Options{Profile: graphsim.ProfileDocumented})
	status := true
	created, err := tn.identities.Create(t.Context(), graph.NewImportedDeviceIdentity{
		ImportedDeviceIdentifier: "Imported Device Identifier value", ImportedDeviceIdentityType: "imei",
		LastContactedDateTime: mustParse(t, exampleContact), Description: graph.NewText("Description value"),
		EnrollmentState: "enrolled", Platform: "ios", Status: &status,
	})
	if err != nil {
		t.Fatal(err)
	}
	value := reflect.ValueOf(created)
	for i := range value.NumField() {
		if value.Field(i).IsZero() {
			t.Errorf("%s was not read from the answer", value.Type().Field(i).Name)
		}
	}
	stored := tn.Tenant().Identities()[0]
	if got := stored.LastContactedDateTime; !got.Equal(mustParse(t, exampleContact).Time) {
		t.Errorf("lastContactedDateTime arrived as %s", got)
	}
	listed, _ := tn.list(t, graph.ListOptions{})
	read, err := tn.identities.Get(t.Context(), created.ID)
	if err != nil {
		t.Fatal(err)
	}
	for from, got := range map[string]graph.ImportedDeviceIdentity{"create": created, "get": read, "list": listed[0]} {
		want := map[string]any{
			"id": stored.ID, "identifier": "Imported Device Identifier value", "type": "imei",
			"lastModified": stored.LastModifiedDateTime.UTC().Format(time.RFC3339Nano), "created": stored.CreatedDateTime.UTC().Format(time.RFC3339Nano),
			"contact": exampleContact, "description": "Description value", "state": "enrolled", "platform": "ios",
			"status": true, "@odata.type": "#microsoft.graph.importedDeviceIdentityResult",
		}
		if from == "list" {
			// The read type has no status, and a list says nothing of the type.
			want["status"], want["@odata.type"] = nil, ""
		}
		if diff := cmp.Diff(want, properties(got)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", from, diff)
		}
	}
}

// properties flattens an identity into what a reader of it would print.
func properties(i graph.ImportedDeviceIdentity) map[string]any {
	p := map[string]any{
		"id": i.ID, "identifier": i.ImportedDeviceIdentifier, "type": i.ImportedDeviceIdentityType,
		"lastModified": i.LastModifiedDateTime.String(), "created": i.CreatedDateTime.String(), "contact": i.LastContactedDateTime.String(),
		"description": i.Description.Value, "state": *i.EnrollmentState, "platform": *i.Platform, "status": nil, "@odata.type": i.ODataType,
	}
	if i.Status != nil {
		p["status"] = *i.Status
	}
	return p
}

func TestContract_TheFieldProfileKeepsOnlyTheDescription(t *testing.T) {
	t.Parallel()
	tn := newTenant(t, graphsim.Options{})
	row := serial(" ZFLD72GKPQ ")
	row.Description, row.Platform, row.EnrollmentState = graph.NewText("text"), "ios", "enrolled"
	row.LastContactedDateTime = mustParse(t, exampleContact)
	rows, err := tn.identities.Import(t.Context(), []graph.NewImportedDeviceIdentity{row}, false)
	if err != nil {
		t.Fatal(err)
	}
	stored := tn.find(t, "ZFLD72GKPQ")
	want := map[string]any{
		"id": "AlpGTEQ3MkdLUFE=", "identifier": "ZFLD72GKPQ", "type": "serialNumber",
		"lastModified": stored.LastModifiedDateTime.Format(time.RFC3339Nano), "created": stored.CreatedDateTime.Format(time.RFC3339Nano),
		"contact": "0001-01-01T00:00:00Z", "description": "text", "state": "notContacted", "platform": "unknown", "status": true, "@odata.type": "",
	}
	if diff := cmp.Diff(want, properties(rows[0])); diff != "" {
		t.Errorf("import (-want +got):\n%s", diff)
	}
	tn.Tenant().MarkEnrolled("serialNumber", "ZFLD72GKPQ", "macOS")
	read, err := tn.identities.Get(t.Context(), rows[0].ID)
	if err != nil {
		t.Fatal(err)
	}
	want["status"], want["state"], want["platform"] = nil, "enrolled", "macOS"
	want["contact"] = tn.find(t, "ZFLD72GKPQ").LastContactedDateTime.Format(time.RFC3339Nano)
	if diff := cmp.Diff(want, properties(read)); diff != "" {
		t.Errorf("get after enrolment (-want +got):\n%s", diff)
	}
}

func TestContract_DatesKeepTheirInstantInAnyZone(t *testing.T) {
	t.Parallel()
	created := mustParse(t, exampleContact).Time
	tn := newTenant(t, graphsim.Options{
		Behaviour: func(b *graphsim.Behaviour) { b.DateZone = time.FixedZone("", -8*60*60) },
		Seed:      []graphsim.Identity{{ID: "1", ImportedDeviceIdentityType: "imei", ImportedDeviceIdentifier: "355450075770212", CreatedDateTime: created}},
	})
	identity, err := tn.identities.Get(t.Context(), "1")
	if err != nil {
		t.Fatal(err)
	}
	if got := identity.CreatedDateTime; !got.Equal(created) || got.String() != exampleContact {
		t.Errorf("got %s, want %s", got, exampleContact)
	}
}

func TestContract_AbsentDescriptions(t *testing.T) {
	t.Parallel()
	for _, null := range []bool{true, false} {
		tn := newTenant(t, graphsim.Options{Seed: serials("C0"), Behaviour: func(b *graphsim.Behaviour) { b.NullDescription = null }})
		identities, _ := tn.list(t, graph.ListOptions{})
		if d := identities[0].Description; !d.Present || d.Value != "" {
			t.Errorf("null %t: got %+v", null, d)
		}
	}
}

func TestContract_GetReadsTheReferencesWrappedObject(t *testing.T) {
	t.Parallel()
	tn := newTenant(t, graphsim.Options{Seed: serials("C0"), Behaviour: func(b *graphsim.Behaviour) { b.GetWrapped = true }})
	identity, err := tn.identities.Get(t.Context(), tn.find(t, "C0").ID)
	if err != nil || identity.ImportedDeviceIdentifier != "C0" {
		t.Errorf("got %+v, %v", identity, err)
	}
}

func TestContract_UpdateSetsAndClearsTheDescription(t *testing.T) {
	t.Parallel()
	tn := newTenant(t, graphsim.Options{Profile: graphsim.ProfileDocumented, Seed: serials("C0")})
	for _, text := range []*graph.Text{graph.NewText("new"), graph.NewText(""), graph.NewText("again"), graph.NullText()} {
		if err := tn.identities.UpdateDescription(t.Context(), tn.find(t, "C0").ID, text); err != nil {
			t.Fatal(err)
		}
		want, err := text.MarshalJSON()
		if err != nil {
			t.Fatal(err)
		}
		got := tn.find(t, "C0").Description
		if expected := strings.Trim(strings.TrimPrefix(string(want), "null"), `"`); got != expected {
			t.Errorf("after %s the description is %q", want, got)
		}
	}
	for _, r := range tn.requests(graphsim.OpUpdate) {
		if len(r.JSON) != 2 || r.JSON["@odata.type"] != "#microsoft.graph.importedDeviceIdentity" {
			t.Errorf("PATCH sent %s", r.Body)
		}
	}
}

func TestContract_DeleteAndWhatAMissingIDIsAnswered(t *testing.T) {
	t.Parallel()
	inBothProfiles(t, func(t *testing.T, profile graphsim.Profile) {
		tn := newTenant(t, graphsim.Options{Profile: profile, Seed: serials("C0")})
		id := tn.find(t, "C0").ID
		if err := tn.identities.Delete(t.Context(), id); err != nil {
			t.Fatal(err)
		}
		if left := tn.Tenant().Identities(); len(left) > 0 {
			t.Errorf("left: %+v", left)
		}
		if _, err := tn.identities.Get(t.Context(), id); !graph.IsNotFound(err) || graph.IsRouteRefused(err) {
			t.Errorf("get: %v", err)
		}
		err := tn.identities.Delete(t.Context(), id)
		if profile == graphsim.ProfileField && !graph.IsBadRequest(err) || profile == graphsim.ProfileDocumented && !graph.IsNotFound(err) {
			t.Errorf("second delete: %v", err)
		}
	})
}

func TestContract_ListFollowsEveryPage(t *testing.T) {
	t.Parallel()
	inBothProfiles(t, func(t *testing.T, profile graphsim.Profile) {
		tn := newTenant(t, graphsim.Options{Profile: profile, PageSize: 2, Seed: serials("A1", "A2", "B1", "A3", "A4")})
		tests := []struct {
			name  string
			o     graph.ListOptions
			want  []string
			pages int
		}{
			{"all", graph.ListOptions{}, []string{"A1", "A2", "B1", "A3", "A4"}, 3},
			{"filtered", graph.ListOptions{IdentifierContains: "A"}, []string{"A1", "A2", "A3", "A4"}, 2},
			{"one a page", graph.ListOptions{Top: 1}, []string{"A1", "A2", "B1", "A3", "A4"}, 5},
			{"nothing", graph.ListOptions{IdentifierContains: "C"}, nil, 1},
		}
		for _, test := range tests {
			got, pages := tn.list(t, test.o)
			if diff := cmp.Diff(test.want, identifiers(got)); diff != "" || pages != test.pages {
				t.Errorf("%s: %d pages, want %d (-want +got):\n%s", test.name, pages, test.pages, diff)
			}
		}
	})
}

func TestContract_FilterTakesTheTextAsItIs(t *testing.T) {
	t.Parallel()
	names := []string{"O'BRIEN", "A&B=C", "A+B", "50%25", "A B", "Ä#1", `"DELL, INC."`, "A/B"}
	inBothProfiles(t, func(t *testing.T, profile graphsim.Profile) {
		tn := newTenant(t, graphsim.Options{Profile: profile, Seed: serials(names...)})
		for _, name := range names {
			got, _ := tn.list(t, graph.ListOptions{IdentifierContains: name})
			if diff := cmp.Diff([]string{name}, identifiers(got)); diff != "" {
				t.Errorf("%s (-want +got):\n%s", name, diff)
			}
		}
	})
}

func TestContract_ImportAnswersForEveryRow(t *testing.T) {
	t.Parallel()
	inBothProfiles(t, func(t *testing.T, profile graphsim.Profile) {
		seed := serials("OLD")
		seed[0].Description = "before"
		tn := newTenant(t, graphsim.Options{Profile: profile, Seed: seed})
		old := tn.find(t, "OLD")
		again, fresh, status := serial("OLD"), serial("NEW"), false
		again.Description, fresh.Description = graph.NewText("after"), graph.NewText("new")
		fresh.Status = &status // the action's rows have no such member: the simulator would refuse it

		for _, overwrite := range []bool{false, true} {
			rows, err := tn.identities.Import(t.Context(), []graph.NewImportedDeviceIdentity{again, fresh}, overwrite)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff([]string{"OLD", "NEW"}, identifiers(rows)); diff != "" {
				t.Fatalf("rows (-want +got):\n%s", diff)
			}
			wantNew, wantDescription := true, "before"
			if overwrite {
				wantDescription = "after"
			}
			if rows[0].ID != old.ID || *rows[0].Status != overwrite || rows[0].Description.Value != wantDescription {
				t.Errorf("overwrite %t, existing row: %+v, status %t", overwrite, rows[0], *rows[0].Status)
			}
			if rows[1].ID != tn.find(t, "NEW").ID || *rows[1].Status != wantNew || rows[1].Description.Value != "new" {
				t.Errorf("overwrite %t, new row: %+v, status %t", overwrite, rows[1], *rows[1].Status)
			}
			if got := tn.find(t, "OLD").Description; got != wantDescription {
				t.Errorf("overwrite %t: the tenant's description is %q", overwrite, got)
			}
		}
	})
}

func TestContract_SearchFindsWhatExists(t *testing.T) {
	t.Parallel()
	tn := newTenant(t, graphsim.Options{Seed: append(serials("C1", "C2"), graphsim.Identity{
		ImportedDeviceIdentityType: "manufacturerModelSerial", ImportedDeviceIdentifier: "DELLINC,LATITUDE5440,ABC1234",
	})})
	_, err := tn.identities.SearchExisting(t.Context(), []graph.IdentityKey{
		{ImportedDeviceIdentifier: "C2", ImportedDeviceIdentityType: "serialNumber"},
		{ImportedDeviceIdentifier: "C2", ImportedDeviceIdentityType: "imei"},
	})
	if !graph.IsBadRequest(err) || !strings.Contains(err.Error(), "Invalid Device Identifier parameter found for 1 import records!") {
		t.Errorf("one malformed key: got %v, want a 400 for the whole call", err)
	}
	found, err := tn.identities.SearchExisting(t.Context(), []graph.IdentityKey{
		{ImportedDeviceIdentifier: "C2", ImportedDeviceIdentityType: "serialNumber"},
		{ImportedDeviceIdentifier: "C3", ImportedDeviceIdentityType: "serialNumber"},
		{ImportedDeviceIdentifier: `"Dell, Inc.",Latitude 5440,abc1234`, ImportedDeviceIdentityType: "manufacturerModelSerial"},
	})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"C2", "DELLINC,LATITUDE5440,ABC1234"}, identifiers(found)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	none, err := tn.identities.SearchExisting(t.Context(), []graph.IdentityKey{{ImportedDeviceIdentifier: "C3", ImportedDeviceIdentityType: "serialNumber"}})
	if err != nil || len(none) > 0 {
		t.Errorf("got %+v, %v", none, err)
	}
}

func TestContract_ActionsWorkUnderBothURLForms(t *testing.T) {
	t.Parallel()
	inBothProfiles(t, func(t *testing.T, profile graphsim.Profile) {
		tn := newTenant(t, graphsim.Options{Profile: profile})
		isShort := func(r graphsim.Request) bool {
			return r.Method == http.MethodPost && !strings.Contains(r.RawPath, "/microsoft.graph.")
		}
		refused := graphsim.Fault{Match: isShort, Count: -1, Status: 400, Code: "No method match route template", Message: "No OData route exists"}
		for _, faults := range [][]graphsim.Fault{nil, {refused}} {
			tn.ClearJournal()
			tn.Inject(faults...)
			key := graph.IdentityKey{ImportedDeviceIdentifier: "C0", ImportedDeviceIdentityType: "serialNumber"}
			for range 2 {
				if _, err := tn.identities.Import(t.Context(), []graph.NewImportedDeviceIdentity{serial("C0")}, false); err != nil {
					t.Fatal(err)
				}
				if _, err := tn.identities.SearchExisting(t.Context(), []graph.IdentityKey{key}); err != nil {
					t.Fatal(err)
				}
			}
			var paths []string
			for _, r := range tn.Journal() {
				paths = append(paths, strings.TrimPrefix(r.RawPath, collection+"/"))
			}
			want := []string{"importDeviceIdentityList", "searchExistingIdentities", "importDeviceIdentityList", "searchExistingIdentities"}
			if faults != nil {
				// Tried once, remembered for both actions.
				want = []string{
					"importDeviceIdentityList", "microsoft.graph.importDeviceIdentityList", "microsoft.graph.searchExistingIdentities",
					"microsoft.graph.importDeviceIdentityList", "microsoft.graph.searchExistingIdentities",
				}
			}
			if diff := cmp.Diff(want, paths); diff != "" {
				t.Errorf("paths (-want +got):\n%s", diff)
			}
		}
	})
}

func TestContract_LimitsOfTheServiceAreKept(t *testing.T) {
	t.Parallel()
	inBothProfiles(t, func(t *testing.T, profile graphsim.Profile) {
		synctest.Test(t, func(t *testing.T) {
			limits := graphsim.Options{Profile: profile, RequestLimit: 10, WriteLimit: 4}
			polite := newTenant(t, limits, func(o *graph.Options) { o.RequestLimit, o.WriteLimit = 10, 4 })
			rude := newTenant(t, limits)
			for _, tn := range []*tenant{polite, rude} {
				for _, identifier := range []string{"C1", "C2", "C3", "C4", "C5", "C6", "C7", "C8", "C9"} {
					if _, err := tn.identities.Import(t.Context(), []graph.NewImportedDeviceIdentity{serial(identifier)}, false); err != nil {
						t.Fatal(err)
					}
					tn.list(t, graph.ListOptions{})
				}
			}
			throttled := func(r graphsim.Request) bool { return r.Status == http.StatusTooManyRequests }
			if slices.ContainsFunc(polite.Journal(), throttled) {
				t.Error("the service throttled a client that knows its limits")
			}
			if !slices.ContainsFunc(rude.Journal(), throttled) {
				t.Error("the service never throttled: the test shows nothing")
			}
		})
	})
}
