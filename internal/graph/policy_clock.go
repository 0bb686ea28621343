package graph

import (
	"net/http"
	"sync"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
)

// serviceClock remembers the latest Date header of the service. Whether an
// object was there before an attempt is decided on this clock: the local one may
// be minutes off.
type serviceClock struct {
	mu     sync.Mutex
	latest time.Time
}

func (c *serviceClock) Do(req *policy.Request) (*http.Response, error) {
	resp, err := req.Next()
	if err == nil {
		if t, parseErr := http.ParseTime(resp.Header.Get("Date")); parseErr == nil {
			c.mu.Lock()
			if t.After(c.latest) {
				c.latest = t
			}
			c.mu.Unlock()
		}
	}
	return resp, err
}

func (c *serviceClock) last() (time.Time, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.latest, !c.latest.IsZero()
}
