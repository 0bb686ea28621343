package graphsim

import (
	"net/http"
	"net/url"
	"strings"
)

// predicate decides whether an identity passes a $filter.
type predicate func(Identity) bool

// maxFilterDepth is more parentheses than a client has reason to write.
const maxFilterDepth = 32

// filter reads $filter (behaviour 22): contains(property,'text'), property eq 'text', and, or, parentheses. Everything
// else is refused.
func (s *Server) filter(query url.Values) (predicate, *problem) {
	if !query.Has("$filter") {
		return func(Identity) bool { return true }, nil
	}
	p := filterParser{behaviour: &s.behaviour, text: query.Get("$filter")}
	match, problem := p.disjunction(0)
	if problem == nil && p.skipSpace().at < len(p.text) {
		problem = p.invalid()
	}
	if problem != nil {
		return nil, problem
	}
	return match, nil
}

type filterParser struct {
	behaviour *Behaviour
	text      string
	at        int
}

func (p *filterParser) invalid() *problem {
	return gatewayBadRequest("Invalid filter clause: syntax error or unsupported expression at position %d in '%s'.", p.at, p.text)
}

func (p *filterParser) skipSpace() *filterParser {
	for p.at < len(p.text) && p.text[p.at] == ' ' {
		p.at++
	}
	return p
}

// take consumes a token when it comes next.
func (p *filterParser) take(token string) bool {
	p.skipSpace()
	if !strings.HasPrefix(p.text[p.at:], token) {
		return false
	}
	p.at += len(token)
	return true
}

// keyword consumes a word when it comes next and ends there.
func (p *filterParser) keyword(word string) bool {
	start := p.skipSpace().at
	if p.word() == word {
		return true
	}
	p.at = start
	return false
}

func (p *filterParser) word() string {
	start := p.skipSpace().at
	for p.at < len(p.text) {
		b := p.text[p.at]
		if (b < 'a' || b > 'z') && (b < 'A' || b > 'Z') && b != '.' {
			break
		}
		p.at++
	}
	return p.text[start:p.at]
}

func (p *filterParser) disjunction(depth int) (predicate, *problem) {
	left, problem := p.conjunction(depth)
	for problem == nil && p.keyword("or") {
		var right predicate
		if right, problem = p.conjunction(depth); problem == nil {
			first := left
			left = func(i Identity) bool { return first(i) || right(i) }
		}
	}
	return left, problem
}

func (p *filterParser) conjunction(depth int) (predicate, *problem) {
	left, problem := p.clause(depth)
	for problem == nil && p.keyword("and") {
		var right predicate
		if right, problem = p.clause(depth); problem == nil {
			first := left
			left = func(i Identity) bool { return first(i) && right(i) }
		}
	}
	return left, problem
}

func (p *filterParser) clause(depth int) (predicate, *problem) {
	if depth > maxFilterDepth {
		return nil, p.invalid()
	}
	if p.take("(") {
		inner, problem := p.disjunction(depth + 1)
		if problem == nil && !p.take(")") {
			problem = p.invalid()
		}
		return inner, problem
	}
	name := p.word()
	if name == "contains" && p.take("(") {
		return p.contains()
	}
	property := properties()[name]
	if property == nil || !p.keyword("eq") {
		return nil, p.invalid()
	}
	literal, ok := p.literal()
	if !ok {
		return nil, p.invalid()
	}
	if answer, problem := p.answer(p.behaviour.EqFilter, "eq"); answer != nil || problem != nil {
		return answer, problem
	}
	return func(i Identity) bool { return property(i) == literal }, nil
}

func (p *filterParser) contains() (predicate, *problem) {
	property := properties()[p.word()]
	if property == nil || !p.take(",") {
		return nil, p.invalid()
	}
	literal, ok := p.literal()
	if !ok || !p.take(")") {
		return nil, p.invalid()
	}
	if answer, problem := p.answer(p.behaviour.ContainsFilter, "contains"); answer != nil || problem != nil {
		return answer, problem
	}
	if p.behaviour.CaseSensitiveContains {
		return func(i Identity) bool { return strings.Contains(property(i), literal) }, nil
	}
	literal = strings.ToLower(literal)
	return func(i Identity) bool { return strings.Contains(strings.ToLower(property(i)), literal) }, nil
}

// literal reads a string in single quotes, two of them for one inside, after an optional enum type name, or null.
func (p *filterParser) literal() (string, bool) {
	if p.keyword("null") {
		return "", true // no description is stored as ""
	}
	p.word()
	if p.at >= len(p.text) || p.text[p.at] != '\'' {
		return "", false
	}
	var value strings.Builder
	for at := p.at + 1; at < len(p.text); at++ {
		if p.text[at] != '\'' {
			value.WriteByte(p.text[at])
			continue
		}
		if at+1 < len(p.text) && p.text[at+1] == '\'' {
			value.WriteByte('\'')
			at++
			continue
		}
		p.at = at + 1
		return value.String(), true
	}
	return "", false
}

// answer is what a clause gets that does not simply work.
func (p *filterParser) answer(a FilterAnswer, operator string) (predicate, *problem) {
	switch a {
	case FilterEmpty:
		return func(Identity) bool { return false }, nil
	case FilterRefused:
		return nil, badRequest("The query specified in the URI is not valid. The operator '%s' is not allowed.", operator)
	case FilterServerError:
		return nil, &problem{status: http.StatusInternalServerError, message: "An internal server error has occurred"}
	case FilterWorks:
	}
	return nil, nil
}
