// Package inventory is what Terraform wants of a tenant's corporate device
// identifiers, in terms of identities and not of requests: which of the two
// create calls to use, what happens when an identity exists already, whether a
// write whose answer was lost took effect, and when a deletion is done.
//
// Everything the service says is checked against what it does: an answer of 200
// proves nothing here.
package inventory

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/intunetf/terraform-provider-intune/internal/deviceid"
	"github.com/intunetf/terraform-provider-intune/internal/graph"
)

// CreateMethod says which of the two create calls is used.
type CreateMethod string

const (
	// CreateMethodAuto tries the documented create, and uses the import action
	// from then on when the tenant refuses it.
	CreateMethodAuto CreateMethod = "auto"
	// CreateMethodCreate uses POST /deviceManagement/importedDeviceIdentities only.
	CreateMethodCreate CreateMethod = "create"
	// CreateMethodImport uses the action importDeviceIdentityList only.
	CreateMethodImport CreateMethod = "import"
)

// CreateMethods are the allowed members, the default first.
func CreateMethods() []string {
	return []string{string(CreateMethodAuto), string(CreateMethodCreate), string(CreateMethodImport)}
}

// Identity is an identity as the service answers it.
type Identity = graph.ImportedDeviceIdentity

// DateTime is an instant as the service writes it.
type DateTime = graph.DateTime

// Key is the natural key of an identity. It is unique in a tenant.
type Key struct {
	Type       deviceid.Type
	Identifier string
}

func (k Key) String() string { return string(k.Type) + "/" + k.Identifier }

// Inventory is one tenant's identities. It is safe for concurrent use and is
// shared by everything that one provider process does.
type Inventory struct {
	client      *graph.Client
	identities  *graph.ImportedDeviceIdentitiesClient
	method      CreateMethod
	createRoute *route
	updateRoute *route
	// searchRefused is set once searchExistingIdentities was refused: a token
	// that may only read is answered with 403 every time.
	searchRefused atomic.Bool
	// filterRefused is set once a filter was answered with 500 to the end of the
	// attempts, which take a minute.
	filterRefused atomic.Bool
	waits         waits
	snapshots     snapshots
	// reads counts the refreshes of single identities.
	reads atomic.Int64
	// listFailed is set once the list failed to the end of the attempts while
	// single identities were refreshed.
	listFailed atomic.Bool
	chunks     chunkSize
	claims     *claims
	// imports gathers the rows of concurrent creates.
	imports *coalescer
}

// Options configures an [Inventory].
type Options struct {
	graph.Options
	// CreateMethod defaults to [CreateMethodAuto].
	CreateMethod CreateMethod
}

// Open makes the inventory of a tenant; nothing is sent yet.
func Open(o Options) (*Inventory, error) {
	client, err := graph.NewClient(o.Options)
	if err != nil {
		return nil, err
	}
	method := o.CreateMethod
	if method == "" {
		method = CreateMethodAuto
	}
	inv := &Inventory{
		client:      client,
		identities:  client.ImportedDeviceIdentities,
		method:      method,
		createRoute: newRoute(),
		updateRoute: newRoute(),
		waits:       defaultWaits,
		claims:      newClaims(),
	}
	inv.imports = newCoalescer(&inv.chunks, func(ctx context.Context, rows []graph.NewImportedDeviceIdentity, overwrite bool) ([]Identity, error) {
		defer inv.snapshots.changed()
		return inv.identities.Import(ctx, rows, overwrite)
	})
	return inv, nil
}

// Get reads an identity by its id; [ErrNotFound] when the tenant has none.
func (inv *Inventory) Get(ctx context.Context, id string) (Identity, error) {
	identity, err := inv.identities.Get(ctx, id)
	if isMissing(err) {
		return Identity{}, ErrNotFound
	}
	return identity, err
}

// isMissing tells a missing identity from a missing route: a cloud without the
// collection answers 404 for every id, and must not empty a state.
func isMissing(err error) bool { return graph.IsNotFound(err) && !graph.IsRouteRefused(err) }

// Find reads an identity by its natural key; [ErrNotFound] when the tenant has
// none, which is said only after the whole list was read.
func (inv *Inventory) Find(ctx context.Context, key Key) (Identity, error) {
	found, err := inv.search(ctx, key)
	if err == nil || !errors.Is(err, ErrNotFound) && !errors.Is(err, errSearchRefused) {
		return found, err
	}
	return inv.findInList(ctx, key)
}

// lookup is the quick form of Find before and during a create: where search
// works its word is taken, because the write that follows shows a mistake.
func (inv *Inventory) lookup(ctx context.Context, key Key) (Identity, error) {
	found, err := inv.search(ctx, key)
	if errors.Is(err, errSearchRefused) {
		return inv.findInList(ctx, key)
	}
	return found, err
}

// errSearchRefused says that the list has to be read instead.
var errSearchRefused = errors.New("searchExistingIdentities was refused")

func (inv *Inventory) search(ctx context.Context, key Key) (Identity, error) {
	if inv.searchRefused.Load() {
		return Identity{}, errSearchRefused
	}
	rows, err := inv.identities.SearchExisting(ctx, searchKeys(key))
	switch {
	case err == nil:
		if found, ok := match(rows, key); ok {
			return found, nil
		}
		return Identity{}, ErrNotFound
	case graph.IsForbidden(err) || graph.IsRouteRefused(err) || graph.IsInternalServerError(err):
		// A 500 has been repeated for a minute; the next key would cost another.
		inv.searchRefused.Store(true)
		return Identity{}, errSearchRefused
	case graph.IsBadRequest(err) || graph.IsNotFound(err):
		// 400 is about this identifier (characters that only search refuses:
		// WindowsAutopilotInfo #21); the next one may be fine.
		return Identity{}, errSearchRefused
	default:
		return Identity{}, err
	}
}

// searchKeys are the spellings to search for: whether the service folds the case
// of a serial number is not known.
func searchKeys(key Key) []graph.IdentityKey {
	wire := deviceid.Wire(key.Type, key.Identifier)
	keys := []graph.IdentityKey{{ImportedDeviceIdentifier: wire, ImportedDeviceIdentityType: string(key.Type)}}
	if normal := deviceid.Normalize(key.Type, key.Identifier); key.Type == deviceid.TypeSerialNumber && normal != wire {
		keys = append(keys, graph.IdentityKey{ImportedDeviceIdentifier: normal, ImportedDeviceIdentityType: string(key.Type)})
	}
	return keys
}

// findInList asks for the identifiers that contain the normalised one, and reads
// the whole list where the filter is refused or finds nothing: a tenant may hold
// the identifier in another spelling than the filter compares.
func (inv *Inventory) findInList(ctx context.Context, key Key) (Identity, error) {
	if !inv.filterRefused.Load() {
		filter := graph.ListOptions{IdentifierContains: deviceid.Normalize(key.Type, key.Identifier)}
		found, err := inv.scan(ctx, filter, key)
		switch {
		case err == nil:
			return found, nil
		case graph.IsInternalServerError(err):
			inv.filterRefused.Store(true)
		case !errors.Is(err, ErrNotFound) && !graph.IsBadRequest(err) && !graph.IsRouteRefused(err):
			return Identity{}, err
		}
	}
	return inv.scan(ctx, graph.ListOptions{}, key)
}

func (inv *Inventory) scan(ctx context.Context, o graph.ListOptions, key Key) (Identity, error) {
	pager := inv.identities.NewListPager(o)
	for pager.More() {
		page, err := pager.NextPage(ctx)
		if err != nil {
			return Identity{}, err
		}
		for _, identity := range page.Value {
			if isKey(identity, key) {
				return identity, nil
			}
		}
	}
	return Identity{}, ErrNotFound
}

func isKey(identity Identity, key Key) bool {
	return identity.ImportedDeviceIdentityType == string(key.Type) &&
		deviceid.Equal(key.Type, identity.ImportedDeviceIdentifier, key.Identifier)
}

// match finds the answer's row for the one key that was asked for. Rows are
// matched by key and never by place. A lone row of the type counts even where
// the service stores the identifier in a form of its own.
func match(rows []Identity, key Key) (Identity, bool) {
	for _, row := range rows {
		if isKey(row, key) {
			return row, true
		}
	}
	if len(rows) == 1 && couldBe(rows[0], key) {
		return rows[0], true
	}
	return Identity{}, false
}

// couldBe reports whether an identity could be what the service made of a key:
// services differ in what they strip, so letters and digits decide.
func couldBe(identity Identity, key Key) bool {
	return identity.ImportedDeviceIdentityType == string(key.Type) &&
		deviceid.StoredAs(key.Type, key.Identifier, identity.ImportedDeviceIdentifier)
}

// Delete deletes an identity and waits until it is gone, so that a replacement
// with the same identifier does not collide. A missing one is no error.
// One that another resource of this run has taken over is left alone.
func (inv *Inventory) Delete(ctx context.Context, who Owner, key Key, id string) error {
	free, done, err := inv.claims.leave(ctx, who, []normalKey{key.normal()})
	if err != nil {
		return err
	}
	defer done()
	if len(free) == 0 {
		return nil
	}
	err = inv.identities.Delete(ctx, id)
	inv.snapshots.changed()
	switch {
	case isMissing(err):
		return nil
	case err == nil:
		return inv.awaitGone(ctx, id, inv.waits.gone, nil)
	case graph.IsRouteRefused(err):
		return err
	case graph.IsBadRequest(err):
		// The answer to a delete of a missing id (DelegationStation), and to the
		// second attempt after a lost reply: then the identity can stay visible for
		// as long as after any deletion.
		patience := inv.waits.visible / 4
		var service *graph.Error
		if errors.As(err, &service) && service.Attempts > 1 {
			patience = inv.waits.gone
		}
		return inv.awaitGone(ctx, id, patience, err)
	case graph.IsOutcomeUnknown(err):
		if ctx.Err() == nil {
			return inv.awaitGone(ctx, id, 0, err)
		}
		return err
	default:
		return err
	}
}

func (inv *Inventory) awaitGone(ctx context.Context, id string, patience time.Duration, cause error) error {
	var getErr error
	gone := poll(ctx, patience, func() bool {
		_, getErr = inv.identities.Get(ctx, id)
		return getErr != nil
	})
	switch {
	case gone && isMissing(getErr):
		return nil
	case cause != nil:
		return cause
	case gone:
		return fmt.Errorf("Graph accepted the deletion, but whether the identifier is gone could not be read: %w", getErr) //nolint:staticcheck // Graph is a name
	case ctx.Err() != nil:
		return endedEarly(ctx, "Graph accepted the deletion, but the identifier was still there")
	default:
		return &NotAppliedError{ID: id, What: fmt.Sprintf("Graph accepted the deletion, but the identifier is still there after %s", patience)}
	}
}
