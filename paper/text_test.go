package paper_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"kurultai/conference"
	"kurultai/language"
	"kurultai/paper"
	"kurultai/paper/pdf"
	"kurultai/record"
	"kurultai/secretariat"
	"kurultai/story/storytest"
)

// wishOf wishes for a paper whose texts are those the public may have.
func wishOf(t *testing.T, v *secretariat.View, l *language.Language) paper.Wish {
	return paper.Wish{Language: l, Text: func(d record.Digest) ([]byte, bool) {
		f, ok := v.State().TextNamed(conference.Reader{}, d)
		if !ok {
			return nil, false
		}
		b, err := v.File(t.Context(), f.Digest)
		return b, err == nil
	}}
}

// The text of a paper is printed with its numbers, its distribution and original language, and what stands in brackets; two
// texts held against each other show what was taken away and brought.
func TestATextIsPrintedAndHeldAgainstAnother(t *testing.T) {
	v := storytest.Play(t, "drafting").View()
	find := wishOf(t, v, nil).Text
	made := 0
	for _, row := range []struct {
		kind, lang string
		args       []string
		want       []string
		language   string
	}{
		{"text", "en", []string{"LP/VI/L.1/Rev.1"}, []string{"Distr.: limited", "Original: English", "1. Decides that each member shall warn the others of a flood within one hour", "(a) to publish the readings"}, "en"},
		{"text", "ru", []string{"LP/VI/L.1"}, []string{"Распр.: ограниченное", "1. постановляет, что каждый участник", "OP1: [within three hours]", "OP4: [Invites observers]", "LP/VI/L.1/Rev.1"}, "ru"},
		{"text", "tr", []string{"LP/VI/L.1"}, []string{"Distr.: limited", "Noting that water"}, "en"}, // it is not there in Turkish
		{"comparison", "en", []string{"LP/VI/L.1", "LP/VI/L.1/Rev.1"}, []string{"1. Decides that each member shall warn the others of a flood within [−three hours−] [+one hour+] of knowing", "[−side;−] [+side, save where life is in danger;+]"}, "en"},
		{"comparison", "ru", []string{"LP/VI/L.1", "LP/VI/L.1/Rev.1"}, []string{"[−трёх часов−] [+одного часа+]"}, "ru"},
	} {
		l, _ := language.Get(row.lang)
		d := build(t, kindOf(t, row.kind), v, paper.Wish{Language: l, Args: row.args, Text: find})
		if d == nil {
			t.Fatalf("%s %q is refused", row.kind, row.args)
		}
		text := sourceText(t, d.Blocks)
		for _, want := range append(row.want, d.Blocks[0].(pdf.Masthead).Lines...) {
			if !strings.Contains(text, want) && !slices.Contains(d.Blocks[0].(pdf.Masthead).Lines, want) {
				t.Errorf("%s %q in %s: no %q in %s", row.kind, row.args, row.lang, want, text)
			}
		}
		if d.Language != row.language {
			t.Errorf("%s %q in %s is set in %s", row.kind, row.args, row.lang, d.Language)
		}
		compareText(t, row.kind+" "+row.lang, pdf.Document{Language: d.Language, Title: "x", Date: d.Date, Blocks: d.Blocks}, pdf.Treaty())
		made++
	}
	english, _ := language.Get("en")
	for _, row := range [][]string{{"text", "LP/VI/L.9"}, {"text", "LP/VI/INF.1"}, {"comparison", "LP/VI/L.9", "LP/VI/L.1"}} { // the second is withdrawn: its file is not the public's
		_, err := kindOf(t, row[0]).Build(v, paper.Wish{Language: english, Args: row[1:], Text: find})
		if no := new(paper.Refusal); !errors.As(err, &no) {
			t.Errorf("%q: %v", row, err)
		}
		made++
	}
	if made != 8 {
		t.Fatalf("%d made", made)
	}
}
