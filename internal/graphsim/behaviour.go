package graphsim

import (
	"net/http"
	"slices"
	"time"
)

// RouteAnswer says what a route whose existence is in doubt answers.
type RouteAnswer string

// The answers of a doubtful route.
const (
	RouteWorks          RouteAnswer = "works"
	RouteRefused        RouteAnswer = "refused"         // 400 "No method match route template" (field notes §2.1)
	RouteServerError    RouteAnswer = "500"             // 500 InternalServerError, seen in 2025-12
	RouteUnknownSegment RouteAnswer = "404"             // 404 "Resource not found for the segment"
	RouteNotAllowed     RouteAnswer = "405"             // 405 MethodNotAllowed
	RouteNotImplemented RouteAnswer = "501"             // 501 NotImplemented
	RouteForbidden      RouteAnswer = "403"             // 403 whatever the token holds
	RouteLostReply      RouteAnswer = "500-after-write" // the write is done, then 500: the unknown outcome
)

// IDForm says how ids are made.
type IDForm string

// The forms of an id.
const (
	IDBase64 IDForm = "base64" // base64 of the type's number and the stored identifier (behaviour 6)
	IDGUID   IDForm = "guid"   // what the examples of the API reference show
)

// SerialForm says how a serialNumber is stored.
type SerialForm string

// The forms of a stored serialNumber; all of them are trimmed.
const (
	SerialTrimmed  SerialForm = "trimmed"
	SerialUpper    SerialForm = "upper"
	SerialStripped SerialForm = "stripped" // upper-cased, letters and digits only
)

// FilterAnswer says how one kind of $filter clause is answered.
type FilterAnswer string

// The answers of a filter clause.
const (
	FilterWorks       FilterAnswer = "works"
	FilterEmpty       FilterAnswer = "empty" // 200, the clause matches nothing
	FilterRefused     FilterAnswer = "400"
	FilterServerError FilterAnswer = "500"
)

// LongDescription says what happens to a description of more than 128 characters.
type LongDescription string

// The treatments of a long description.
const (
	LongRefused  LongDescription = "400"
	LongCut      LongDescription = "cut"
	LongAccepted LongDescription = "accept"
)

// DuplicateRows says what happens when a payload holds the same identifier twice.
type DuplicateRows string

// The treatments of duplicates inside one payload.
const (
	DuplicateSecondFails DuplicateRows = "second-fails" // first wins, the others answer status false
	DuplicateAccepted    DuplicateRows = "accept"       // one object, status true for every row, last description wins
	DuplicateRefused     DuplicateRows = "400"
)

// CreateExisting says what the documented POST answers for an identity that exists.
type CreateExisting string

// The answers of a create that meets an existing identity.
const (
	ExistingConflict    CreateExisting = "409"
	ExistingBadRequest  CreateExisting = "400"
	ExistingStatusFalse CreateExisting = "201-status-false" // 201 with the existing object and status false
)

// ClearedBy says which sent value removes a description (open question 6).
type ClearedBy string

// What clears a description.
const (
	ClearedByBoth    ClearedBy = "both"
	ClearedByNull    ClearedBy = "null"
	ClearedByEmpty   ClearedBy = "empty"
	ClearedByNothing ClearedBy = "neither"
)

// RetryAfterForm says whether a 429 of the request limits carries Retry-After.
type RetryAfterForm string

// The forms of a 429.
const (
	RetryAfterAlways    RetryAfterForm = "always"    // header in seconds, plain body
	RetryAfterNever     RetryAfterForm = "never"     // no header, nested body
	RetryAfterAlternate RetryAfterForm = "alternate" // with, without, with, ...
)

// Behaviour holds every knob. New fills it from the profile, then Options.Behaviour adjusts it. The numbers are those
// of "What a faithful simulator must do" in the field notes; "question" is its list of open questions.
type Behaviour struct {
	CreateRoute RouteAnswer // POST on the collection (3)
	PatchRoute  RouteAnswer // PATCH on an identity (4, question 5)
	SearchRoute RouteAnswer // searchExistingIdentities under both URL forms (24)
	CountRoute  RouteAnswer // GET …/$count (SDKs only)

	IDForm       IDForm // form of ids (5, 6)
	NestedErrors bool   // errors of the Intune back end hold JSON in their message (31)

	CheckIdentifiers  bool       // malformed identifiers are refused (13); off accepts the documented example's imei
	InvalidFailsRow   bool       // a malformed row answers status false instead of refusing the call (question 14)
	NormaliseMMS      bool       // manufacturerModelSerial upper-cased and stripped per part; off = stored raw (7, 8)
	SerialForm        SerialForm // how a serialNumber is stored (7, question 3)
	IMEILengthChecked bool       // only 14 to 16 digits (7, question 4)
	EchoIdentifier    bool       // import answers show the sent spelling although another is stored (question 2)

	KeepSentPlatform bool // platform of a create or new import row is kept (9, question 7)
	KeepSentState    bool // the same for enrollmentState
	KeepSentContact  bool // the same for lastContactedDateTime

	FailRow          func(identityType, identifier string) bool // new rows that fail: status false, id unknown to GET (12)
	LongDescription  LongDescription                            // more than 128 characters (15)
	DuplicateRows    DuplicateRows                              // same identifier twice in a payload (16)
	TenantLimit      int                                        // most identities in the tenant, 0 = no limit; over it 400 (17)
	RowsPerCall      int                                        // most rows of an import or search, 0 = no limit (17)
	RowsPerCallError int                                        // 413 or 400, the answer to too many rows (17)
	RefuseChunked    bool                                       // a body without Content-Length is a 400 (18)
	OverwriteIgnored bool                                       // overwrite true answers 200 and status true, and changes nothing
	ImportReversed   bool                                       // rows of the import answer in reverse order (11, question 11)

	ClearedBy       ClearedBy // what removes a description on overwrite and PATCH (question 6)
	OmissionClears  bool      // an overwrite row without description removes it (question 6)
	NullDescription bool      // no description reads as null; off = "" (§2.5)

	CreateExisting CreateExisting // documented POST of an existing identity
	PatchIgnored   bool           // PATCH answers 200 and changes nothing
	PatchAll       bool           // PATCH changes every property of the update page; off = description only
	StatusOnGet    bool           // get and PATCH answers of an identity created with a status show it; lists never do
	GetWrapped     bool           // get answers {"value":{…}}, as the examples of the API reference do
	DeleteMissing  int            // 400, 404 or 204: DELETE of an unknown id (20)

	PageSize              int          // largest page; Options.PageSize is put here first (21)
	StableSkipToken       bool         // page by position in insertion order; off = by offset, so deletes skip rows (21)
	ContainsFilter        FilterAnswer // contains() (22)
	EqFilter              FilterAnswer // eq (22, question 10)
	CaseSensitiveContains bool         // (22, question 10)
	RefuseExtraQuery      bool         // $orderby, $search, $skip are a 400 instead of ignored (23)

	SearchNeedsWrite bool // search with a Read.All token is a 403 (24)
	SearchLags       bool // search is as late as the list under VisibleAfter (25)
	UpdatesLag       bool // list and get show the old description for VisibleAfter as well (25)

	ReadPermissions  []string // any of them allows list, get, $count (26)
	WritePermissions []string // any of them allows everything (26)

	RetryAfter    RetryAfterForm // 429s of RequestLimit and WriteLimit (27)
	BatchReversed bool           // $batch answers in reverse order (30)

	// DateZone is the zone the service's own dates are written in. Nil means UTC; the examples of the API reference
	// show -08:00.
	DateZone *time.Location
}

// profileBehaviour returns the knobs of a profile before Options.Behaviour sees them.
func profileBehaviour(p Profile) Behaviour {
	if p == ProfileDocumented {
		return documentedBehaviour()
	}
	return fieldBehaviour()
}

func fieldBehaviour() Behaviour {
	return Behaviour{
		CreateRoute: RouteRefused, PatchRoute: RouteRefused, SearchRoute: RouteWorks, CountRoute: RouteWorks,
		IDForm: IDBase64, NestedErrors: true,
		CheckIdentifiers: true, NormaliseMMS: true, SerialForm: SerialTrimmed,
		LongDescription: LongRefused, DuplicateRows: DuplicateSecondFails,
		RowsPerCall: 5000, RowsPerCallError: http.StatusRequestEntityTooLarge, RefuseChunked: true,
		ClearedBy: ClearedByBoth, NullDescription: true,
		CreateExisting: ExistingConflict, DeleteMissing: http.StatusBadRequest,
		ContainsFilter: FilterWorks, EqFilter: FilterWorks, CaseSensitiveContains: true,
		SearchNeedsWrite: true,
		ReadPermissions:  []string{PermissionRead, PermissionReadWrite},
		WritePermissions: []string{PermissionReadWrite},
		RetryAfter:       RetryAfterAlternate, BatchReversed: true,
	}
}

func documentedBehaviour() Behaviour {
	return Behaviour{
		CreateRoute: RouteWorks, PatchRoute: RouteWorks, SearchRoute: RouteWorks, CountRoute: RouteWorks,
		IDForm:     IDGUID,
		SerialForm: SerialTrimmed, LongDescription: LongRefused, DuplicateRows: DuplicateSecondFails,
		KeepSentPlatform: true, KeepSentState: true, KeepSentContact: true,
		RowsPerCall: 5000, RowsPerCallError: http.StatusRequestEntityTooLarge,
		ClearedBy: ClearedByBoth, CreateExisting: ExistingConflict,
		PatchAll: true, StatusOnGet: true, DeleteMissing: http.StatusNotFound,
		ContainsFilter: FilterWorks, EqFilter: FilterWorks,
		ReadPermissions:  []string{PermissionRead, PermissionReadWrite, PermissionConfiguration},
		WritePermissions: []string{PermissionReadWrite, PermissionConfiguration},
		RetryAfter:       RetryAfterAlways,
	}
}

// allows reports whether one of the granted permissions is in the list.
func allows(permissions, granted []string) bool {
	return slices.ContainsFunc(granted, func(g string) bool { return slices.Contains(permissions, g) })
}
