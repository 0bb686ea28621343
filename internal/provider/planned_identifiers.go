package provider

import (
	"slices"
	"strconv"
	"sync"

	"github.com/intunetf/terraform-provider-intune/internal/deviceid"
	"github.com/intunetf/terraform-provider-intune/internal/inventory"
)

// plannedIdentifiers keeps what resources are planned to list, from Configure on,
// which is one walk of Terraform through the configuration: a second resource
// that lists the same identifier is then told in the plan. A row that moves is
// planned away from the one resource and into the other, in whichever order.
//
// Two resources of which neither exists yet are not compared: a new one has no
// name by which to know it again, and it may be planned several times. They are
// found out when they are created. Two single resources are not compared either,
// because one that is replaced looks like a new one; there the tenant itself says
// that the identifier exists.
type plannedIdentifiers struct {
	mu        sync.Mutex
	resources map[inventory.Owner]*plannedResource
	// index is filled when there is something to compare.
	index map[plannedKey][]inventory.Owner
	// waiting are those that are not in the index yet.
	waiting []inventory.Owner
	// fleets is how many of the resources are fleets, named how many there were
	// without a name.
	fleets, named int
}

type plannedKey struct {
	identityType deviceid.Type
	normal       string
}

type plannedResource struct {
	identityType deviceid.Type
	rows         inventory.Rows
	// single is set for a resource of one identity, isNew for one that does not
	// exist yet.
	single, isNew bool
	// prior are the rows of a fleet before the change.
	prior   inventory.Rows
	indexed bool
}

func (r *plannedResource) key(identifier string) plannedKey {
	return plannedKey{r.identityType, deviceid.Normalize(r.identityType, identifier)}
}

// excludes reports whether no identifier may be listed by both.
func (r *plannedResource) excludes(other *plannedResource) bool {
	bothSingle, bothNew := r.single && other.single, r.isNew && other.isNew
	return !bothSingle && !bothNew
}

// plan keeps what a resource is planned to list, in place of what it was planned
// to list before, and returns the identifiers that another one lists, sorted. The
// owner of a new resource is "".
func (p *plannedIdentifiers) plan(owner inventory.Owner, resource plannedResource) (disputed []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if owner == "" {
		p.named++
		owner, resource.isNew = inventory.Owner("new "+strconv.Itoa(p.named)), true
	}
	p.drop(owner)
	disputed = p.disputed(&resource)
	if p.resources == nil {
		p.resources = map[inventory.Owner]*plannedResource{}
	}
	p.resources[owner] = &resource
	p.waiting = append(p.waiting, owner)
	if !resource.single {
		p.fleets++
	}
	return disputed
}

// disputed are the identifiers of a resource that another one is planned to list.
func (p *plannedIdentifiers) disputed(resource *plannedResource) []string {
	if len(p.resources) == 0 || resource.single && p.fleets == 0 {
		return nil
	}
	p.fill()
	var disputed []string
	for identifier := range resource.rows {
		if slices.ContainsFunc(p.index[resource.key(identifier)], func(other inventory.Owner) bool { return resource.excludes(p.resources[other]) }) {
			disputed = append(disputed, identifier)
		}
	}
	slices.Sort(disputed)
	return disputed
}

func (p *plannedIdentifiers) fill() {
	if p.index == nil {
		p.index = map[plannedKey][]inventory.Owner{}
	}
	for _, owner := range p.waiting {
		resource := p.resources[owner]
		if resource == nil || resource.indexed {
			continue
		}
		resource.indexed = true
		for identifier := range resource.rows {
			key := resource.key(identifier)
			p.index[key] = append(p.index[key], owner)
		}
	}
	p.waiting = nil
}

// forget drops a resource that is planned to go, or is gone.
func (p *plannedIdentifiers) forget(owner inventory.Owner) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.drop(owner)
}

// created drops the plans of new resources that list any of the rows: one of them
// has become a resource that exists.
func (p *plannedIdentifiers) created(t deviceid.Type, rows inventory.Rows) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.fill()
	resource := plannedResource{identityType: t}
	for identifier := range rows {
		for _, owner := range slices.Clone(p.index[resource.key(identifier)]) {
			if p.resources[owner].isNew {
				p.drop(owner)
			}
		}
	}
}

func (p *plannedIdentifiers) drop(owner inventory.Owner) {
	former := p.resources[owner]
	if former == nil {
		return
	}
	delete(p.resources, owner)
	if !former.single {
		p.fleets--
	}
	if !former.indexed {
		return
	}
	for identifier := range former.rows {
		key := former.key(identifier)
		if left := slices.DeleteFunc(p.index[key], func(other inventory.Owner) bool { return other == owner }); len(left) > 0 {
			p.index[key] = left
		} else {
			delete(p.index, key)
		}
	}
}

// prior are the rows that a fleet had when it was planned in this walk.
func (p *plannedIdentifiers) prior(owner inventory.Owner) inventory.Rows {
	p.mu.Lock()
	defer p.mu.Unlock()
	if resource := p.resources[owner]; resource != nil {
		return resource.prior
	}
	return nil
}
