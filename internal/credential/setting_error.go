package credential

import (
	"fmt"
	"strings"
)

// SettingError says that one setting is missing, malformed or contradicts
// another one. Summary is a title-case phrase, Detail says what to write
// instead and which environment variables were looked at.
type SettingError struct {
	Attribute string // attribute name, for example "client_secret"
	Summary   string
	Detail    string
}

func (e *SettingError) Error() string { return e.Summary + ": " + e.Detail }

// SettingErrors is what [New], [ResolveCloud] and [NewHTTPClient] return when
// settings are at fault: every fault that could be found, never empty.
type SettingErrors []*SettingError

func (e SettingErrors) Error() string {
	lines := make([]string, len(e))
	for i, problem := range e {
		lines[i] = problem.Error()
	}
	return strings.Join(lines, "\n")
}

// Unwrap lets errors.As find a single [SettingError].
func (e SettingErrors) Unwrap() []error {
	errs := make([]error, len(e))
	for i, problem := range e {
		errs[i] = problem
	}
	return errs
}

func (e *SettingErrors) add(attribute, summary, format string, args ...any) {
	*e = append(*e, &SettingError{Attribute: attribute, Summary: summary, Detail: fmt.Sprintf(format, args...)})
}

// err is nil when nothing was added, which a nil slice in an error is not.
func (e SettingErrors) err() error {
	if len(e) == 0 {
		return nil
	}
	return e
}

// howToSet names an attribute and its environment variables, for messages.
func howToSet(attribute string) string {
	variables := EnvironmentVariables()[attribute]
	if len(variables) == 0 {
		return "`" + attribute + "`"
	}
	return fmt.Sprintf("`%s` (environment: %s)", attribute, strings.Join(variables, ", "))
}

// howToSetAny joins several of [howToSet] by "or".
func howToSetAny(attributes ...string) string {
	parts := make([]string, len(attributes))
	for i, attribute := range attributes {
		parts[i] = howToSet(attribute)
	}
	if len(parts) < 2 {
		return strings.Join(parts, "")
	}
	return strings.Join(parts[:len(parts)-1], ", ") + " or " + parts[len(parts)-1]
}
