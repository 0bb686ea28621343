package graphsim_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/intunetf/terraform-provider-intune/internal/graphsim"
)

func TestBehaviour01_OnlyBeta(t *testing.T) {
	t.Parallel()
	sim := field(t, nil)
	a := sim.call(http.MethodGet, "/v1.0/deviceManagement/importedDeviceIdentities", "").want(t, 400, "BadRequest")
	if _, message := a.errorOf(t); message != "Resource not found for the segment 'importedDeviceIdentities'." {
		t.Errorf("message %q", message)
	}
	sim.call(http.MethodGet, collectionPath, "").want(t, 200, "")
}

func TestBehaviour02_BothURLFormsOfActions(t *testing.T) {
	t.Parallel()
	sim := field(t, nil)
	for i, path := range []string{
		collectionPath + "/importDeviceIdentityList", collectionPath + "/microsoft.graph.importDeviceIdentityList",
	} {
		a := sim.call(http.MethodPost, path, importBody(false, row("serialNumber", "C02", ""))).want(t, 200, "")
		equal(t, "status", a.rows(t)[0]["status"], any(i == 0))
	}
	for _, path := range []string{
		collectionPath + "/searchExistingIdentities", collectionPath + "/microsoft.graph.searchExistingIdentities",
	} {
		a := sim.call(http.MethodPost, path, `{"importedDeviceIdentities":[`+row("serialNumber", "C02", "")+`]}`).want(t, 200, "")
		equal(t, "found", a.identifiers(t), "C02")
	}
}

func TestBehaviour03_PlainCreateIsRefused(t *testing.T) {
	t.Parallel()
	for answer, want := range map[graphsim.RouteAnswer]struct {
		status int
		code   string
	}{
		graphsim.RouteRefused:        {400, "No method match route template"},
		graphsim.RouteServerError:    {500, "InternalServerError"},
		graphsim.RouteUnknownSegment: {404, "ResourceNotFound"},
		graphsim.RouteNotAllowed:     {405, "MethodNotAllowed"},
		graphsim.RouteNotImplemented: {501, "NotImplemented"},
		graphsim.RouteForbidden:      {403, "Forbidden"},
	} {
		sim := field(t, func(b *graphsim.Behaviour) { b.CreateRoute = answer })
		a := sim.call(http.MethodPost, collectionPath, row("serialNumber", "C02", "")).want(t, want.status, want.code)
		if _, message := a.errorOf(t); answer == graphsim.RouteRefused && !strings.Contains(message,
			"No OData route exists that match template ~/singleton/navigation with http verb POST for request /DeviceEnrollmentFE_") {
			t.Errorf("message %q", message)
		}
		equal(t, "identities", len(sim.Tenant().Identities()), 0)
	}
}

func TestBehaviour03_LostReplyOfCreate(t *testing.T) {
	t.Parallel()
	sim := field(t, func(b *graphsim.Behaviour) { b.CreateRoute = graphsim.RouteLostReply })
	sim.call(http.MethodPost, collectionPath, row("serialNumber", "C02", "")).want(t, 500, "InternalServerError")
	equal(t, "identities", len(sim.Tenant().Identities()), 1)
}

func TestBehaviour04_PatchIsRefused(t *testing.T) {
	t.Parallel()
	sim := newSimulator(t, graphsim.Options{Seed: serials("C02")})
	a := sim.call(http.MethodPatch, sim.pathOf("serialNumber", "C02"), `{"description":"new"}`)
	_, message := a.want(t, 400, "No method match route template").errorOf(t)
	if !strings.Contains(message, "~/singleton/navigation/key with http verb PATCH") {
		t.Errorf("message %q", message)
	}
}

func TestBehaviour04_PatchAsDocumented(t *testing.T) {
	t.Parallel()
	sim := newSimulator(t, graphsim.Options{Seed: serials("C02"), Behaviour: func(b *graphsim.Behaviour) {
		b.PatchRoute = graphsim.RouteWorks
	}})
	a := sim.call(http.MethodPatch, sim.pathOf("serialNumber", "C02"), `{"description":"new","platform":"ios"}`).want(t, 200, "")
	equal(t, "description", a.json["description"], any("new"))
	equal(t, "platform", a.json["platform"], any("unknown"))
	sim.call(http.MethodPatch, collectionPath+"/nobody", `{"description":"new"}`).want(t, 404, "ResourceNotFound")
}

func TestBehaviour05_IDsAreDecodedOnceAndMatchedExactly(t *testing.T) {
	t.Parallel()
	// Base64 of these has "=", "/" and "+".
	sim := newSimulator(t, graphsim.Options{Seed: serials("ZFLD72GKPQ", "~~~", "~?~?")})
	for _, path := range []string{
		"/AlpGTEQ3MkdLUFE%3D", "/AlpGTEQ3MkdLUFE%3d", "/AlpGTEQ3MkdLUFE=", "('AlpGTEQ3MkdLUFE%3D')", "%28%27AlpGTEQ3MkdLUFE%3D%27%29",
	} {
		sim.call(http.MethodGet, collectionPath+path, "").want(t, 200, "")
	}
	for _, path := range []string{"/AlpGTEQ3MkdLUFE%253D", "/alpgteq3mkdlufe%3D", "/AlpGTEQ3MkdLUFE"} {
		sim.call(http.MethodGet, collectionPath+path, "").want(t, 404, "ResourceNotFound")
	}
	for _, identity := range sim.Tenant().Identities() {
		escaped := strings.NewReplacer("=", "%3D", "/", "%2F", "+", "%2B").Replace(identity.ID)
		a := sim.call(http.MethodGet, collectionPath+"/"+escaped, "").want(t, 200, "")
		equal(t, "id", a.json["id"], any(identity.ID))
	}
	// An id whose "/" was not escaped is another path.
	for _, identity := range sim.Tenant().Identities() {
		if strings.Contains(identity.ID, "/") {
			sim.call(http.MethodGet, collectionPath+"/"+identity.ID, "").want(t, 501, "NotImplemented")
		}
	}
}

func TestBehaviour05_GUIDs(t *testing.T) {
	t.Parallel()
	sim := field(t, func(b *graphsim.Behaviour) { b.IDForm = graphsim.IDGUID })
	id, _ := sim.importRow("serialNumber", "C02", "")["id"].(string)
	if parts := strings.Split(id, "-"); len(id) != 36 || len(parts) != 5 {
		t.Errorf("id %q is no GUID", id)
	}
	sim.call(http.MethodGet, collectionPath+"/"+id, "").want(t, 200, "")
}

func TestUnknownRoutesAnswer501(t *testing.T) {
	t.Parallel()
	sim := field(t, nil)
	for _, c := range []struct{ method, path string }{
		{http.MethodGet, "/beta/deviceManagement/managedDevices"},
		{http.MethodPost, "/beta/deviceManagement/importDeviceIdentityList"},
		{http.MethodPut, collectionPath},
		{http.MethodDelete, collectionPath + "/"},
		{http.MethodGet, "/beta"},
		{http.MethodGet, "/"},
		{http.MethodGet, "/beta/deviceManagement/importedDeviceIdentities('')"},
	} {
		a := sim.call(c.method, c.path, "").want(t, 501, "NotImplemented")
		if _, message := a.errorOf(t); !strings.Contains(message, c.method+" "+c.path) {
			t.Errorf("%s: message %q", c.path, message)
		}
	}
}
