package inventory

import (
	"time"

	"github.com/intunetf/terraform-provider-intune/internal/deviceid"
	"github.com/intunetf/terraform-provider-intune/internal/graph"
)

// Wanted is an identity to create. Zero values of the optional members are not
// sent. Platform, EnrollmentState, LastContacted and Status belong to the
// service after the create; field tenants ignore them even then.
type Wanted struct {
	Key
	Owner           Owner
	Description     string
	Platform        string
	EnrollmentState string
	LastContacted   *time.Time
	Status          *bool
	// Overwrite adopts an identity that is in the tenant already and sets its
	// description; without it such an identity is an [*ExistsError].
	Overwrite bool
	// stored is how the tenant spells an identity that is to be overwritten. Sent
	// in another spelling it could be created a second time.
	stored string
}

// storedKey is the key in the tenant's spelling, where that is known.
func (w Wanted) storedKey() Key {
	if w.stored == "" {
		return w.Key
	}
	return Key{w.Type, w.stored}
}

// isComplete reports whether an answer shows everything that a read would.
func isComplete(created Identity, w Wanted) bool {
	return created.ID != "" && created.CreatedDateTime != nil && created.Description.Present &&
		created.Description.Value == w.Description && created.Status != nil && *created.Status
}

func (w Wanted) body() graph.NewImportedDeviceIdentity {
	body := graph.NewImportedDeviceIdentity{
		ImportedDeviceIdentifier:   deviceid.Wire(w.Type, w.Identifier),
		ImportedDeviceIdentityType: string(w.Type),
		EnrollmentState:            w.EnrollmentState,
		Platform:                   w.Platform,
		Status:                     w.Status,
	}
	if w.stored != "" {
		body.ImportedDeviceIdentifier = w.stored
	}
	if w.Description != "" || w.Overwrite {
		body.Description = graph.NewText(w.Description)
	}
	if w.LastContacted != nil {
		body.LastContactedDateTime = &graph.DateTime{Time: *w.LastContacted}
	}
	return body
}
