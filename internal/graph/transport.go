package graph

import (
	"fmt"
	"io"
	"net/http"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
)

const (
	// maxBody bounds an answer that is wanted: a page of 1,000 identities is
	// about 400 kB, a chunk of 5,000 rows about 2 MB.
	maxBody = 64 << 20
	// maxErrorBody bounds an answer that is only quoted.
	maxErrorBody = 1 << 20
)

// boundedTransport bounds every body before azcore reads it whole into memory.
type boundedTransport struct{ next policy.Transporter }

func (t boundedTransport) Do(req *http.Request) (*http.Response, error) {
	resp, err := t.next.Do(req)
	if err != nil {
		return nil, err
	}
	limit := int64(maxBody)
	if resp.StatusCode >= http.StatusBadRequest {
		limit = maxErrorBody
	}
	resp.Body = &boundedBody{ReadCloser: resp.Body, left: limit, limit: limit}
	return resp, nil
}

// bodyTooLargeError is not retried: the next answer would be as large.
type bodyTooLargeError struct{ limit int64 }

func (e *bodyTooLargeError) Error() string {
	return fmt.Sprintf("the answer is larger than %d bytes and was cut off", e.limit)
}

type boundedBody struct {
	io.ReadCloser
	left, limit int64
}

func (b *boundedBody) Read(p []byte) (int, error) {
	if b.left < 0 {
		return 0, &bodyTooLargeError{limit: b.limit}
	}
	// One byte more than is left tells a body of exactly the limit from a longer one.
	if int64(len(p)) > b.left+1 {
		p = p[:b.left+1]
	}
	n, err := b.ReadCloser.Read(p)
	b.left -= int64(n)
	if b.left < 0 {
		return n, &bodyTooLargeError{limit: b.limit}
	}
	return n, err
}
