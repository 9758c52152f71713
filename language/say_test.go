package language

import "testing"

// Arguments stand where their numbers do, as they are: what looks like a number in one is text.
func TestArgumentsStandWhereTheirNumbersDo(t *testing.T) {
	n := 0
	for _, row := range []struct {
		text, want string
		args       []string
	}{
		{"{0} of {1}", "a of b", []string{"a", "b"}},
		{"{1}, {0}, {1}", "b, a, b", []string{"a", "b"}},
		{"entry {0}", "entry {1}", []string{"{1}", "x"}},
		{"{2} {01} {-1} {x} {} {0", "{2} {01} {-1} {x} {} {0", []string{"a", "b"}},
		{"{{0}}", "{a}", []string{"a"}},
		{"no place", "no place", []string{"a"}},
	} {
		l := Language{texts: map[string]string{"key": row.text}}
		if got := l.Say("key", row.args...); got != row.want {
			t.Errorf("%q with %q: %q, not %q", row.text, row.args, got, row.want)
		}
		n++
	}
	if l := (Language{}); n == 0 || l.Say("key", "a") != "⟨key⟩" {
		t.Errorf("%d rows; a key without a text: %q", n, l.Say("key", "a"))
	}
}
