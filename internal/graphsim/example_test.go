package graphsim_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/intunetf/terraform-provider-intune/internal/graphsim"
)

// A tenant that loses one reply: the import is done, its answer is not seen, and the repeated import says so.
func Example() {
	sim, err := graphsim.New(graphsim.Options{
		Now: func() time.Time { return time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC) },
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	sim.Inject(graphsim.Fault{Operation: graphsim.OpImport, AfterEffect: true, Drop: true})

	client := http.Client{Transport: sim}
	for range 2 {
		req, err := http.NewRequest(http.MethodPost,
			"https://graph.microsoft.com/beta/deviceManagement/importedDeviceIdentities/importDeviceIdentityList",
			strings.NewReader(`{"importedDeviceIdentities": [
				{"importedDeviceIdentityType": "serialNumber", "importedDeviceIdentifier": "ZFLD72GKPQ"}
			], "overwriteImportedDeviceIdentities": false}`))
		if err != nil {
			fmt.Println(err)
			return
		}
		req.Header.Set("Authorization", "Bearer "+sim.Token())
		req.Header.Set("Content-Type", "application/json")
		resp, err := client.Do(req)
		if err != nil {
			fmt.Println("no reply")
			continue
		}
		body, _ := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		fmt.Println(resp.StatusCode, strings.Contains(string(body), `"status":false`))
	}
	for _, identity := range sim.Tenant().Identities() {
		fmt.Println(identity.ID, identity.ImportedDeviceIdentifier, identity.EnrollmentState)
	}
	for _, request := range sim.Journal() {
		fmt.Println(request.Operation, request.Status)
	}
	// Output:
	// no reply
	// 200 true
	// AlpGTEQ3MkdLUFE= ZFLD72GKPQ notContacted
	// import 0
	// import 200
}
