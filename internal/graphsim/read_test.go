package graphsim_test

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/intunetf/terraform-provider-intune/internal/graphsim"
)

// get asks a path with query options, which are given decoded.
func (s *simulator) get(path string, options ...string) answer {
	s.t.Helper()
	query := url.Values{}
	for i := 0; i+1 < len(options); i += 2 {
		query.Set(options[i], options[i+1])
	}
	if len(options) > 0 {
		path += "?" + query.Encode()
	}
	return s.call(http.MethodGet, path, "")
}

func TestBehaviour19_GetOfAMissingID(t *testing.T) {
	t.Parallel()
	a := field(t, nil).get(collectionPath+"/AkMwMg%3D%3D").want(t, 404, "ResourceNotFound")
	if !strings.Contains(a.nested(t), "'AkMwMg=='") {
		t.Errorf("message %q", a.nested(t))
	}
	plain := documented(t, nil).get(collectionPath+"/nobody").want(t, 404, "ResourceNotFound")
	if _, message := plain.errorOf(t); strings.HasPrefix(message, "{") {
		t.Errorf("the documented profile nests: %q", message)
	}
}

func TestBehaviour20_Delete(t *testing.T) {
	t.Parallel()
	sim := newSimulator(t, graphsim.Options{Seed: serials("A")})
	path := sim.pathOf("serialNumber", "A")
	a := sim.call(http.MethodDelete, path, "").want(t, 204, "")
	equal(t, "body", a.text, "")
	a = sim.call(http.MethodDelete, path, "").want(t, 400, "BadRequest")
	a.nested(t)
	documented(t, nil).call(http.MethodDelete, path, "").want(t, 404, "ResourceNotFound")
	field(t, func(b *graphsim.Behaviour) { b.DeleteMissing = 204 }).call(http.MethodDelete, path, "").want(t, 204, "")
}

// walk follows nextLinks and returns the identifiers of each page.
func (s *simulator) walk(path string, between func(page int)) []string {
	s.t.Helper()
	var pages []string
	next := root + path
	for next != "" && len(pages) < 100 {
		if !strings.HasPrefix(next, root+collectionPath) {
			s.t.Fatalf("nextLink %q is not on the host that was called", next)
		}
		a := s.call(http.MethodGet, strings.TrimPrefix(next, root), "").want(s.t, 200, "")
		pages = append(pages, a.identifiers(s.t))
		next, _ = a.json["@odata.nextLink"].(string)
		if between != nil {
			between(len(pages))
		}
	}
	return pages
}

func TestBehaviour21_Paging(t *testing.T) {
	t.Parallel()
	sim := newSimulator(t, graphsim.Options{PageSize: 2, Seed: serials("A", "B", "C", "D", "E")})
	first := sim.get(collectionPath).want(t, 200, "")
	equal(t, "context", first.json["@odata.context"], any(root+"/beta/$metadata#deviceManagement/importedDeviceIdentities"))
	if next, _ := first.json["@odata.nextLink"].(string); !strings.Contains(next, "?$skiptoken=") {
		t.Errorf("nextLink %q", next)
	}
	equal(t, "pages", fmt.Sprint(sim.walk(collectionPath, nil)), "[A B C D E]")
	equal(t, "page count", len(sim.walk(collectionPath, nil)), 3)
	equal(t, "top 1", len(sim.walk(collectionPath+"?$top=1", nil)), 5)
	equal(t, "top over the page size", len(sim.walk(collectionPath+"?$top=100", nil)), 3)
	for _, top := range []string{"0", "-1", "many"} {
		sim.get(collectionPath, "$top", top).want(t, 400, "BadRequest")
	}
	sim.get(collectionPath, "$skiptoken", "x").want(t, 400, "BadRequest")
	if status, ok := first.rows(t)[0]["status"]; ok {
		t.Errorf("the list shows a status: %v", status)
	}
	empty := field(t, nil).get(collectionPath).want(t, 200, "")
	equal(t, "empty list", len(empty.rows(t)), 0)
}

func TestBehaviour21_DeletesBetweenPages(t *testing.T) {
	t.Parallel()
	for stable, want := range map[bool]string{false: "[A B D E]", true: "[A B C D E]"} {
		sim := newSimulator(t, graphsim.Options{
			PageSize: 2, Seed: serials("A", "B", "C", "D", "E"),
			Behaviour: func(b *graphsim.Behaviour) { b.StableSkipToken = stable },
		})
		pages := sim.walk(collectionPath, func(page int) {
			if page == 1 {
				sim.Tenant().Remove("serialNumber", "A")
			}
		})
		equal(t, fmt.Sprintf("stable %v", stable), fmt.Sprint(pages), want)
	}
}

func TestBehaviour22_Filter(t *testing.T) {
	t.Parallel()
	seed := serials("C02abc", "D'03", "C02xyz")
	seed[2].Description = "lobby"
	seed = append(seed, graphsim.Identity{ImportedDeviceIdentifier: "C02", ImportedDeviceIdentityType: "imei"})
	sim := newSimulator(t, graphsim.Options{Seed: seed})
	for filter, want := range map[string]string{
		"contains(importedDeviceIdentifier,'C02')":                                                "C02abc C02xyz C02",
		"contains(importedDeviceIdentifier,'c02')":                                                "",
		"contains(importedDeviceIdentifier, 'D''0')":                                              "D'03",
		"contains(description,'lob') or importedDeviceIdentityType eq 'imei'":                     "C02xyz C02",
		"importedDeviceIdentityType eq microsoft.graph.importedDeviceIdentityType'imei'":          "C02",
		"contains(importedDeviceIdentifier,'C02') and (description eq null or description eq '')": "C02abc C02",
	} {
		equal(t, filter, sim.get(collectionPath, "$filter", filter).want(t, 200, "").identifiers(t), want)
	}
	for _, filter := range []string{
		"", "nonsense", "contains(serial,'x')", "importedDeviceIdentifier eq C02", "contains(importedDeviceIdentifier,'x'",
		"importedDeviceIdentifier ne 'x'", "startswith(importedDeviceIdentifier,'x')", "status eq 'true'",
		"importedDeviceIdentifier eq 'x' trailing", strings.Repeat("(", 1000), "createdDateTime eq 'x'",
	} {
		sim.get(collectionPath, "$filter", filter).want(t, 400, "BadRequest")
	}
	folded := newSimulator(t, graphsim.Options{Seed: seed, Behaviour: func(b *graphsim.Behaviour) { b.CaseSensitiveContains = false }})
	equal(t, "folded", folded.get(collectionPath, "$filter", "contains(importedDeviceIdentifier,'c02a')").identifiers(t), "C02abc")
	equal(t, "filtered pages", len(sim.walk(collectionPath+"?$top=1&$filter="+url.QueryEscape("contains(importedDeviceIdentifier,'C02')"), nil)), 3)
}

func TestBehaviour22_FilterKnobs(t *testing.T) {
	t.Parallel()
	for knob, want := range map[graphsim.FilterAnswer]int{
		graphsim.FilterWorks: 200, graphsim.FilterEmpty: 200, graphsim.FilterRefused: 400, graphsim.FilterServerError: 500,
	} {
		for _, filter := range []string{"importedDeviceIdentifier eq 'A'", "contains(importedDeviceIdentifier,'A')"} {
			sim := newSimulator(t, graphsim.Options{Seed: serials("A"), Behaviour: func(b *graphsim.Behaviour) {
				b.EqFilter, b.ContainsFilter = knob, knob
			}})
			a := sim.get(collectionPath, "$filter", filter).want(t, want, "")
			if want == 200 {
				equal(t, string(knob), len(a.rows(t)), map[graphsim.FilterAnswer]int{graphsim.FilterWorks: 1}[knob])
			}
		}
	}
}

func TestBehaviour23_SelectCountAndTheRest(t *testing.T) {
	t.Parallel()
	sim := newSimulator(t, graphsim.Options{PageSize: 1, Seed: serials("A", "B")})
	a := sim.get(collectionPath, "$select", "id, importedDeviceIdentifier").want(t, 200, "")
	equal(t, "selected", len(a.rows(t)[0]), 2)
	one := sim.get(sim.pathOf("serialNumber", "B"), "$select", "description").want(t, 200, "")
	equal(t, "selected of one", len(one.json), 2) // and the context
	sim.get(collectionPath, "$select", "status").want(t, 400, "BadRequest")

	req := sim.request(http.MethodGet, collectionPath+"?$count=true", "")
	if _, counted := sim.do(req).json["@odata.count"]; counted {
		t.Error("counted without ConsistencyLevel")
	}
	req = sim.request(http.MethodGet, collectionPath+"?$count=true", "")
	req.Header.Set("ConsistencyLevel", "eventual")
	equal(t, "count", sim.do(req).json["@odata.count"], any(2.0))
	segment := sim.get(collectionPath+"/$count").want(t, 200, "")
	equal(t, "$count", segment.text, "2")
	equal(t, "$count type", segment.header.Get("Content-Type"), "text/plain")

	refusing := field(t, func(b *graphsim.Behaviour) { b.RefuseExtraQuery = true })
	for _, option := range []string{"$orderby", "$search", "$skip"} {
		sim.get(collectionPath, option, "1").want(t, 200, "")
		refusing.get(collectionPath, option, "1").want(t, 400, "BadRequest")
	}
	sim.get(collectionPath, "$expand", "x").want(t, 400, "BadRequest")
	sim.get(collectionPath, "custom", "x").want(t, 200, "")
	sim.call(http.MethodGet, collectionPath+"?$top=1&$top=2", "").want(t, 400, "BadRequest")
}

func TestBehaviour24_Search(t *testing.T) {
	t.Parallel()
	sim := newSimulator(t, graphsim.Options{Seed: serials("A", "B")})
	search := func(rows ...string) string { return `{"importedDeviceIdentities":[` + strings.Join(rows, ",") + `]}` }
	body := search(row("serialNumber", "B", ""), row("imei", "1", ""), row("serialNumber", " A ", ""), row("serialNumber", "B ", ""))
	a := sim.call(http.MethodPost, searchPath, body).want(t, 200, "")
	equal(t, "found", a.identifiers(t), "B A")
	if _, ok := a.rows(t)[0]["status"]; ok {
		t.Error("search shows a status")
	}
	none := sim.call(http.MethodPost, searchPath, search(row("imei", "1", ""))).want(t, 200, "")
	equal(t, "none", len(none.rows(t)), 0)
	bad := sim.call(http.MethodPost, searchPath, search(row("imei", "x", ""))).want(t, 400, "BadRequest")
	if !strings.HasPrefix(bad.nested(t), "Invalid Device Identifier parameter found for 1 import records!") {
		t.Errorf("message %q", bad.nested(t))
	}
	sim.call(http.MethodPost, searchPath, importBody(false)).want(t, 400, "BadRequest") // overwrite is no parameter of search

	sim.token = sim.Token(graphsim.PermissionRead)
	sim.call(http.MethodPost, searchPath, body).want(t, 403, "Forbidden")
	as := documented(t, nil)
	as.token = as.Token(graphsim.PermissionRead)
	as.call(http.MethodPost, searchPath, body).want(t, 200, "")
	always := field(t, func(b *graphsim.Behaviour) { b.SearchRoute = graphsim.RouteForbidden })
	always.call(http.MethodPost, searchPath, body).want(t, 403, "Forbidden")
}

func TestListIsSortedByInsertion(t *testing.T) {
	t.Parallel()
	sim := field(t, nil)
	var names []string
	for i := range 50 {
		name := fmt.Sprintf("S%d", (i*37)%50)
		names = append(names, name)
		sim.importRow("serialNumber", name, "")
	}
	if got := strings.Fields(sim.get(collectionPath).identifiers(t)); !slices.Equal(got, names) {
		t.Errorf("%v, want %v", got, names)
	}
}
