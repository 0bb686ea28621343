package graphsim

import (
	"net/http"
	"strconv"
	"time"
)

// window is the length of Intune's throttling windows (field notes §4.1).
const window = 20 * time.Second

// throttle remembers when requests came, for two sliding windows.
type throttle struct {
	requests, writes []time.Time
	refused          int
}

// admit counts a request and reports how long to wait when it is one too many. Refused requests count, as Graph's do.
func (t *throttle) admit(now time.Time, write bool, requestLimit, writeLimit int) (wait time.Duration, over bool) {
	t.requests = admitted(t.requests, now, requestLimit)
	wait = excess(t.requests, now, requestLimit)
	if write {
		t.writes = admitted(t.writes, now, writeLimit)
		wait = max(wait, excess(t.writes, now, writeLimit))
	}
	if wait == 0 {
		return 0, false
	}
	t.refused++
	return wait, true
}

func admitted(times []time.Time, now time.Time, limit int) []time.Time {
	if limit == 0 {
		return nil
	}
	for len(times) > 0 && !times[0].Add(window).After(now) {
		times = times[1:]
	}
	return append(times, now)
}

// excess is the time until so many requests have left the window that one more is allowed.
func excess(times []time.Time, now time.Time, limit int) time.Duration {
	if limit == 0 || len(times) <= limit {
		return 0
	}
	return max(times[len(times)-limit].Add(window).Sub(now), time.Second)
}

// overLimit answers 429 when a window is full: with Retry-After and a plain body, or without and nested (behaviour 27).
func (s *Server) overLimit(c *call) (reply, bool) {
	s.mu.Lock()
	wait, over := s.throttle.admit(s.now(), isWrite(c.request.Method), s.options.RequestLimit, s.options.WriteLimit)
	refused := s.throttle.refused
	s.mu.Unlock()
	if !over {
		return reply{}, false
	}
	withHeader := s.behaviour.RetryAfter != RetryAfterNever
	if s.behaviour.RetryAfter == RetryAfterAlternate {
		withHeader = refused%2 == 1
	}
	p := &problem{status: http.StatusTooManyRequests, message: "Too many requests.", gateway: withHeader}
	rep := s.refuse(c, p)
	if withHeader {
		rep.header.Set("Retry-After", strconv.Itoa(int((wait+time.Second-1)/time.Second)))
	}
	return rep, true
}
