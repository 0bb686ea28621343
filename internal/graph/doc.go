// Package graph is a thin client of the Microsoft Graph beta collection
// /deviceManagement/importedDeviceIdentities (Intune corporate device
// identifiers) on an azcore pipeline.
//
// It knows HTTP, OData and the ways this service departs from both; it knows
// nothing of Terraform, and it takes no decision about what a caller wants of a
// tenant (that is package inventory).
//
// Every operation is built of three halves that are tested apart: a request
// builder, [send], and a pure decoder. What happens between the first and the
// last is a chain of policies, one a file:
//
//	retry → host guard → throttle gate → request id → log → bearer token → transport
//
// API reference: https://learn.microsoft.com/graph/api/resources/intune-enrollment-importeddeviceidentity?view=graph-rest-beta
package graph
