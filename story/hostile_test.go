package story_test

import (
	"bytes"
	"crypto/rand"
	"errors"
	"io"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"kurultai/conference"
	"kurultai/story"
	"kurultai/story/storytest"
)

// replace returns a story with one line changed: old, which must stand in it, by new.
func replace(t *testing.T, text []byte, number int, old, new string) []byte {
	t.Helper()
	lines := strings.SplitAfter(string(text), "\n")
	if !strings.Contains(lines[number-1], old) {
		t.Fatalf("line %d has no %s", number, old)
	}
	lines[number-1] = strings.Replace(lines[number-1], old, new, 1)
	return []byte(strings.Join(lines, ""))
}

// TestAHostileStoryLeavesNothing: what is wrong is named by its line, and not even the lines before are appended.
func TestAHostileStoryLeavesNothing(t *testing.T) {
	b := storytest.FirstMeeting(t)
	whole := string(b)
	starts := []int{0}
	for i, l := range strings.SplitAfter(whole, "\n") {
		starts = append(starts, starts[i]+len(l))
	}
	const note = 46 // FileNote, the one closed entry
	line := func(n int) string { return whole[starts[n-1]:starts[n]] }
	for _, c := range []struct {
		name  string
		story []byte
		line  int
		why   string // part of the error, or the code of the refusal
	}{
		{"nothing at all", nil, 1, "empty"},
		{"an empty line", []byte("\n"), 1, ""},
		{"an empty line between", []byte(whole[:starts[4]] + "\n" + whole[starts[4]:]), 5, ""},
		{"a truncated line", b[:starts[10]+70], 11, "does not end"},
		{"no final line end", b[:len(b)-1], 77, "does not end"},
		{"a carriage return", replace(t, b, 7, "\n", "\r\n"), 7, ""},
		{"a byte order mark", []byte("\ufeff" + whole), 1, ""},
		{"white space", replace(t, b, 7, `"name":`, `"name": `), 7, ""},
		{"an unknown key in a line", replace(t, b, 7, `,"at":`, `,"as":"x","at":`), 7, ""},
		{"an unknown key in an act", replace(t, b, 7, `,"key":`, `,"kex":"x","key":`), 7, "act"},
		{"an unknown key in fields", replace(t, b, 3, `"party":`, `"partx":"xa","party":`), 3, "malformed"},
		{"an act with an origin", replace(t, b, 7, `"name":"NameParty"`, `"name":"NameParty","origin":"story.invalid/x/0000000000000000"`), 7, "origin"},
		{"keys in another order", replace(t, b, 7, `{"act":{"as":"Secretary",`, `{"act":{"zs":"Secretary",`), 7, "order"},
		{"a key twice", replace(t, b, 7, `"as":"Secretary",`, `"as":"Secretary","as":"Secretary",`), 7, ""},
		{"an unknown act", replace(t, b, 7, `"NameParty"`, `"NameParti"`), 7, "edition-unknown"},
		{"an act that is no object", replace(t, b, 7, line(7), `{"act":"x","at":"2027-06-01T08:05:00.000Z"}`+"\n"), 7, "object"},
		{"neither act nor closed", replace(t, b, 7, line(7), `{"at":"2027-06-01T08:05:00.000Z"}`+"\n"), 7, "an act or a closed entry"},
		{"both act and closed", replace(t, b, 7, `.000Z"}`, `.000Z","closed":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}`), 7, "an act or a closed entry"},
		{"a closed line with an opening", replace(t, b, 7, line(7), `{"at":"2027-06-01T08:05:00.000Z","closed":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA","opened":[{"name":"x","salt":"AAAAAAAAAAAAAAAAAAAAAA","value":"x"}]}`+"\n"), 7, "nothing beside it"},
		{"a closed line with a refusal", replace(t, b, 7, line(7), `{"at":"2027-06-01T08:05:00.000Z","closed":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA","refused":"stale"}`+"\n"), 7, "nothing beside it"},
		{"a closed line to begin with", []byte(`{"at":"2027-06-01T08:05:00.000Z","closed":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}` + "\n"), 1, "FoundBody"},
		{"a digest that is none", replace(t, b, 7, line(7), `{"at":"2027-06-01T08:05:00.000Z","closed":"AA"}`+"\n"), 7, ""},
		{"an act that saw more than there was", replace(t, b, 76, `"name":"CloseMeeting"`, `"name":"CloseMeeting","seen":61`), 76, "seen"},
		{"a time earlier than the line before", replace(t, b, 7, `"at":"2027-06-01T08:0`, `"at":"2027-05-01T08:0`), 7, "earlier"},
		{"a refused line earlier than the line before", replace(t, b, 50, `"at":"2027-06-08T03:04:40`, `"at":"2027-06-08T03:04:09`), 50, "earlier"},
		{"a line after a refused one earlier than it", replace(t, b, 49, `"at":"2027-06-08T03:04:10`, `"at":"2027-06-08T03:04:41`), 50, "earlier"},
		{"a time that is none", replace(t, b, 7, `.000Z`, `.0Z`), 7, "at"},
		{"a nonce of 31 bytes", replace(t, b, note, `"nonce":"`, `"nonce":"AA`), note, "nonce"},
		{"a nonce of an open act", replace(t, b, 7, `.000Z"}`, `.000Z","nonce":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}`), 7, "nonce"},
		{"a blob nobody names", replace(t, b, 7, `.000Z"}`, `.000Z","blobs":["AA"]}`), 7, "blobs"},
		{"an opening that fits nothing", replace(t, b, 7, `.000Z"}`, `.000Z","opened":[{"name":"x","salt":"AAAAAAAAAAAAAAAAAAAAAA","value":"x"}]}`), 7, "not-opened"},
		{"an opening with another value", replace(t, b, 21, `"value":"İlvar Tesmond"`, `"value":"İlvar Tesmont"`), 21, "not-opened"},
		{"openings in another order", edit(b, func(n int, l *story.Line) {
			if n == 21 {
				l.Opened[0], l.Opened[1] = l.Opened[1], l.Opened[0]
			}
		}), 21, "opened"},
		{"a sealed value twice", func() []byte {
			l := strings.Replace(line(21), `"key":"`, `"key":"A`, 1)
			at := strings.Index(l, `"key":"A`) + len(`"key":"A`)
			return []byte(whole[:starts[21]] + replaceID(l[:at+20]+l[at+21:]) + whole[starts[21]:])
		}(), 22, "sealed-twice"},
		{"a private value in clear", asWritten(b), 21, "malformed"},
		{"a refusal that is not met", replace(t, b, 7, `.000Z"}`, `.000Z","refused":"stale"}`), 7, "taken"},
		{"another refusal than announced", replace(t, b, 50, `"refused":"no-quorum-to-open"`, `"refused":"already-open"`), 50, "no-quorum-to-open"},
		{"a refusal not announced", replace(t, b, 50, `,"refused":"no-quorum-to-open"`, ``), 50, "no-quorum-to-open"},
		{"an act twice", []byte(line(1) + line(2) + line(2)), 3, "again"},
		{"the founding twice", []byte(line(1) + strings.Replace(line(1), `"key":"`+line(1)[strings.Index(line(1), `"key":"`)+7:][:22], `"key":"AAAAAAAAAAAAAAAAAAAAAA`, 1)), 2, "body-exists"},
		{"no founding", []byte(line(2)), 1, "FoundBody"},
		{"the founding of another body", replace(t, b, 1, `"id":"lakes-and-passes"`, `"id":"lakes-and-posses"`), 1, "malformed"},
	} {
		body := "lakes-and-passes"
		h := newHouse(t, body, 1)
		_, err := h.play(c.story)
		var at *story.LineError
		if !errors.As(err, &at) || at.Line != c.line || !strings.Contains(err.Error(), c.why) {
			t.Errorf("%s: %v; want an error at line %d with %q", c.name, err, c.line, c.why)
		}
		if n := h.View().State().Size; n != 0 {
			t.Errorf("%s: %d entries were appended", c.name, n)
		}
	}
}

// TestAnActMaySeeAllThatWasTaken: refused lines before it are no entries.
func TestAnActMaySeeAllThatWasTaken(t *testing.T) {
	found(t, replace(t, storytest.FirstMeeting(t), 76, `"name":"CloseMeeting"`, `"name":"CloseMeeting","seen":60`), 1)
}

// replaceID gives a RegisterPerson line another person.
func replaceID(l string) string {
	at := strings.Index(l, `"person":"`) + len(`"person":"`)
	return l[:at] + strings.Repeat("0", 32) + l[at+32:]
}

func TestALineOverTheLimitIsNamed(t *testing.T) {
	defer story.LimitLines(4096)()
	long := `{"act":"` + strings.Repeat("x", 5000)
	for _, end := range []string{"\n", ""} {
		first := strings.SplitAfter(string(storytest.FirstMeeting(t)), "\n")[0]
		h := newHouse(t, "lakes-and-passes", 1)
		_, err := h.play([]byte(first + long + end))
		var at *story.LineError
		if !errors.As(err, &at) || at.Line != 2 || h.View().State().Size != 0 {
			t.Errorf("ending in %q: %v", end, err)
		}
	}
}

func TestAReaderThatFailsIsNamed(t *testing.T) {
	broken := errors.New("broken")
	_, err := story.Parse(io.MultiReader(bytes.NewReader(storytest.FirstMeeting(t)), readerOf(broken)))
	var at *story.LineError
	if !errors.As(err, &at) || at.Line != 78 || !errors.Is(err, broken) {
		t.Errorf("got %v, want it at line 78", err)
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }
func readerOf(err error) io.Reader         { return failing{err} }

// TestACutStoryIsNotPlayed: a story cut anywhere but at a line end names the line it was cut in.
func TestACutStoryIsNotPlayed(t *testing.T) {
	for _, name := range story.Names() {
		b := text(t, name)
		rapid.Check(t, func(r *rapid.T) {
			cut := rapid.IntRange(1, len(b)-1).Draw(r, "cut")
			lines, err := story.Parse(bytes.NewReader(b[:cut]))
			n := bytes.Count(b[:cut], []byte("\n"))
			if b[cut-1] == '\n' {
				if err != nil || len(lines) != n {
					r.Fatalf("cut behind line %d: %d lines, %v", n, len(lines), err)
				}
				return
			}
			var at *story.LineError
			if !errors.As(err, &at) || at.Line != n+1 {
				r.Fatalf("cut in line %d: %v", n+1, err)
			}
		})
	}
}

// TestAChangedByteIsNamedOrHarmless: whatever byte is changed, a story that is still read encodes to itself, and
// one that does not rehearse names a line that is not before the change.
func TestAChangedByteIsNamedOrHarmless(t *testing.T) {
	t.Parallel()
	b := storytest.FirstMeeting(t)
	h := newHouse(t, "lakes-and-passes", 1)
	rapid.Check(t, func(r *rapid.T) {
		at := rapid.IntRange(0, len(b)-1).Draw(r, "at")
		changed := bytes.Clone(b)
		changed[at] = byte(rapid.IntRange(0, 255).Draw(r, "to"))
		number := bytes.Count(b[:at], []byte("\n")) + 1
		var wrong *story.LineError
		lines, err := story.Parse(bytes.NewReader(changed))
		if err == nil {
			var out []byte
			for _, l := range lines {
				out = l.Append(out)
			}
			if !bytes.Equal(out, changed) {
				r.Fatalf("byte %d of line %d: read, it encodes otherwise", at, number)
			}
			_, err = story.Rehearse(t.Context(), h.View(), h.origin, lines, wall, rand.Reader)
		}
		if err != nil && (!errors.As(err, &wrong) || wrong.Line < number) {
			r.Fatalf("byte %d of line %d: %v", at, number, err)
		}
	})
	if h.View().State().Size != 0 {
		t.Error("a rehearsal appended")
	}
}

// TestObserverMayNotAskAsAMember: somebody who holds the office of a head for a party that is no member yet.
func TestObserverMayNotAskAsAMember(t *testing.T) {
	b := storytest.FirstMeeting(t)
	h := found(t, edit(b, func(n int, l *story.Line) {
		if n > 58 { // the meeting is open
			l.Number = 0
		}
	}), 1)
	s := h.View().State()
	two, observer := s.Holders(conference.Secretary), s.Holders(conference.ObserverHead)[0]
	act := func(as string, by conference.PersonID, key, rest string) string {
		return `{"act":{"as":"` + as + `","by":"` + string(by) + `",` + strings.Replace(rest, `KEY`, `"key":"AAAAAAAAAAAAAAAAAAAAA`+key+`"`, 1) + "\n"
	}
	told, err := h.play([]byte(
		act("Secretary", two[0].Person, "A", `"fields":{"capacity":"Head","for":"xm","person":"`+string(observer.Person)+`"},KEY,"name":"GrantOffice","with":[{"as":"Secretary","by":"`+string(two[1].Person)+`"}]},"at":"2027-06-08T04:00:00.000Z"}`) +
			act("Head", observer.Person, "Q", `"fields":{"request":"r"},"for":"xm",KEY,"meeting":"vii","name":"AskFloor"},"at":"2027-06-08T04:00:01.000Z","refused":"observer-may-not"}`)))
	if err != nil || len(told) != 2 || told[1].Refusal.Rule == "" {
		t.Errorf("%v, %v", told, err)
	}
}

// FuzzParse: nothing read panics, and what is read encodes to itself.
func FuzzParse(f *testing.F) {
	seeds := map[string]bool{}
	for _, l := range parse(f, storytest.FirstMeeting(f)) {
		if name := l.Act.Get("name").Str; !seeds[name] {
			seeds[name] = true
			f.Add(l.Append(nil))
			f.Add(asWritten(l.Append(nil)))
		}
	}
	if len(seeds) < 15 {
		f.Fatalf("%d seeds", len(seeds))
	}
	f.Add([]byte(`{"at":"2027-06-01T08:05:00.000Z","closed":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}` + "\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		lines, err := story.Parse(bytes.NewReader(b))
		if err != nil {
			var at *story.LineError
			if !errors.As(err, &at) || at.Line < 1 {
				t.Fatalf("%v names no line", err)
			}
			return
		}
		var out []byte
		for _, l := range lines {
			out = l.Append(out)
		}
		if !bytes.Equal(out, b) {
			t.Errorf("read\n%s\nit encodes to\n%s", b, out)
		}
		if salted, err := story.Salt(bytes.NewReader(b), rand.Reader); err == nil {
			if _, err := story.Parse(bytes.NewReader(salted)); err != nil {
				t.Errorf("salted\n%s\nit is not read: %v", salted, err)
			}
		}
	})
}
