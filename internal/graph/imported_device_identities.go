package graph

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
)

// ImportedDeviceIdentitiesClient holds the operations of the collection
// /deviceManagement/importedDeviceIdentities. All of its errors are [*Error].
//
// https://learn.microsoft.com/graph/api/resources/intune-enrollment-importeddeviceidentity?view=graph-rest-beta
type ImportedDeviceIdentitiesClient struct {
	client *Client
	// qualifiedActions is set once the service refused the short URL of an action.
	qualifiedActions atomic.Bool
	// noBatch is set once the tenant refused $batch.
	noBatch atomic.Bool
}

// ListOptions narrows a list.
type ListOptions struct {
	// IdentifierContains asks the service for identifiers that contain the text,
	// as stored (normalised). Callers match again: the service's case rules are
	// not documented, and some tenants refuse filters.
	IdentifierContains string
	// Top asks for a page size; 0 leaves it to the service.
	Top int
}

// ImportedDeviceIdentityPage is one page of a list.
type ImportedDeviceIdentityPage struct {
	Value    []ImportedDeviceIdentity
	NextLink string
}

// NewListPager pages through the collection. A nextLink that leaves the Graph
// host, or that does not advance, is an error.
func (s *ImportedDeviceIdentitiesClient) NewListPager(o ListOptions) *runtime.Pager[ImportedDeviceIdentityPage] {
	followed := map[string]bool{} // links that came already: they may also go in a circle
	return runtime.NewPager(runtime.PagingHandler[ImportedDeviceIdentityPage]{
		More: func(page ImportedDeviceIdentityPage) bool { return page.NextLink != "" },
		Fetcher: func(ctx context.Context, previous *ImportedDeviceIdentityPage) (ImportedDeviceIdentityPage, error) {
			op := operation{name: "list the corporate device identifiers", effect: effectRead, statuses: []int{http.StatusOK}, sent: new(bool)}
			req, err := s.listRequest(ctx, o, previous)
			if err != nil {
				return ImportedDeviceIdentityPage{}, asError(op, err)
			}
			page, err := send(s.client, req, op, decodePage)
			if err == nil && followed[page.NextLink] {
				err = asError(op, errors.New("the list does not advance: two pages carry the same @odata.nextLink"))
			}
			if page.NextLink != "" {
				followed[page.NextLink] = true
			}
			return page, err
		},
	})
}

func (s *ImportedDeviceIdentitiesClient) listRequest(ctx context.Context, o ListOptions, previous *ImportedDeviceIdentityPage) (*policy.Request, error) {
	req, err := s.client.newRequest(ctx, http.MethodGet, "deviceManagement", "importedDeviceIdentities")
	if err != nil {
		return nil, err
	}
	if previous != nil {
		// OData allows a link that is relative to the request.
		next, err := req.Raw().URL.Parse(previous.NextLink)
		if err != nil {
			return nil, fmt.Errorf("the @odata.nextLink is no URL: %w", err)
		}
		return s.client.newRequestTo(ctx, http.MethodGet, next.String())
	}
	var query []string
	if o.IdentifierContains != "" {
		literal := strings.ReplaceAll(o.IdentifierContains, "'", "''")
		query = append(query, "$filter="+url.QueryEscape("contains(importedDeviceIdentifier,'"+literal+"')"))
	}
	if o.Top > 0 {
		query = append(query, "$top="+strconv.Itoa(o.Top))
	}
	req.Raw().URL.RawQuery = strings.Join(query, "&")
	return req, nil
}

// Get reads one identity; see [IsNotFound].
func (s *ImportedDeviceIdentitiesClient) Get(ctx context.Context, id string) (ImportedDeviceIdentity, error) {
	op := operation{name: "read the corporate device identifier", effect: effectRead, statuses: []int{http.StatusOK}}
	return request(ctx, s.client, op, http.MethodGet, nil, decodeIdentity, "deviceManagement", "importedDeviceIdentities", id)
}

// Create is the documented create; see [IsRouteRefused] and [IsOutcomeUnknown].
//
// https://learn.microsoft.com/graph/api/intune-enrollment-importeddeviceidentityresult-create?view=graph-rest-beta
func (s *ImportedDeviceIdentitiesClient) Create(ctx context.Context, identity NewImportedDeviceIdentity) (ImportedDeviceIdentity, error) {
	op := operation{name: "create the corporate device identifier", effect: effectWrite, statuses: []int{http.StatusCreated, http.StatusOK}}
	body := typedIdentity{ODataType: odataTypeResult, NewImportedDeviceIdentity: identity}
	return request(ctx, s.client, op, http.MethodPost, body, decodeIdentity, "deviceManagement", "importedDeviceIdentities")
}

// UpdateDescription is the documented update; see [IsRouteRefused].
//
// https://learn.microsoft.com/graph/api/intune-enrollment-importeddeviceidentity-update?view=graph-rest-beta
func (s *ImportedDeviceIdentitiesClient) UpdateDescription(ctx context.Context, id string, description *Text) error {
	op := operation{name: "update the corporate device identifier", effect: effectWrite, statuses: []int{http.StatusOK, http.StatusNoContent}}
	body := struct {
		ODataType   string `json:"@odata.type"`
		Description *Text  `json:"description"`
	}{odataType, description}
	_, err := request(ctx, s.client, op, http.MethodPatch, body, decodeNothing, "deviceManagement", "importedDeviceIdentities", id)
	return err
}

// Delete deletes one identity. A missing id is answered with 404 or 400: the
// caller reads it to tell which ([IsNotFound], [IsBadRequest]).
func (s *ImportedDeviceIdentitiesClient) Delete(ctx context.Context, id string) error {
	op := operation{name: "delete the corporate device identifier", effect: effectDelete, statuses: []int{http.StatusNoContent, http.StatusOK}}
	_, err := request(ctx, s.client, op, http.MethodDelete, nil, decodeNothing, "deviceManagement", "importedDeviceIdentities", id)
	return err
}

// Import is the action importDeviceIdentityList, the way in which the portal
// creates identities. It answers 200 whatever became of the rows: each has a
// Status of its own, and rows may be missing or in another order.
//
// https://learn.microsoft.com/graph/api/intune-enrollment-importeddeviceidentity-importdeviceidentitylist?view=graph-rest-beta
func (s *ImportedDeviceIdentitiesClient) Import(ctx context.Context, rows []NewImportedDeviceIdentity, overwrite bool) ([]ImportedDeviceIdentity, error) {
	op := operation{name: "import corporate device identifiers", effect: effectWrite, statuses: []int{http.StatusOK, http.StatusCreated}}
	body := struct {
		ImportedDeviceIdentities []typedIdentity `json:"importedDeviceIdentities"`
		Overwrite                bool            `json:"overwriteImportedDeviceIdentities"`
	}{make([]typedIdentity, len(rows)), overwrite}
	for i, row := range rows {
		row.Status = nil
		body.ImportedDeviceIdentities[i] = typedIdentity{ODataType: odataType, NewImportedDeviceIdentity: row}
	}
	return s.action(ctx, op, "importDeviceIdentityList", body)
}

// SearchExisting is the action searchExistingIdentities: those of the keys that
// exist. Although documented for Read.All it was seen to need ReadWrite.All
// ([IsForbidden]); one malformed identifier refuses the call ([IsBadRequest]).
//
// https://learn.microsoft.com/graph/api/intune-enrollment-importeddeviceidentity-searchexistingidentities?view=graph-rest-beta
func (s *ImportedDeviceIdentitiesClient) SearchExisting(ctx context.Context, keys []IdentityKey) ([]ImportedDeviceIdentity, error) {
	op := operation{name: "search for corporate device identifiers", effect: effectRead, statuses: []int{http.StatusOK}}
	body := struct {
		ImportedDeviceIdentities []IdentityKey `json:"importedDeviceIdentities"`
	}{keys}
	return s.action(ctx, op, "searchExistingIdentities", body)
}

// action calls a collection action. The reference and the portal use the short
// name in the URL; where a tenant refuses it, the namespace-qualified name is
// used from then on (msgraph-beta-sdk-dotnet #1077).
func (s *ImportedDeviceIdentitiesClient) action(ctx context.Context, op operation, name string, body any) ([]ImportedDeviceIdentity, error) {
	call := func(name string) ([]ImportedDeviceIdentity, error) {
		page, err := request(ctx, s.client, op, http.MethodPost, body, decodePage, "deviceManagement", "importedDeviceIdentities", name)
		return page.Value, err
	}
	if !s.qualifiedActions.Load() {
		rows, err := call(name)
		if !IsRouteRefused(err) {
			return rows, err
		}
	}
	rows, err := call("microsoft.graph." + name)
	if err == nil {
		s.qualifiedActions.Store(true)
	}
	return rows, err
}

// request builds, sends and decodes one operation.
func request[T any](ctx context.Context, c *Client, op operation, method string, body any, decode func([]byte) (T, error), segments ...string) (T, error) {
	req, err := c.newRequest(ctx, method, segments...)
	if err == nil && body != nil {
		err = runtime.MarshalAsJSON(req, body)
	}
	if err != nil {
		var zero T
		op.sent = new(bool)
		return zero, asError(op, err)
	}
	return send(c, req, op, decode)
}

func decodeIdentity(payload []byte) (ImportedDeviceIdentity, error) {
	// The reference shows a single object inside "value"; the service does not,
	// but reading both costs nothing.
	var answer struct {
		ImportedDeviceIdentity
		Value *ImportedDeviceIdentity `json:"value"`
	}
	if err := decodeObject(payload, &answer); err != nil {
		return ImportedDeviceIdentity{}, err
	}
	identity := answer.ImportedDeviceIdentity
	if answer.Value != nil {
		identity = *answer.Value
	}
	if identity.ID == "" {
		return ImportedDeviceIdentity{}, errors.New("the object has no id")
	}
	identity.ImportedDeviceIdentityType = canonicalType(identity.ImportedDeviceIdentityType)
	return identity, nil
}

func decodePage(payload []byte) (ImportedDeviceIdentityPage, error) {
	var answer struct {
		Value    *[]ImportedDeviceIdentity `json:"value"`
		NextLink string                    `json:"@odata.nextLink"`
	}
	if err := decodeObject(payload, &answer); err != nil {
		return ImportedDeviceIdentityPage{}, err
	}
	// Without this check an unrelated object would read as an empty tenant.
	if answer.Value == nil {
		return ImportedDeviceIdentityPage{}, errors.New("the answer has no list in \"value\"")
	}
	for i := range *answer.Value {
		row := &(*answer.Value)[i]
		row.ImportedDeviceIdentityType = canonicalType(row.ImportedDeviceIdentityType)
	}
	return ImportedDeviceIdentityPage{Value: *answer.Value, NextLink: answer.NextLink}, nil
}

func decodeNothing([]byte) (struct{}, error) { return struct{}{}, nil }

func decodeObject(payload []byte, into any) error {
	if err := json.Unmarshal(payload, into); err != nil {
		return fmt.Errorf("no valid JSON object: %w", err)
	}
	return nil
}
