package graph

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// supportSeparator starts the part of an Intune message that is for Microsoft's
// support: "… - Operation ID (for customer support): … - Activity ID: … - Url: …".
const supportSeparator = " - Operation ID"

// fillFrom reads Graph's error envelope and Intune's JSON inside error.message
// (microsoft-graph-docs #7379, #11620). A body in another form is described.
func (e *Error) fillFrom(payload []byte, contentType string) {
	var envelope struct {
		Error struct {
			Code       string `json:"code"`
			Message    string `json:"message"`
			InnerError struct {
				RequestID       string `json:"request-id"`
				ClientRequestID string `json:"client-request-id"`
			} `json:"innerError"`
		} `json:"error"`
	}
	if err := json.Unmarshal(payload, &envelope); err != nil || envelope.Error.Code == "" && envelope.Error.Message == "" {
		if len(payload) > 0 {
			e.Message = describeBody(payload, contentType)
		}
		return
	}
	e.Code = oneLine(envelope.Error.Code)
	e.Message, e.Support = unwrapMessage(envelope.Error.Message)
	if e.RequestID == "" {
		e.RequestID = oneLine(envelope.Error.InnerError.RequestID)
	}
	if e.ClientRequestID == "" {
		e.ClientRequestID = oneLine(envelope.Error.InnerError.ClientRequestID)
	}
}

func unwrapMessage(message string) (text, support string) {
	var nested struct {
		Message string `json:"Message"`
	}
	if err := json.Unmarshal([]byte(message), &nested); err == nil && nested.Message != "" {
		message = nested.Message
	}
	message, support, found := strings.Cut(message, supportSeparator)
	if found {
		support = oneLine(strings.TrimPrefix(supportSeparator, " - ") + support)
	}
	return oneLine(message), support
}

// describeBody names what came instead of Graph's JSON, quoting a short start.
func describeBody(payload []byte, contentType string) string {
	text := oneLine(string(payload))
	if text == "" {
		return "the body is empty"
	}
	kind, _, _ := strings.Cut(contentType, ";")
	if kind == "" {
		kind = "unnamed"
	}
	return "a body of type " + kind + " that starts with " + strconv.Quote(shorten(text, 80))
}

func shorten(s string, runes int) string {
	if utf8.RuneCountInString(s) <= runes {
		return s
	}
	return string([]rune(s)[:runes]) + "…"
}

// oneLine folds white space, so that no message breaks a diagnostic or a log.
func oneLine(s string) string {
	return strings.Join(strings.Fields(strings.ToValidUTF8(s, "�")), " ")
}

// retryAfter reads the header in both its forms; 0 means absent or unreadable.
func retryAfter(header http.Header, now time.Time) time.Duration {
	value := header.Get("Retry-After")
	if seconds, err := strconv.Atoi(value); err == nil && seconds > 0 {
		return time.Duration(seconds) * time.Second
	}
	if at, err := http.ParseTime(value); err == nil && at.After(now) {
		return at.Sub(now)
	}
	return 0
}
