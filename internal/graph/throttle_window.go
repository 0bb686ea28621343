package graph

import (
	"math"
	"time"
)

const (
	// throttleWindow is the length of the windows in which Intune counts
	// (https://learn.microsoft.com/graph/throttling-limits#intune-service-limits).
	throttleWindow = 20 * time.Second
	// transitMargin is added to it: the service counts a request when it arrives,
	// and a later one may travel faster than the one before.
	transitMargin = 400 * time.Millisecond
	// heldFor is how long a request counts here.
	heldFor = throttleWindow + transitMargin

	// firstRecovery is how many windows a full allowance takes to grow back after
	// a 429. It is multiplied by recoveryFactor each time that this proves too
	// fast, up to maxRecovery: a burst of somebody else is over in a minute; a
	// tool that shares the tenant's budget day and night costs a few refused
	// requests per growth, so growths become rare.
	firstRecovery  = 2
	recoveryFactor = 4
	maxRecovery    = 16
)

// window is a sliding window over requests of one kind. It sends no more than
// its allowance: the limit, or for a while less, after the service has said that
// even this was too much (somebody else uses the same limit, or the limit is
// smaller than we were told).
type window struct {
	// limit is 0 for a window without one, which allows everything.
	limit int
	// sent are requests as sent; passed are those that came back as anything but
	// 429, by the time of their answer.
	sent, passed requestLog
	// most is the most that passed in any window since the last 429.
	most int
	// level is the allowance at the time since. From then on it grows by one limit
	// in so many windows as recovery says.
	level    int
	since    time.Time
	recovery int
}

func newWindow(limit int) window {
	limit = max(limit, 0)
	return window{limit: limit, level: limit, recovery: firstRecovery}
}

// allowance is how many requests may be in the window; it is at least 1.
func (w *window) allowance(now time.Time) int {
	grown := now.Sub(w.since)
	if w.level >= w.limit || grown >= w.untilGrown(w.limit) {
		return w.limit
	}
	return w.level + int(max(0, grown)*time.Duration(w.limit)/w.growth())
}

// growth is the time in which the allowance grows by the whole limit.
func (w *window) growth() time.Duration { return time.Duration(w.recovery) * throttleWindow }

// untilGrown is the time that the allowance takes from level to n.
func (w *window) untilGrown(n int) time.Duration {
	limit := time.Duration(w.limit)
	return (time.Duration(n-w.level)*w.growth() + limit - 1) / limit
}

// room is how many more may be sent now.
func (w *window) room(now time.Time) int {
	if w.limit == 0 {
		return math.MaxInt
	}
	w.sent.forget(now)
	return w.allowance(now) - w.sent.total
}

// free is when n more may be sent: now, or the time at which to ask again. More
// than a whole allowance may be sent once the window is empty.
func (w *window) free(now time.Time, n int) time.Time {
	room := w.room(now)
	if n <= room || w.limit == 0 {
		return now
	}
	allowed := w.allowance(now)
	missing := min(n, allowed) - room
	if missing <= 0 {
		return now
	}
	at := w.sent.lighter(missing)
	if target := allowed + missing; target <= w.limit {
		if grown := w.since.Add(w.untilGrown(target)); grown.After(now) && grown.Before(at) {
			return grown
		}
	}
	return at
}

// book counts n as sent. What is more than a window holds counts from later on,
// so that those who follow wait for all of it.
func (w *window) book(now time.Time, n int) {
	if w.limit == 0 {
		return
	}
	allowed := w.allowance(now)
	for at := now; n > 0; at = at.Add(throttleWindow) {
		w.sent.add(at, min(n, allowed))
		n -= allowed
	}
}

// pass notes that the service let n through.
func (w *window) pass(now time.Time, n int) {
	if w.limit == 0 {
		return
	}
	w.passed.forget(now)
	w.passed.add(now, n)
	w.most = max(w.most, w.passed.total)
}

// shrink answers a 429: the allowance becomes what the service let through at
// best since the last one, and grows again when the pause ends. It stays as it is
// where that says nothing: when nothing was let through yet (the window was full
// before we came), and when nearly all of the allowance was (the cause is another).
func (w *window) shrink(now, pauseEnds time.Time) {
	allowed, most := w.allowance(now), w.most
	w.most = 0
	if w.limit == 0 || most == 0 || 10*most >= 9*allowed {
		return
	}
	if w.since.IsZero() || now.Sub(w.since) > 2*w.growth() {
		w.recovery = firstRecovery
	} else {
		w.recovery = min(recoveryFactor*w.recovery, maxRecovery)
	}
	w.level, w.since = most, pauseEnds
}

// requestLog remembers when requests were sent, the oldest first.
type requestLog struct {
	entries []logEntry
	// total is the number of requests in all entries.
	total int
}

type logEntry struct {
	at time.Time
	n  int
}

func (l *requestLog) add(at time.Time, n int) {
	l.entries = append(l.entries, logEntry{at, n})
	l.total += n
}

// forget drops what no longer counts.
func (l *requestLog) forget(now time.Time) {
	gone := 0
	for gone < len(l.entries) && !now.Before(l.entries[gone].at.Add(heldFor)) {
		l.total -= l.entries[gone].n
		gone++
	}
	l.entries = l.entries[gone:]
}

// lighter is when n of the requests will no longer count.
func (l *requestLog) lighter(n int) time.Time {
	var at time.Time
	for _, entry := range l.entries {
		if n <= 0 {
			break
		}
		at = entry.at.Add(heldFor)
		n -= entry.n
	}
	return at
}
