package inventory

import (
	"context"
	"fmt"
	"time"

	"github.com/intunetf/terraform-provider-intune/internal/deviceid"
)

// rowAnswers are the rows of an import's answer, by key and never by place.
type rowAnswers struct {
	byKey map[normalKey]Identity
	// strange are the answers about no row that was sent.
	strange []Identity
}

func answersTo(rows []Wanted, answers []Identity) rowAnswers {
	sent := make(map[normalKey]bool, len(rows))
	for _, row := range rows {
		sent[row.normal()] = true
	}
	result := rowAnswers{byKey: make(map[normalKey]Identity, len(answers))}
	for _, answer := range answers {
		if key := normalKeyOf(answer); sent[key] {
			result.byKey[key] = answer
		} else {
			result.strange = append(result.strange, answer)
		}
	}
	return result
}

// storedAs finds the answer that shows a row in a form of the service's own.
func (a rowAnswers) storedAs(row Wanted) (Identity, bool) {
	for _, answer := range a.strange {
		if answer.ImportedDeviceIdentityType == string(row.Type) && deviceid.StoredAs(row.Type, row.Identifier, answer.ImportedDeviceIdentifier) {
			return answer, true
		}
	}
	return Identity{}, false
}

// isWritten reports whether an answer shows the description. One that leaves the
// member out does not show that it was cleared.
func (w *rowWriter) isWritten(row Wanted, answer Identity) bool {
	return answer.Description.Value == row.Description && (row.Description != "" || !w.overwrite || answer.Description.Present)
}

func isAccepted(answer Identity) bool { return answer.Status == nil || *answer.Status }

// read takes the answer's rows. What they leave in doubt is looked up.
func (w *rowWriter) read(ctx context.Context, rows []Wanted, answers []Identity, now sending) error {
	answered := answersTo(rows, answers)
	var doubtful []Wanted
	patience := time.Duration(0)
	for _, row := range rows {
		answer, ok := answered.byKey[row.normal()]
		if ok && answer.ID != "" && isAccepted(answer) && w.isWritten(row, answer) {
			w.accept(row)
			continue
		}
		if !ok {
			if stored, ok := answered.storedAs(row); ok {
				// Reading would not find it again under this spelling.
				w.fail(row, &RejectedError{Key: row.Key, Reason: fmt.Sprintf("stores this identifier as %q: write it like this", stored.ImportedDeviceIdentifier)})
				continue
			}
		}
		doubtful = append(doubtful, row)
		patience = max(patience, w.patience(row, answer, ok, now.again))
	}
	if len(doubtful) == 0 {
		return nil
	}
	open, err := w.settleByLooking(ctx, doubtful, patience, func(row Wanted) bool {
		answer, ok := answered.byKey[row.normal()]
		return !ok || isAccepted(answer) || now.again
	})
	if err != nil {
		return err
	}
	for _, row := range open {
		answer, ok := answered.byKey[row.normal()]
		w.fail(row.Wanted, w.verdict(row, answer, ok))
	}
	return nil
}

// patience is how long the tenant may take to show what the answer leaves in
// doubt about a row.
func (w *rowWriter) patience(row Wanted, answer Identity, ok, again bool) time.Duration {
	waits := w.inv.waits
	switch {
	case !ok:
		return waits.lost
	case isAccepted(answer) && w.overwrite && row.Description == "" && !w.null:
		// Probably this form does not clear a description; the other is tried next.
		return waits.changed / 10
	case isAccepted(answer) && w.overwrite:
		return waits.changed
	case isAccepted(answer):
		return waits.visible
	case w.overwrite:
		return 0
	case again && w.ours(row, answer):
		// An earlier call with a lost answer has created it.
		return waits.visible
	case answer.CreatedDateTime != nil && answer.CreatedDateTime.Before(w.since):
		// An identity from before, of a failed apply perhaps, that reading is late
		// with; a row that failed carries a new date.
		return waits.visible / 4
	default:
		return 0
	}
}

// verdict is the error of a row that stayed open.
func (w *rowWriter) verdict(row openRow, answer Identity, ok bool) error {
	reason := ""
	switch {
	case row.seen.ID != "" && ok && !isAccepted(answer):
		reason = "answered 200 with status false although overwriting was asked for; the identifier in the tenant (id " + row.seen.ID + ") was not changed"
	case row.seen.ID != "":
		return &NotAppliedError{ID: row.seen.ID, What: fmt.Sprintf("Graph accepted the description %q, but the tenant shows %q", row.Description, row.seen.Description.Value)}
	case !ok:
		reason = "answered 200 without a row for this identifier, and the tenant does not have it"
	case isAccepted(answer):
		reason = "answered 200 with status true for this identifier, but the tenant does not show it"
	default:
		reason = "answered 200 with status false for this identifier: it did not take it, and the tenant does not have it"
	}
	return &RejectedError{Key: row.Key, Reason: reason}
}
