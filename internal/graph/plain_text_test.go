package graph

import (
	"encoding/json"
	"testing"
)

// The quick way of reading a string must read what the decoder reads.
func TestNullable_ReadsWhatTheDecoderReads(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		`""`, `"plain"`, `"a \"quote\""`, `"back\\slash"`, `"Gerät"`, `"Ger\u00e4t"`, `"\ud83d\ude00"`, "\"\xff\"", `" "`, `"~"`, `"tab\t"`,
	} {
		var want string
		if err := json.Unmarshal([]byte(text), &want); err != nil {
			t.Fatal(err)
		}
		var got struct{ Text Nullable[string] }
		if err := json.Unmarshal([]byte(`{"text":`+text+`}`), &got); err != nil {
			t.Fatal(err)
		}
		if !got.Text.Present || got.Text.Value != want {
			t.Errorf("%s: got %+v, want %q", text, got.Text, want)
		}
	}
	for _, text := range []string{`"`, `"a"b"`, "\"a\nb\"", `a`, ``} {
		if err := new(Nullable[string]).UnmarshalJSON([]byte(text)); err == nil {
			t.Errorf("%s was read", text)
		}
	}
}
