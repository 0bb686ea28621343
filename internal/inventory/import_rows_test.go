package inventory

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/intunetf/terraform-provider-intune/internal/deviceid"
	"github.com/intunetf/terraform-provider-intune/internal/graphsim"
)

type rows = []map[string]any

// answering alters the rows of every import's answer.
func answering(alter func(rows) rows) graphsim.Fault {
	return graphsim.Fault{Operation: graphsim.OpImport, Rows: alter, Count: -1}
}

func TestImport_TheRowOfTheIdentifierIsFoundAmongOthers(t *testing.T) {
	t.Parallel()
	other := func(from map[string]any, identityType, identifier string) map[string]any {
		row := maps.Clone(from)
		row["id"], row["importedDeviceIdentityType"], row["importedDeviceIdentifier"], row["status"] = "AAAA", identityType, identifier, false
		return row
	}
	runs(t, map[string]func(rows) rows{
		"last of three": func(r rows) rows {
			return rows{other(r[0], "serialNumber", "C1"), other(r[0], "imei", "C0"), r[0]}
		},
		"first of three": func(r rows) rows {
			return rows{r[0], other(r[0], "imei", "C0"), other(r[0], "serialNumber", "C00")}
		},
		"in other case": func(r rows) rows { r[0]["importedDeviceIdentifier"] = "c0"; return r },
		"punctuation dropped": func(r rows) rows {
			r[0]["importedDeviceIdentifier"] = "C.0"
			return r
		},
		"without its status": func(r rows) rows { delete(r[0], "status"); return r },
		"without its id":     func(r rows) rows { delete(r[0], "id"); return r },
		"without any row":    func(rows) rows { return nil },
		"only another's row": func(r rows) rows { return rows{other(r[0], "serialNumber", "C1")} },
	}, func(t *testing.T, alter func(rows) rows) {
		field().in(t, func(t *testing.T, w *world) {
			w.Inject(answering(alter))
			got, err := w.Create(t.Context(), serial("C0", "text"))
			w.wantCreated(got, err, "C0", "text")
			w.wantCounts(map[graphsim.Operation]int{graphsim.OpImport: 1})
		})
	})
}

func TestImport_DoubtfulRowsAndALateTenant(t *testing.T) {
	t.Parallel()
	runs(t, map[string]func(rows) rows{
		"without its id":  func(r rows) rows { delete(r[0], "id"); return r },
		"without any row": func(rows) rows { return nil },
	}, func(t *testing.T, alter func(rows) rows) {
		field(func(b *graphsim.Behaviour) { b.SearchLags = true }).lagging(12*time.Second).in(t, func(t *testing.T, w *world) {
			w.Inject(answering(alter))
			got, err := w.Create(t.Context(), serial("C0", "text"))
			w.wantCreated(got, err, "C0", "text")
		})
	})
}

func TestImport_RowsThatWereNotTaken(t *testing.T) {
	t.Parallel()
	type test struct {
		tenant tenant
		alter  func(rows) rows
		forget bool
		text   string
	}
	fails := field(func(b *graphsim.Behaviour) { b.FailRow = func(_, identifier string) bool { return identifier == "C0" } })
	runs(t, map[string]test{
		"status false, id unknown to GET": {
			fails, slices.Clone[rows], false,
			"Graph answered 200 with status false for this identifier: it did not take it, and the tenant does not have it",
		},
		"status false without an id": {
			fails, func(r rows) rows { delete(r[0], "id"); return r }, false,
			"Graph answered 200 with status false for this identifier: it did not take it, and the tenant does not have it",
		},
		"malformed row": {
			field(func(b *graphsim.Behaviour) { b.InvalidFailsRow, b.SerialForm = true, graphsim.SerialStripped }), slices.Clone[rows], false,
			"Graph answered 200 with status false for this identifier: it did not take it, and the tenant does not have it",
		},
		"no row": {
			field(), func(rows) rows { return nil }, true,
			"Graph answered 200 with 0 rows, none of them for this identifier, and the tenant does not have it",
		},
		"status true without an id": {
			field(), func(r rows) rows { delete(r[0], "id"); return r }, true,
			"Graph answered 200 with status true but without an id, and the tenant does not have the identifier",
		},
	}, func(t *testing.T, test test) {
		test.tenant.in(t, func(t *testing.T, w *world) {
			w.Inject(answering(func(r rows) rows {
				if test.forget {
					w.Tenant().Remove("serialNumber", "C0")
				}
				return test.alter(r)
			}))
			wanted := serial("C0", "text")
			if test.tenant.Behaviour != nil && strings.Contains(t.Name(), "malformed") {
				wanted.Identifier = "---"
			}
			got, err := w.Create(t.Context(), wanted)
			rejected := wantError[*RejectedError](t, got, err)
			if rejected.Error() != test.text || rejected.Key != wanted.Key {
				t.Errorf("got %s about %s", rejected, rejected.Key)
			}
			w.wantCounts(map[graphsim.Operation]int{graphsim.OpImport: 1})
		})
	})
}

func TestImport_StatusFalseOfAnExistingIdentity(t *testing.T) {
	t.Parallel()
	refuse := func(r rows) rows { r[0]["status"] = false; return r }
	type test struct {
		alter     func(rows) rows
		overwrite bool
		ignored   bool
		check     func(w *world, got Identity, err error)
	}
	runs(t, map[string]test{
		"kept": {slices.Clone[rows], false, false, func(w *world, got Identity, err error) { w.wantExists(got, err, "OLD", "before") }},
		"kept, a row without an id": {
			func(r rows) rows { delete(r[0], "id"); return r }, false, false,
			func(w *world, got Identity, err error) { w.wantExists(got, err, "OLD", "before") },
		},
		"kept, no row": {
			func(rows) rows { return nil }, false, false,
			func(w *world, got Identity, err error) { w.wantExists(got, err, "OLD", "before") },
		},
		"overwritten, and answered false": {
			refuse, true, false,
			func(w *world, got Identity, err error) { w.wantCreated(got, err, "OLD", "mine") },
		},
		"not overwritten, and answered false": {refuse, true, true, func(w *world, got Identity, err error) {
			rejected := wantError[*RejectedError](w.t, got, err)
			want := "Graph answered 200 with status false although overwriting was asked for; the identifier in the tenant (id " + w.stored("OLD").ID + ") was not changed"
			if rejected.Error() != want {
				w.t.Errorf("got %s", rejected)
			}
		}},
	}, func(t *testing.T, test test) {
		tn := field(func(b *graphsim.Behaviour) { b.OverwriteIgnored = test.ignored })
		tn.seeded(theirs("OLD", "before")).in(t, func(t *testing.T, w *world) {
			// The route and the clock are known: the import's answer is all that decides.
			if _, err := w.Create(t.Context(), serial("FIRST", "")); err != nil {
				t.Fatal(err)
			}
			w.Inject(answering(test.alter))
			wanted := serial("OLD", "mine")
			wanted.Overwrite = test.overwrite
			got, err := w.Create(t.Context(), wanted)
			test.check(w, got, err)
		})
	})
}

func TestImport_StoredSpellings(t *testing.T) {
	t.Parallel()
	type test struct {
		adjust func(*graphsim.Behaviour)
		key    Key
		stored string
	}
	mms := Key{deviceid.TypeManufacturerModelSerial, `"Dell, Inc.",Latitude 5440,7801-5131`}
	runs(t, map[string]test{
		"normalised":       {func(*graphsim.Behaviour) {}, mms, "DELLINC,LATITUDE5440,78015131"},
		"raw":              {func(b *graphsim.Behaviour) { b.NormaliseMMS = false }, mms, `"Dell, Inc.",Latitude 5440,7801-5131`},
		"the sent is told": {func(b *graphsim.Behaviour) { b.EchoIdentifier = true }, mms, "DELLINC,LATITUDE5440,78015131"},
		"serial upper":     {func(b *graphsim.Behaviour) { b.SerialForm = graphsim.SerialUpper }, Key{deviceid.TypeSerialNumber, "c0-1"}, "C0-1"},
		"serial stripped":  {func(b *graphsim.Behaviour) { b.SerialForm = graphsim.SerialStripped }, Key{deviceid.TypeSerialNumber, "c0-1"}, "C01"},
		"imei":             {func(*graphsim.Behaviour) {}, Key{deviceid.TypeIMEI, "35 545007 577021 2"}, "355450075770212"},
	}, func(t *testing.T, test test) {
		for name, method := range map[string]CreateMethod{"auto": CreateMethodAuto, "import": CreateMethodImport} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				field(test.adjust).with(method).in(t, func(t *testing.T, w *world) {
					got, err := w.Create(t.Context(), Wanted{Key: test.key, Description: "text"})
					if err != nil || got.ImportedDeviceIdentifier != test.stored || w.Tenant().Identities()[0].ImportedDeviceIdentifier != test.stored {
						t.Fatalf("got %+v, %v, stored %+v", got, err, w.Tenant().Identities())
					}
					again, err := w.Create(t.Context(), Wanted{Key: test.key, Description: "other"})
					exists := wantError[*ExistsError](t, again, err)
					if exists.Existing.ID != got.ID {
						t.Errorf("got %+v", exists.Existing)
					}
					updated, err := w.UpdateDescription(t.Context(), got.ID, "new")
					if err != nil || updated.ID != got.ID || w.Tenant().Identities()[0].Description != "new" || len(w.Tenant().Identities()) != 1 {
						t.Errorf("update: %+v, %v", updated, err)
					}
				})
			})
		}
	})
}
