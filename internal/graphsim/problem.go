package graphsim

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
)

// problem is a refusal before it is written. Those of the Intune back end nest JSON in their message; those of the
// Graph gateway before it do not.
type problem struct {
	status  int
	code    string // "" means the usual code of the status
	message string
	gateway bool
}

func badRequest(format string, args ...any) *problem {
	return &problem{status: http.StatusBadRequest, code: "BadRequest", message: fmt.Sprintf(format, args...)}
}

func gatewayBadRequest(format string, args ...any) *problem {
	p := badRequest(format, args...)
	p.gateway = true
	return p
}

// codeOf is the error.code that goes with a status (field notes §4.4).
func codeOf(status int) string {
	switch status {
	case http.StatusBadRequest:
		return "BadRequest"
	case http.StatusUnauthorized:
		return "InvalidAuthenticationToken"
	case http.StatusForbidden:
		return "Forbidden"
	case http.StatusNotFound:
		return "ResourceNotFound"
	case http.StatusMethodNotAllowed:
		return "MethodNotAllowed"
	case http.StatusConflict:
		return "Conflict"
	case http.StatusRequestEntityTooLarge:
		return "RequestEntityTooLarge"
	case http.StatusTooManyRequests:
		return "TooManyRequests"
	case http.StatusNotImplemented:
		return "NotImplemented"
	case http.StatusServiceUnavailable:
		return "ServiceUnavailable"
	case http.StatusGatewayTimeout:
		return "UnknownError"
	default:
		return "InternalServerError"
	}
}

// refuse writes a problem as the profile does.
func (s *Server) refuse(c *call, p *problem) reply {
	code, message := p.code, p.message
	if code == "" {
		code = codeOf(p.status)
	}
	if s.behaviour.NestedErrors && !p.gateway {
		message = nestedMessage(c, message)
	}
	return s.envelope(c, p.status, code, message)
}

// envelope is Graph's error object; its date has no zone (behaviour 31).
func (s *Server) envelope(c *call, status int, code, message string) reply {
	return jsonReply(status, map[string]any{"error": map[string]any{
		"code":    code,
		"message": message,
		"innerError": map[string]any{
			"date":              s.now().Format("2006-01-02T15:04:05"),
			"request-id":        c.requestID,
			"client-request-id": c.clientRequestID,
		},
	}})
}

// nestedMessage is the JSON that the Intune back end puts into message, with its line ends and indentation (field notes
// §4.4). The Activity ID is the client-request-id.
func nestedMessage(c *call, text string) string {
	path := strings.TrimPrefix(c.request.RawPath, "/"+c.version+"/")
	text += " - Operation ID (for customer support): 00000000-0000-0000-0000-000000000000 - Activity ID: " +
		c.clientRequestID + " - Url: https://fef.msub07.manage.microsoft.com" +
		"/DeviceEnrollmentFE_2101/StatelessDeviceEnrollmentFEService/" + path + "?api-version=5020-09-14"
	nested := struct {
		Version              int `json:"_version"`
		Message              string
		CustomApiErrorPhrase string //nolint:revive // the service's own spelling
		RetryAfter           *int
		ErrorSourceService   string
		HttpHeaders          string //nolint:revive // the service's own spelling
	}{Version: 3, Message: text, HttpHeaders: "{}"}
	var buffer bytes.Buffer
	encoder := json.NewEncoder(&buffer)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(nested); err != nil {
		return text
	}
	return strings.ReplaceAll(strings.TrimSuffix(buffer.String(), "\n"), "\n", "\r\n")
}

// routeProblem is the answer of a route that does not work; template is the OData template that the refusal names.
func routeProblem(answer RouteAnswer, template, method string) *problem {
	switch answer {
	case RouteRefused:
		return &problem{
			status: http.StatusBadRequest, code: "No method match route template", gateway: true,
			message: "No OData route exists that match template " + template + " with http verb " + method +
				" for request /DeviceEnrollmentFE_2008/StatelessDeviceEnrollmentFEService/deviceManagement/importedDeviceIdentities.",
		}
	case RouteServerError:
		return &problem{status: http.StatusInternalServerError, message: "An internal server error has occurred"}
	case RouteUnknownSegment:
		return &problem{
			status: http.StatusNotFound, gateway: true,
			message: "Resource not found for the segment 'importedDeviceIdentities'.",
		}
	case RouteNotAllowed:
		return &problem{
			status: http.StatusMethodNotAllowed, gateway: true,
			message: "The requested resource does not support http method '" + method + "'.",
		}
	case RouteNotImplemented:
		return &problem{status: http.StatusNotImplemented, gateway: true, message: "Not Implemented"}
	case RouteForbidden:
		return &problem{status: http.StatusForbidden, message: "Access is denied."}
	case RouteWorks, RouteLostReply:
		return nil
	}
	return nil
}
