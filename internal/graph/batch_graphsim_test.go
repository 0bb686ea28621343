package graph_test

import (
	"fmt"
	"net/http"
	"testing"
	"testing/synctest"

	"github.com/intunetf/terraform-provider-intune/internal/graph"
	"github.com/intunetf/terraform-provider-intune/internal/graphsim"
)

func manySerials(n int) []graphsim.Identity {
	names := make([]string, n)
	for i := range names {
		names[i] = fmt.Sprintf("C%05d", i)
	}
	return serials(names...)
}

func (tn *tenant) ids() []string {
	identities := tn.Tenant().Identities()
	ids := make([]string, len(identities))
	for i, identity := range identities {
		ids[i] = identity.ID
	}
	return ids
}

func TestDeleteBatch_DeletesInChunksAndAnswersInTheOrderOfTheIDs(t *testing.T) {
	t.Parallel()
	inBothProfiles(t, func(t *testing.T, profile graphsim.Profile) {
		synctest.Test(t, func(t *testing.T) {
			tn := newTenant(t, graphsim.Options{Profile: profile, Seed: manySerials(50)})
			ids := tn.ids()
			ids[7], ids[33] = "missing", ""
			errs := tn.identities.DeleteBatch(t.Context(), ids)
			for i, err := range errs {
				switch i {
				case 7:
					if profile == graphsim.ProfileField && !graph.IsBadRequest(err) || profile == graphsim.ProfileDocumented && !graph.IsNotFound(err) {
						t.Errorf("a missing id: %v", err)
					}
				case 33:
					if !graph.IsNotSent(err) {
						t.Errorf("an empty id: %v", err)
					}
				default:
					if err != nil {
						t.Errorf("%d: %v", i, err)
					}
				}
			}
			if left := len(tn.Tenant().Identities()); left != 2 {
				t.Errorf("%d are left, want the 2 that were not named", left)
			}
			if batches := tn.requests(graphsim.OpBatch); len(batches) != 3 {
				t.Errorf("%d batches", len(batches))
			}
			for _, r := range tn.requests(graphsim.OpDelete) {
				if !r.Batch || r.Status == http.StatusTooManyRequests {
					t.Errorf("%+v", r)
				}
			}
		})
	})
}
