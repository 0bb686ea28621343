package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/intunetf/terraform-provider-intune/internal/graphsim"
)

// The floor is what the same work takes in a bare loop: the same payloads to the
// same tenant, in chunks of the same size and as many side by side as the
// provider has, without Terraform, checks, retries or a limiter.
const (
	chunkRows       = 500
	chunksInFlight  = 4
	batchRows       = 20
	batchesInFlight = 2
	// coreParallelism is how many resources Terraform works on side by side.
	coreParallelism = 10
)

// loop is a bare client of a tenant.
type loop struct {
	client *http.Client
	url    string
	token  string
	tenant *tenant
}

// row is a row as it is sent and answered.
type row struct {
	ODataType   string `json:"@odata.type,omitempty"`
	ID          string `json:"id,omitempty"`
	Identifier  string `json:"importedDeviceIdentifier"`
	Type        string `json:"importedDeviceIdentityType"`
	Description string `json:"description"`
}

// page is a page of a list, or the answer of an action.
type page struct {
	Value []row  `json:"value"`
	Next  string `json:"@odata.nextLink"`
}

type batchRequest struct {
	ID     string `json:"id"`
	Method string `json:"method"`
	URL    string `json:"url"`
}

func newLoop(t *tenant) (*loop, error) {
	client, err := t.client()
	return &loop{client: client, url: t.url + "/beta", token: t.Token(), tenant: t}, err
}

// held is what the tenant holds, without asking it.
func (l *loop) held() []row {
	var rows []row
	for _, identity := range l.tenant.Tenant().Identities() {
		rows = append(rows, row{ID: identity.ID, Identifier: identity.ImportedDeviceIdentifier})
	}
	return rows
}

// send sends a request and decodes the answer.
func (l *loop) send(ctx context.Context, method, address string, body, into any) error {
	var content io.Reader
	if body != nil {
		encoded, err := json.Marshal(body)
		if err != nil {
			return err
		}
		content = bytes.NewReader(encoded)
	}
	request, err := http.NewRequestWithContext(ctx, method, address, content)
	if err != nil {
		return err
	}
	request.Header.Set("Authorization", "Bearer "+l.token)
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	return l.do(request, into)
}

// do decodes the answer, which must be a success.
func (l *loop) do(request *http.Request, into any) error {
	response, err := l.client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close() //nolint:errcheck // read to its end below
	answer, err := io.ReadAll(response.Body)
	switch {
	case err != nil:
		return err
	case response.StatusCode >= http.StatusMultipleChoices:
		return fmt.Errorf("%s %s: %s: %s", request.Method, request.URL, response.Status, answer)
	case into == nil:
		return nil
	default:
		return json.Unmarshal(answer, into)
	}
}

// signIn fetches a token as every program has to; in the measurements without
// Terraform that is done before, on both sides.
func (l *loop) signIn(ctx context.Context) error {
	form := url.Values{
		"grant_type": {"client_credentials"}, "scope": {l.tenant.url + "/.default"},
		"client_id": {graphsim.DefaultClientID}, "client_secret": {graphsim.DefaultClientSecret},
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost,
		l.tenant.url+"/"+graphsim.DefaultTenantID+"/oauth2/v2.0/token", strings.NewReader(form.Encode()))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	var answer struct {
		Token string `json:"access_token"`
	}
	if err := l.do(request, &answer); err != nil {
		return err
	}
	l.token = answer.Token
	return nil
}

func (l *loop) identities(suffix string) string {
	return l.url + "/deviceManagement/importedDeviceIdentities" + suffix
}

func (l *loop) importRows(ctx context.Context, rows []row, overwrite bool) error {
	return l.send(ctx, http.MethodPost, l.identities("/importDeviceIdentityList"),
		map[string]any{"importedDeviceIdentities": rows, "overwriteImportedDeviceIdentities": overwrite}, &page{})
}

func (l *loop) search(ctx context.Context, rows []row) error {
	keys := make([]map[string]string, len(rows))
	for i, row := range rows {
		keys[i] = map[string]string{"importedDeviceIdentifier": row.Identifier, "importedDeviceIdentityType": row.Type}
	}
	return l.send(ctx, http.MethodPost, l.identities("/searchExistingIdentities"), map[string]any{"importedDeviceIdentities": keys}, &page{})
}

func (l *loop) list(ctx context.Context) ([]row, error) {
	var all []row
	for next := l.identities(""); next != ""; {
		var answer page
		if err := l.send(ctx, http.MethodGet, next, nil, &answer); err != nil {
			return nil, err
		}
		all, next = append(all, answer.Value...), answer.Next
	}
	return all, nil
}

func (l *loop) deleteBatch(ctx context.Context, rows []row) error {
	requests := make([]batchRequest, len(rows))
	for i, row := range rows {
		requests[i] = batchRequest{ID: strconv.Itoa(i), Method: http.MethodDelete, URL: "/deviceManagement/importedDeviceIdentities/" + escapeID(row.ID)}
	}
	return l.send(ctx, http.MethodPost, l.url+"/$batch", map[string]any{"requests": requests}, &struct{}{})
}

func escapeID(id string) string {
	return strings.NewReplacer("=", "%3D", "/", "%2F", "+", "%2B").Replace(id)
}

// inChunks does work for chunks of rows, some side by side.
func inChunks(ctx context.Context, rows []row, size, inFlight int, work func(context.Context, []row) error) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(inFlight)
	for chunk := range slices.Chunk(rows, size) {
		group.Go(func() error { return work(ctx, chunk) })
	}
	return group.Wait()
}

func newRows(n int, description string) []row {
	rows := make([]row, n)
	for i := range rows {
		rows[i] = row{
			ODataType: "#microsoft.graph.importedDeviceIdentity", Identifier: serial(i), Type: "serialNumber",
			Description: fmt.Sprintf(description, i),
		}
	}
	return rows
}

const (
	firstDescription   = "Device %06d of the fleet"
	changedDescription = "Changed %06d"
)

// The four operations of a fleet. A create looks for the rows before it writes
// them; the other three begin with the list, as Terraform's refresh does.

func (l *loop) fleetCreate(ctx context.Context, n int) error {
	rows := newRows(n, firstDescription)
	if err := inChunks(ctx, rows, chunkRows, chunksInFlight, l.search); err != nil {
		return err
	}
	return inChunks(ctx, rows, chunkRows, chunksInFlight, func(ctx context.Context, chunk []row) error {
		return l.importRows(ctx, chunk, false)
	})
}

func (l *loop) fleetRefresh(ctx context.Context, _ int) error {
	_, err := l.list(ctx)
	return err
}

func (l *loop) fleetUpdate(ctx context.Context, n int) error {
	if _, err := l.list(ctx); err != nil {
		return err
	}
	return inChunks(ctx, newRows(onePercent(n), changedDescription), chunkRows, chunksInFlight, func(ctx context.Context, chunk []row) error {
		return l.importRows(ctx, chunk, true)
	})
}

func (l *loop) fleetDestroy(ctx context.Context, _ int) error {
	rows, err := l.list(ctx)
	if err != nil {
		return err
	}
	return inChunks(ctx, rows, batchRows, batchesInFlight, l.deleteBatch)
}

// The four operations of n single resources, of which Terraform has ten under
// way: ten creates can share a call, and a deletion is one each.

func (l *loop) singleCreate(ctx context.Context, n int) error {
	return inChunks(ctx, newRows(n, firstDescription), coreParallelism, 1, func(ctx context.Context, chunk []row) error {
		return l.importRows(ctx, chunk, false)
	})
}

func (l *loop) singleUpdate(ctx context.Context, n int) error {
	if _, err := l.list(ctx); err != nil {
		return err
	}
	return inChunks(ctx, newRows(onePercent(n), changedDescription), coreParallelism, 1, func(ctx context.Context, chunk []row) error {
		return l.importRows(ctx, chunk, true)
	})
}

func (l *loop) singleDestroy(ctx context.Context, _ int) error {
	rows, err := l.list(ctx)
	if err != nil {
		return err
	}
	return inChunks(ctx, rows, 1, coreParallelism, l.deleteOne)
}

func (l *loop) deleteOne(ctx context.Context, one []row) error {
	return l.send(ctx, http.MethodDelete, l.identities("/"+escapeID(one[0].ID)), nil, nil)
}

// The naive way is one call per device for everything, ten side by side.

func (l *loop) naiveCreate(ctx context.Context, n int) error {
	return inChunks(ctx, newRows(n, firstDescription), 1, coreParallelism, func(ctx context.Context, one []row) error {
		return l.importRows(ctx, one, false)
	})
}

func (l *loop) naiveRefresh(ctx context.Context, n int) error {
	_, err := l.naiveRead(ctx, n)
	return err
}

// naiveRead gets every device by the id that a state would hold.
func (l *loop) naiveRead(ctx context.Context, _ int) ([]row, error) {
	rows := l.held()
	return rows, inChunks(ctx, rows, 1, coreParallelism, func(ctx context.Context, one []row) error {
		return l.send(ctx, http.MethodGet, l.identities("/"+escapeID(one[0].ID)), nil, &row{})
	})
}

func (l *loop) naiveUpdate(ctx context.Context, n int) error {
	if _, err := l.naiveRead(ctx, n); err != nil {
		return err
	}
	return inChunks(ctx, newRows(onePercent(n), changedDescription), 1, coreParallelism, func(ctx context.Context, one []row) error {
		return l.importRows(ctx, one, true)
	})
}

func (l *loop) naiveDestroy(ctx context.Context, n int) error {
	rows, err := l.naiveRead(ctx, n)
	if err != nil {
		return err
	}
	return inChunks(ctx, rows, 1, coreParallelism, l.deleteOne)
}
