package inventory

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"testing"

	"github.com/intunetf/terraform-provider-intune/internal/deviceid"
	"github.com/intunetf/terraform-provider-intune/internal/graphsim"
)

func imeiChecked(b *graphsim.Behaviour) { b.IMEILengthChecked = true }

func searchForbidden(b *graphsim.Behaviour) { b.SearchRoute = graphsim.RouteForbidden }

// imeis are n rows of good IMEIs and one that only the service refuses.
func imeis(n int) Rows {
	rows := Rows{"666": ""}
	for i := range n {
		rows[fmt.Sprintf("35545%09d", i)] = ""
	}
	return rows
}

func TestFleet_OneMalformedRowAmongTenThousandIsNamedAndNothingIsWritten(t *testing.T) {
	t.Parallel()
	field(imeiChecked).quick().in(t, func(t *testing.T, w *world) {
		_, err := w.ApplyFleet(t.Context(), Fleet{Type: deviceid.TypeIMEI}, FleetChange{Add: imeis(10_000)})
		var malformed *MalformedError
		if !errors.As(err, &malformed) || !slices.Equal(malformed.Identifiers, []string{"666"}) {
			t.Fatalf("got %v", err)
		}
		w.wantCounts(map[graphsim.Operation]int{graphsim.OpImport: 0})
		w.wantHeld(Rows{})
		if n := w.count(graphsim.OpSearch); n > 21+2*10 {
			t.Errorf("the row was found with %d searches", n)
		}
	})
}

func TestFleet_WhereSearchIsForbiddenAMalformedRowIsBisectedAndTheOthersAreWritten(t *testing.T) {
	t.Parallel()
	field(imeiChecked, searchForbidden).quick().in(t, func(t *testing.T, w *world) {
		rows := imeis(1_200)
		result, err := w.ApplyFleet(t.Context(), Fleet{Type: deviceid.TypeIMEI}, FleetChange{Add: rows})
		wantPartial(t, err, 1_200, 1_201, "666: Graph answered 400 Bad Request: Invalid Device Identifier parameter found for 1 import records!")
		delete(rows, "666")
		w.wantHeld(rows)
		if !maps.Equal(result.In, rows) {
			t.Errorf("%d rows are reported as in", len(result.In))
		}
	})
}

// A 400 that is not about rows must not cost two calls for each of them.
func TestFleet_AFullTenantStopsTheWriting(t *testing.T) {
	t.Parallel()
	field(func(b *graphsim.Behaviour) { b.TenantLimit = 700 }).quick().in(t, func(t *testing.T, w *world) {
		change := FleetChange{Add: rowsOf(3_000)}
		result, err := w.ApplyFleet(t.Context(), fleetOf("a"), change)
		var partial *PartialError
		if !errors.As(err, &partial) || !IsMalformed(partial.Err) || partial.Done != len(w.held()) || len(partial.Failures) > 2*maxRefused {
			t.Fatalf("got %v", err)
		}
		if n := w.count(graphsim.OpImport); n > 200 {
			t.Errorf("%d imports", n)
		}
		w.wantTrue(change, result)
	})
}

func TestFleet_SearchThatRefusesEverythingIsNotBelieved(t *testing.T) {
	t.Parallel()
	field().quick().in(t, func(t *testing.T, w *world) {
		w.Inject(always(status(graphsim.OpSearch, http.StatusBadRequest, false)))
		rows := rowsOf(800)
		w.change(fleetOf("a"), FleetChange{Add: rows})
		w.wantHeld(rows)
		if n := w.count(graphsim.OpSearch); n > 1_000 {
			t.Errorf("%d searches", n)
		}
	})
}

func chunkFaults() map[string]graphsim.Fault {
	return map[string]graphsim.Fault{
		"413":                     status(graphsim.OpImport, http.StatusRequestEntityTooLarge, false),
		"500 before the effect":   status(graphsim.OpImport, http.StatusInternalServerError, false),
		"500 after the effect":    status(graphsim.OpImport, http.StatusInternalServerError, true),
		"504 before the effect":   status(graphsim.OpImport, http.StatusGatewayTimeout, false),
		"504 after the effect":    status(graphsim.OpImport, http.StatusGatewayTimeout, true),
		"lost before the effect":  lost(graphsim.OpImport, false),
		"lost after the effect":   lost(graphsim.OpImport, true),
		"unreadable, effect done": {Operation: graphsim.OpImport, TruncateBody: 100},
		"no rows in the answer":   {Operation: graphsim.OpImport, Rows: func([]map[string]any) []map[string]any { return []map[string]any{} }},
		"half the rows in the answer": {Operation: graphsim.OpImport, Rows: func(rows []map[string]any) []map[string]any {
			return rows[:len(rows)/2]
		}},
		"no ids in the answer": {Operation: graphsim.OpImport, Rows: func(rows []map[string]any) []map[string]any {
			for _, row := range rows {
				row["id"] = ""
			}
			return rows
		}},
	}
}

// Whatever one chunk answers, every row is in the end as wanted, and none was
// reported wrongly.
func TestFleet_ABadAnswerToOneChunkLosesNoRow(t *testing.T) {
	t.Parallel()
	runs(t, chunkFaults(), func(t *testing.T, fault graphsim.Fault) {
		for name, times := range map[string]int{"once": 1, "twice": 2} {
			for operation, update := range map[string]bool{"create": false, "update": true} {
				t.Run(name+", "+operation, func(t *testing.T) {
					t.Parallel()
					fault := fault
					rows := rowsOf(170)
					tn := field().quick()
					change := FleetChange{Add: rows}
					if update {
						tn, change = tn.seeded(seedRows(described(rows, "old"))...), FleetChange{Update: rows}
					}
					tn.in(t, func(t *testing.T, w *world) {
						w.inChunksOf(50)
						fault.Skip, fault.Count = 1, times
						w.Inject(fault)
						result := w.change(fleetOf("a"), change)
						w.wantHeld(rows)
						if !maps.Equal(result.In, rows) || result.Adopted != 0 {
							t.Errorf("%d rows reported, %d adopted", len(result.In), result.Adopted)
						}
					})
				})
			}
		}
	})
}

// A gateway that gives up on large calls: the rows may be in or not.
func TestFleet_CallsThatTakeTooLongAreHalvedUntilTheyDoNot(t *testing.T) {
	t.Parallel()
	type test struct {
		status int
		after  bool
	}
	runs(t, map[string]test{
		"413":                     {http.StatusRequestEntityTooLarge, false},
		"504":                     {http.StatusGatewayTimeout, false},
		"504 and the rows are in": {http.StatusGatewayTimeout, true},
	}, func(t *testing.T, test test) {
		field().quick().in(t, func(t *testing.T, w *world) {
			fault := always(status(graphsim.OpImport, test.status, test.after))
			fault.Match = func(r graphsim.Request) bool { return rowsInCall(r) > 20 }
			w.Inject(fault)
			rows := rowsOf(600)
			w.change(fleetOf("a"), FleetChange{Add: rows})
			w.wantHeld(rows)
		})
	})
}

func TestFleet_AServiceThatTakesTwoHundredRowsACall(t *testing.T) {
	t.Parallel()
	for _, code := range []int{http.StatusRequestEntityTooLarge, http.StatusBadRequest} {
		tn := field(func(b *graphsim.Behaviour) { b.RowsPerCall, b.RowsPerCallError = 200, code })
		tn.quick().in(t, func(t *testing.T, w *world) {
			rows := rowsOf(1_500)
			w.change(fleetOf("a"), FleetChange{Add: rows})
			w.wantHeld(rows)
			changed := described(rows, "changed")
			w.change(fleetOf("a"), FleetChange{Update: changed})
			w.wantHeld(changed)
			if n := w.count(graphsim.OpImport); code == http.StatusRequestEntityTooLarge && n > 15+15+8 {
				t.Errorf("%d imports: the size was not kept", n)
			}
		})
	}
}

// The whole service fails: the error says so, and what it reports is true.
func TestFleet_AnOutageStopsTheWritingAndTheResultIsTrue(t *testing.T) {
	t.Parallel()
	faults := chunkFaults()
	maps.DeleteFunc(faults, func(_ string, fault graphsim.Fault) bool {
		return fault.Rows != nil || fault.Status == http.StatusRequestEntityTooLarge // no outages
	})
	runs(t, faults, func(t *testing.T, fault graphsim.Fault) {
		fault.Skip, fault.Count = 2, -1
		for operation, update := range map[string]bool{"create": false, "update": true} {
			t.Run(operation, func(t *testing.T) {
				t.Parallel()
				rows := rowsOf(260)
				tn, change := field().quick(), FleetChange{Add: rows, Remove: []string{"GONE"}}
				if update {
					tn, change = tn.seeded(seedRows(described(rows, "old"))...), FleetChange{Update: rows, Remove: []string{"GONE"}}
				}
				tn.in(t, func(t *testing.T, w *world) {
					w.Tenant().Seed(theirs("GONE", ""))
					w.inChunksOf(50)
					w.Inject(fault)
					result, err := w.ApplyFleet(t.Context(), fleetOf("a"), change)
					if err != nil {
						wantPartial(t, err, len(result.In), len(rows))
					}
					_, there := w.held()["GONE"]
					if there == (err == nil) {
						t.Errorf("a row that was to be removed is there: %v, after %v", there, err)
					}
					change.Remove = nil
					w.wantTrue(change, result)
				})
			})
		}
	})
}

func TestFleet_ARowThatAnswersFalseAndDoesNotExistIsNamed(t *testing.T) {
	t.Parallel()
	fails := func(b *graphsim.Behaviour) {
		b.FailRow = func(_, identifier string) bool { return identifier == "SERIAL000007" || identifier == "SERIAL000700" }
	}
	const text = "Graph answered 200 with status false for this identifier: it did not take it, and the tenant does not have it"
	field(fails).quick().in(t, func(t *testing.T, w *world) {
		rows := rowsOf(1_000)
		change := FleetChange{Add: rows}
		result, err := w.ApplyFleet(t.Context(), fleetOf("a"), change)
		wantPartial(t, err, 998, 1_000, "SERIAL000007: "+text, "SERIAL000700: "+text)
		w.wantTrue(change, result)
	})
}

func TestFleet_RowsMayAnswerInAnyOrder(t *testing.T) {
	t.Parallel()
	field(func(b *graphsim.Behaviour) { b.ImportReversed, b.EchoIdentifier = true, true }).quick().in(t, func(t *testing.T, w *world) {
		rows := rowsOf(700)
		w.change(fleetOf("a"), FleetChange{Add: rows})
		w.wantHeld(rows)
	})
}

func TestFleet_AnIdentifierThatIsStoredInAnotherFormIsAnErrorThatSaysHow(t *testing.T) {
	t.Parallel()
	field(func(b *graphsim.Behaviour) { b.SerialForm = graphsim.SerialStripped }).in(t, func(t *testing.T, w *world) {
		_, err := w.ApplyFleet(t.Context(), fleetOf("a"), FleetChange{Add: Rows{"AB-12": "x", "CD34": "y"}})
		wantPartial(t, err, 1, 2, `AB-12: Graph stores this identifier as "AB12": write it like this`)
		result := w.change(fleetOf("a"), FleetChange{Add: Rows{"AB12": "x", "CD34": "y"}})
		if result.Adopted != 2 {
			t.Errorf("%d adopted", result.Adopted)
		}
	})
}

func TestFleet_DescriptionsAreClearedInWhicheverFormTheServiceTakes(t *testing.T) {
	t.Parallel()
	runs(t, map[string]graphsim.ClearedBy{
		"both": graphsim.ClearedByBoth, "null": graphsim.ClearedByNull, "empty": graphsim.ClearedByEmpty, "neither": graphsim.ClearedByNothing,
	}, func(t *testing.T, by graphsim.ClearedBy) {
		rows := rowsOf(30)
		tn := field(func(b *graphsim.Behaviour) { b.ClearedBy = by }).seeded(seedRows(rows)...)
		tn.in(t, func(t *testing.T, w *world) {
			want := maps.Clone(rows)
			want["SERIAL000001"], want["SERIAL000002"], want["SERIAL000003"] = "", "", "changed"
			change := FleetChange{Update: Rows{"SERIAL000001": "", "SERIAL000002": "", "SERIAL000003": "changed"}}
			result, err := w.ApplyFleet(t.Context(), fleetOf("a"), change)
			if by != graphsim.ClearedByNothing {
				if err != nil {
					t.Fatal(err)
				}
				w.wantHeld(want)
				return
			}
			const text = `Graph accepted the description "", but the tenant shows `
			wantPartial(t, err, 1, 3, "SERIAL000001: "+text+`"Device 1"`, "SERIAL000002: "+text+`"Device 2"`)
			w.wantTrue(change, result)
		})
	})
}

func TestFleet_AnOverwriteThatChangesNothingIsAnErrorNeverSilence(t *testing.T) {
	t.Parallel()
	field(func(b *graphsim.Behaviour) { b.OverwriteIgnored = true }).seeded(theirs("C0", "old")).in(t, func(t *testing.T, w *world) {
		change := FleetChange{Update: Rows{"C0": "new"}}
		result, err := w.ApplyFleet(t.Context(), fleetOf("a"), change)
		wantPartial(t, err, 0, 1, `C0: Graph accepted the description "new", but the tenant shows "old"`)
		w.wantTrue(change, result)
	})
}

func TestFleet_PlatformIsSentOnCreateOnly(t *testing.T) {
	t.Parallel()
	field().seeded(theirs("OLD1", "a"), theirs("OLD2", "b")).in(t, func(t *testing.T, w *world) {
		f := fleetOf("a")
		f.Platform, f.Overwrite = "macOS", true
		w.change(f, FleetChange{Add: Rows{"NEW": "", "OLD1": "changed"}, Update: Rows{"OLD2": "changed"}})
		sent := map[any]any{}
		for _, r := range w.Journal() {
			rows, _ := r.JSON["importedDeviceIdentities"].([]any)
			for _, row := range rows {
				if object, ok := row.(map[string]any); ok && r.Operation == graphsim.OpImport {
					sent[object["importedDeviceIdentifier"]] = object["platform"]
				}
			}
		}
		if want := map[any]any{"NEW": "macOS", "OLD1": nil, "OLD2": nil}; !maps.Equal(sent, want) {
			t.Errorf("sent %v", sent)
		}
	})
}

// An answer without the description does not show that it was cleared.
func TestFleet_AClearedDescriptionIsLookedAt(t *testing.T) {
	t.Parallel()
	nothing := field(func(b *graphsim.Behaviour) { b.ClearedBy = graphsim.ClearedByNothing })
	nothing.quick().seeded(theirs("ABC1", "old")).in(t, func(t *testing.T, w *world) {
		w.Inject(always(graphsim.Fault{Operation: graphsim.OpImport, Rows: func(rows []map[string]any) []map[string]any {
			for _, row := range rows {
				delete(row, "description")
			}
			return rows
		}}))
		_, err := w.ApplyFleet(t.Context(), fleetOf("f"), FleetChange{Update: Rows{"ABC1": ""}})
		if _, ok := errors.AsType[*NotAppliedError](err); !ok {
			t.Errorf("got %v", err)
		}
	})
}

// What the pre-flight did not see, and what the import then found as wanted, is
// adopted: a destroy will delete it, and the user is told the number.
func TestFleet_RowsThatOnlyTheImportFoundCountAsAdopted(t *testing.T) {
	t.Parallel()
	field().quick().in(t, func(t *testing.T, w *world) {
		w.Inject(graphsim.Fault{Operation: graphsim.OpSearch, Body: func(body map[string]any) map[string]any {
			body["value"] = []any{}
			return body
		}})
		w.Tenant().Seed(theirs("ABC1", "d"))
		if result := w.change(fleetOf("f"), FleetChange{Add: Rows{"ABC1": "d"}}); result.Adopted != 1 {
			t.Errorf("adopted %d", result.Adopted)
		}
	})
}
