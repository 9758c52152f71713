package conference

import (
	"slices"
	"strings"
	"testing"

	"kurultai/record"
)

func TestSymbolsFollowThePatternsOfTheirSeries(t *testing.T) {
	d := newDesk(t)
	for _, a := range []act{namedSeries, desk1("NameSeries", `{"series":"notes","names":[["en","Notes"]],"pattern":"T/NV/{year}/{number}"}`), paper("T/I/L.1"), paper("T/I/L.9"), secretary("RegisterDocument", fields(shorthand.Replace(`{"symbol":"T/NV/2030/1","type":"note","language":"en","level":"public","text":"‹x›"}`)))} {
		d.must(t, a)
	}
	d.must(t, desk1("IssueRevision", `{"symbol":"T/I/L.1/Rev.1","of":"T/I/L.1","text":"‹y›"}`))
	at := d.at
	if next := d.NextSymbols("m", at); !slices.Equal(next, []Symbol{"T/I/L.10", Symbol("T/NV/" + at.String()[:4] + "/2")}) {
		t.Errorf("next are %q", next)
	}
	if next := d.NextSymbols("", at); !slices.Equal(next, []Symbol{Symbol("T/NV/" + at.String()[:4] + "/2")}) {
		t.Errorf("of no meeting the next are %q", next)
	}
	r := d.do(t, paper("T/I/X.1"))
	if r == nil || r.Code != "bad-symbol" || !strings.Contains(r.Args[1], "T/I/L.10") {
		t.Errorf("another symbol: %v", r)
	}
	rows := 0
	for _, row := range []struct{ of, what, next string }{
		{"T/I/L.1", "Rev", "T/I/L.1/Rev.2"}, {"T/I/L.1/Rev.1", "Rev", "T/I/L.1/Rev.2"}, {"T/I/L.1/Rev.1", "Corr", "T/I/L.1/Rev.1/Corr.1"}, {"T/I/L.1/Add.2", "Rev", "T/I/L.1/Add.2/Rev.1"}, {"T/I/L.1", "Add", "T/I/L.1/Add.1"},
	} {
		if next := d.SymbolAfter(Symbol(row.of), row.what); string(next) != row.next {
			t.Errorf("%s of %s is %s, want %s", row.what, row.of, next, row.next)
		}
		rows++
	}
	if rows != 5 {
		t.Fatalf("%d rows", rows)
	}
	for symbol, want := range map[Symbol]string{"T/I/L.1": "limited", "T/NV/2030/1": "general"} {
		if x, _ := d.Document(symbol); d.Distribution(x) != want {
			t.Errorf("%s is of %s distribution, want %s", symbol, d.Distribution(x), want)
		}
	}
	d.must(t, desk1("Classify", `{"symbol":"T/I/L.1","level":"restricted","basis":"I/3"}`))
	if x, _ := d.Document("T/I/L.1"); d.Distribution(x) != "restricted" {
		t.Errorf("a restricted paper is of %s distribution", d.Distribution(x))
	}
}

func TestATranslationIsStaleWhenTheOriginalChanged(t *testing.T) {
	d := newDesk(t)
	works := func() (said []string) {
		for _, w := range d.Translations(d.Reader(PersonID(pid(1)), d.at)) {
			stale := ""
			if w.Stale() {
				stale = " stale"
			}
			said = append(said, string(w.Document.Symbol)+" "+string(w.Language)+" "+w.State+stale)
		}
		return said
	}
	want := func(list ...string) {
		t.Helper()
		if got := works(); !slices.Equal(got, list) {
			t.Errorf("before the language section is %q, want %q", got, list)
		}
	}
	for _, a := range []act{paper("L.1"), orderDe} {
		d.must(t, a)
	}
	want("L.1 de ordered")
	d.must(t, deliverDe)
	want("L.1 de delivered")
	d.must(t, versionDe)
	want()
	d.must(t, desk1("OrderTranslation", `{"symbol":"L.1","language":"fr","translator":"pid:5"}`))
	d.must(t, desk1("IssueRevision", `{"symbol":"L.1/Rev.1","of":"L.1","text":"‹y›"}`))
	want("L.1/Rev.1 de issued stale", "L.1/Rev.1 fr ordered stale")
	if r := d.do(t, desk1("DeliverTranslation", `{"symbol":"L.1/Rev.1","language":"fr","text":"‹y›","base":"‹x›"}`)); r == nil || r.Code != "base-changed" {
		t.Errorf("a translation of the old text: %v", r)
	}
	d.must(t, with(orderDe, strings.Replace(orderDe.fields, `"L.1"`, `"L.1/Rev.1"`, 1)))
	want("L.1/Rev.1 de ordered", "L.1/Rev.1 fr ordered stale")
	if w := d.Translations(d.Reader(PersonID(pid(1)), d.at))[0]; !w.Late("2036-01-01") || w.Late("2035-03-18") {
		t.Error("it is late from the day after it was due, and no earlier")
	}
}

func TestBracketsGoWithTheDraftUntilTheirPartyTakesThemAway(t *testing.T) {
	d := newDesk(t)
	for _, a := range then(agenda_, named_, submit, held) {
		d.must(t, a)
	}
	if r := d.do(t, put("proposal", "p", "consensus")); r == nil || r.Code != "brackets-remain" {
		t.Errorf("a draft with words in brackets is put: %v", r)
	}
	d.must(t, desk1("IssueRevision", `{"symbol":"L.1/Rev.1","of":"L.1","text":"‹y›","paragraphs":["op1"]}`))
	if r := d.do(t, put("proposal", "p", "consensus")); r == nil || r.Code != "brackets-remain" {
		t.Errorf("its revision is put: %v", r)
	}
	d.must(t, headB("ResolveBracket", `{"bracket":"k","symbol":"L.1/Rev.1"}`))
	x, _ := d.Document("L.1/Rev.1")
	if len(x.Brackets) != 1 || x.Brackets[0].Text != "strongly" || x.Brackets[0].Party != "b" || x.Brackets[0].Placed == 0 || x.Brackets[0].Resolved == 0 {
		t.Errorf("what is kept of it: %+v", x.Brackets)
	}
	d.must(t, chair("AgreeParagraph", `{"paragraph":"op1","symbol":"L.1/Rev.1"}`))
	d.must(t, put("proposal", "p", "consensus"))
}

func TestATextIsFoundByItsDigestByThoseWhoReadThePaper(t *testing.T) {
	d := newDesk(t)
	d.must(t, kept("L.1"))
	text := record.Digest(anyDigest)
	if _, ok := d.TextNamed(Reader{}, text); ok {
		t.Error("the public has a restricted text")
	}
	if f, ok := d.TextNamed(d.Reader(PersonID(pid(1)), d.at), text); !ok || f.Size != 4096 {
		t.Errorf("the secretariat has %+v", f)
	}
}
