package exchange

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"kurultai/drafting"
)

func wrapped(form, inside string) string {
	return `<akomaNtoso xmlns="` + aknNamespace + `"><` + form + ` name="x">` + inside + `</` + form + `></akomaNtoso>`
}

func TestHostileXMLIsRefused(t *testing.T) {
	rows := 0
	for what, text := range map[string]string{
		"a document type":          `<!DOCTYPE akomaNtoso>` + wrapped("statement", "<mainBody><p>a</p></mainBody>"),
		"an entity of its own":     `<!DOCTYPE a [<!ENTITY x "y">]>` + wrapped("statement", "<mainBody><p>&x;</p></mainBody>"),
		"an entity from outside":   `<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>` + wrapped("statement", "<mainBody><p>&x;</p></mainBody>"),
		"an unknown entity":        wrapped("statement", "<mainBody><p>&x;</p></mainBody>"),
		"a billion laughs":         `<!DOCTYPE l [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]>` + wrapped("statement", "<mainBody><p>&b;</p></mainBody>"),
		"too deep":                 wrapped("statement", strings.Repeat("<container>", 80)+strings.Repeat("</container>", 80)),
		"too large":                wrapped("statement", strings.Repeat(" ", MaxDocument)),
		"too many elements":        wrapped("statement", "<mainBody>"+strings.Repeat("<p/>", maxNodes)+"</mainBody>"),
		"two roots":                wrapped("doc", "<mainBody><p>a</p></mainBody>") + wrapped("doc", ""),
		"cut off":                  wrapped("doc", "<mainBody><p>a")[:80],
		"nothing":                  "",
		"another charset":          `<?xml version="1.0" encoding="UTF-16"?>` + wrapped("doc", "<mainBody><p>a</p></mainBody>"),
		"elements that do not fit": "<a></b>",
	} {
		if _, err := ReadDocument([]byte(text)); !errors.Is(err, ErrHostileXML) {
			t.Errorf("%s: %v", what, err)
		}
		rows++
	}
	if rows != 13 {
		t.Fatalf("%d rows", rows)
	}
	for what, text := range map[string]string{"another namespace": strings.Replace(wrapped("doc", "<mainBody><p>a</p></mainBody>"), aknNamespace, "urn:x", 1), "no paragraphs": wrapped("doc", "<mainBody/>"), "a judgment": wrapped("judgment", "")} {
		if _, err := ReadDocument([]byte(text)); !errors.Is(err, ErrNotDocument) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// What others write is read as far as it has paragraphs; what is not taken is named.
func TestDocumentsOfOthersAreRead(t *testing.T) {
	d, err := ReadDocument([]byte(wrapped("bill", `<meta><identification source="#x"><FRBRWork><FRBRnumber value="7"/></FRBRWork><FRBRExpression><FRBRlanguage language="deu"/></FRBRExpression></identification></meta>
<preface><longTitle><p>A bill about <i>gauges</i></p></longTitle></preface>
<preamble><citations eId="c"><citation eId="c1"><p>Having regard to the water of all shared rivers,</p></citation></citations><recitals eId="r"><recital eId="r1"><num>(1)</num><p>Whereas it flows,</p></recital></recitals></preamble>
<body><chapter eId="ch"><num>I</num><section eId="s1"><num>1</num><heading>Gauges</heading>
<paragraph eId="p1"><num>1.</num><intro><p>A gauge is read<authorialNote><p>by hand</p></authorialNote></p></intro><point eId="p1a"><num>(a)</num><content><p>daily;</p></content></point><point eId="p1b"><num>(b)</num><content><blockList eId="bl"><item eId="i1"><num>-</num><p>and nightly</p></item></blockList></content></point></paragraph>
<paragraph eId="p2"><content><p>Without a number.</p><table><tr><td><p>x</p></td></tr></table></content></paragraph></section></chapter></body>`)))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, p := range d.Text.Paragraphs {
		got = append(got, fmt.Sprintf("%s %s %s", p.Kind, p.Name, p.Words()))
	}
	want := "title  A bill about gauges|preambular pp1 Having regard to the water of all shared rivers,|preambular pp2 Whereas it flows,|heading  1. Gauges|operative art1-1 A gauge is read|operative art1-1-a daily;|operative art1-1-b —|operative art1-1-b-i and nightly|operative art1-2 Without a number."
	if s := strings.Join(got, "|"); s != want {
		t.Errorf("%s\nwant\n%s", s, want)
	}
	if left := strings.Join(d.Left, " "); left != "authorialNote table" || d.Number != "7" || d.Language != "de" || d.Form != "bill" {
		t.Errorf("left %q, %+v", left, d)
	}
}

func FuzzReadDocument(f *testing.F) {
	f.Add([]byte(wrapped("statement", `<preface><p><docTitle>T</docTitle></p></preface><mainBody><paragraph eId="p"><num>1.</num><content><p>a <i>b</i></p></content></paragraph><p>end</p></mainBody>`)))
	f.Fuzz(func(t *testing.T, b []byte) {
		d, err := ReadDocument(b)
		if err != nil {
			return
		}
		if again, err := drafting.Parse(d.Text.Markdown()); err != nil || len(again.Names()) != len(d.Text.Names()) {
			t.Fatalf("%v: %q and %q", err, again.Names(), d.Text.Names())
		}
	})
}
