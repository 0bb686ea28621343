package credential

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
)

// maxAnswer is how many characters of somebody else's error a message repeats.
const maxAnswer = 600

// shortestSecret is the length below which a secret, a password of a test
// certificate for example, occurs in words by chance.
const shortestSecret = 8

// TokenError says that no access token was to be had. Its text is one line
// without secrets; [Explain] says more. azcore does not retry it: the token
// request had its own retries.
type TokenError struct {
	Method     string   // what [Credential.Method] says
	Attributes []string // settings to look at, the likeliest first
	Code       string   // Entra's error code, for example "AADSTS7000215", or ""
	Answer     string   // what Entra or the command line tool said, on one line
	Trace      string   // Entra's trace and correlation ids, or ""

	failure failure
	skew    time.Duration // of this machine's clock against Entra's, where it matters
}

// Error returns the method and the answer on one line.
func (e *TokenError) Error() string {
	return fmt.Sprintf("no access token from authentication by %s: %s", e.Method, e.Answer)
}

// Unwrap returns what went wrong below the authentication library, so that
// errors.Is finds a context's end; it is nil when Entra refused.
func (e *TokenError) Unwrap() error { return e.failure.cause }

// NonRetriable tells azcore that the request which needed the token shall not
// be repeated.
func (*TokenError) NonRetriable() {}

// entraAnswer is the error body of the token endpoint and of the metadata
// service.
type entraAnswer struct {
	Code          string `json:"error"`
	Description   string `json:"error_description"`
	TraceID       string `json:"trace_id"`
	CorrelationID string `json:"correlation_id"`
	Timestamp     string `json:"timestamp"`
}

func newTokenError(err error, f failure, c *Credential) *TokenError {
	e := &TokenError{Method: c.method, Attributes: c.Setting(), failure: f}
	secrets := c.settings.secrets()
	var failed *azidentity.AuthenticationFailedError
	switch {
	case errors.As(err, &failed) && failed.RawResponse != nil:
		e.readResponse(failed.RawResponse)
	case f.cause != nil:
		e.Answer = describeCause(f)
	default:
		e.Answer = toolMessage(err.Error())
	}
	e.Answer = redact(e.Answer, secrets)
	if e.Code == "" {
		e.Code = entraCodePattern.FindString(e.Answer)
	}
	if advice, ok := adviceFor(e.Code); ok && len(advice.attributes) > 0 && !c.isTool {
		e.Attributes = advice.attributesFor(c)
	}
	e.blame(c)
	return e
}

// blame corrects the settings to look at where the method's own are not at
// fault.
func (e *TokenError) blame(c *Credential) {
	cause := e.failure.cause
	assertion, isAssertion := errors.AsType[*assertionError](cause)
	switch {
	case e.isClockWrong():
		e.Attributes = nil // no setting mends a clock
	case isAssertion:
		e.Attributes = append([]string{assertion.attribute}, slices.DeleteFunc(e.Attributes, func(a string) bool { return a == assertion.attribute })...)
	case cause == nil || e.Code != "" || c.isTool || c.method == methodMSI:
	case isTLS(cause):
		e.Attributes = []string{"ca_certificate_path"}
	default:
		e.Attributes = nil // it is the network
	}
}

// isClockWrong reports whether an assertion that was signed a moment ago is
// outside of its time of validity.
func (e *TokenError) isClockWrong() bool {
	return e.Code == codeOutsideLifetime && e.Method == methodCertificate
}

// readResponse takes what is worth telling out of a refusal.
func (e *TokenError) readResponse(resp *http.Response) {
	e.Answer = fmt.Sprintf("HTTP %d %s", resp.StatusCode, http.StatusText(resp.StatusCode))
	body, err := runtime.Payload(resp)
	if err != nil {
		return
	}
	var answer entraAnswer
	if err := json.Unmarshal(body, &answer); err != nil || answer.Code == "" {
		return // a page of a proxy, for example: nothing to quote
	}
	// Entra writes the ids into the text too, in lines or in a row.
	text, _, _ := strings.Cut(answer.Description, "Trace ID:")
	e.Answer = firstLine(text)
	if e.Answer == "" {
		e.Answer = answer.Code
	}
	e.Code = entraCodePattern.FindString(answer.Description)
	if date, err := http.ParseTime(resp.Header.Get("Date")); err == nil && e.Code == codeOutsideLifetime {
		e.skew = time.Since(date).Round(time.Minute) //nolint:forbidigo // this is about the clock
	}
	var trace []string
	for _, id := range []struct{ name, value string }{
		{"Trace ID", answer.TraceID}, {"Correlation ID", answer.CorrelationID}, {"Timestamp", answer.Timestamp},
	} {
		if id.value != "" {
			trace = append(trace, id.name+": "+firstLine(id.value))
		}
	}
	e.Trace = strings.Join(trace, ", ")
}

// describeCause puts a transport failure on one line, with the host in place of
// the URL: the path and query of a URL are long, and may hold secrets.
func describeCause(f failure) string {
	err := f.cause
	if failed, ok := errors.AsType[*url.Error](err); ok {
		err = failed.Err
	}
	if f.host == "" || is[*assertionError](err) || is[*redirectError](err) {
		return firstLine(err.Error())
	}
	return firstLine(f.host + ": " + err.Error())
}

// toolMessage strips what azidentity puts around the output of a command line
// tool: the name of its Go type, and a link for Go programmers.
func toolMessage(message string) string {
	if name, rest, ok := strings.Cut(message, ": "); ok && strings.HasSuffix(name, "Credential") {
		message = rest
	}
	message, _, _ = strings.Cut(message, "To troubleshoot, visit")
	fields := strings.Fields(message)
	text := strings.TrimSuffix(strings.Join(fields, " "), "..")
	if len(text) > maxAnswer {
		text = strings.ToValidUTF8(text[:maxAnswer], "") + "…"
	}
	return text
}

// firstLine returns the first line that says something, shortened.
func firstLine(text string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(text), "\n")
	line = strings.TrimSpace(line)
	if len(line) > maxAnswer {
		line = strings.ToValidUTF8(line[:maxAnswer], "") + "…"
	}
	return line
}

var (
	entraCodePattern = regexp.MustCompile(`AADSTS\d+`)
	// A token of any issuer is base64 of JSON in two parts and a signature.
	tokenPattern = regexp.MustCompile(`eyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]*)?`)
)

// redact is the last net: nothing above puts a secret into a message, but the
// text comes from servers and tools that were given them.
func redact(text string, secrets []string) string {
	for _, secret := range secrets {
		if len(secret) < shortestSecret {
			continue
		}
		text = strings.ReplaceAll(text, secret, "(redacted)")
	}
	return tokenPattern.ReplaceAllString(text, "(redacted token)")
}
