package pdf_test

import (
	"bytes"
	"encoding/binary"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/go-text/typesetting/font/opentype"

	"kurultai/paper/pdf"
)

func TestAllContentIsMarkedOrAnArtifact(t *testing.T) {
	r := open(t, set(t, sample()))
	painted := 0
	for _, page := range r.pages() {
		for _, d := range r.content(page) {
			if slices.Contains([]string{"TJ", "S", "f"}, d.operator) {
				painted++
				if !d.marked || d.artifact == (d.mcid >= 0) {
					t.Errorf("page %d: %q is neither an element's nor an artifact, or both", page, d.operands)
				}
			}
		}
	}
	if painted < 500 {
		t.Fatalf("only %d operators paint", painted)
	}
	t.Logf("%d painting operators on %d pages", painted, len(r.pages()))
}

func TestEveryMarkedContentIsInTheParentTree(t *testing.T) {
	r := open(t, set(t, sample()))
	tree := r.objects[ref(r.get(ref(r.get(1, "StructTreeRoot")), "ParentTree"))]
	homes := map[int]*elem{} // by object
	owner := map[mcr]int{}
	for _, e := range r.tree().all() {
		homes[e.object] = e
		for _, k := range e.kids {
			if m, ok := k.(mcr); ok {
				if _, twice := owner[m]; twice {
					t.Errorf("%v has two owners", m)
				}
				owner[m] = e.object
			}
		}
	}
	seen := 0
	for i, page := range r.pages() {
		if got := r.get(page, "StructParents"); got != fmt.Sprint(i) {
			t.Errorf("page %d is number %q in the parent tree", i, got)
		}
		row := regexp.MustCompile(fmt.Sprintf(`[\[ ]%d\[([^\]]*)\]`, i)).FindStringSubmatch(tree)
		if row == nil {
			t.Fatalf("page %d is not in the parent tree", i)
		}
		parents, most := refs(row[1]), -1
		for _, d := range r.content(page) {
			if d.mcid > most {
				if d.mcid != most+1 {
					t.Errorf("page %d: MCID %d behind %d", i, d.mcid, most)
				}
				most = d.mcid
			}
		}
		if len(parents) != most+1 {
			t.Errorf("page %d: %d contents, %d in the parent tree", i, most+1, len(parents))
		}
		for id, p := range parents {
			seen++
			if owner[mcr{page, id}] != p || homes[p] == nil {
				t.Errorf("page %d, MCID %d: the parent tree says %d, the element is %d", i, id, p, owner[mcr{page, id}])
			}
		}
	}
	if seen != len(owner) || seen < 200 {
		t.Errorf("%d contents seen, %d owned", seen, len(owner))
	}
}

// Structure order is the order in which content is drawn; footnotes, read where they are called, stand at the foot.
func TestReadingOrderIsTheOrderOfContent(t *testing.T) {
	r := open(t, set(t, sample()))
	place := map[int]int{}
	for i, p := range r.pages() {
		place[p] = i
	}
	last, walked, notes := mcr{-1, -1}, 0, 0
	var walk func(e *elem)
	walk = func(e *elem) {
		if e.tag == "Note" {
			notes++
			return
		}
		for _, k := range e.kids {
			switch k := k.(type) {
			case *elem:
				walk(k)
			case mcr:
				now := mcr{place[k.page], k.id}
				if now.page < last.page || now.page == last.page && now.id <= last.id {
					t.Errorf("%s: content %v is read behind %v", e.tag, now, last)
				}
				last, walked = now, walked+1
			}
		}
	}
	walk(r.tree())
	if walked < 200 || notes != 1 {
		t.Errorf("%d contents, %d notes walked", walked, notes)
	}
}

func TestStructureElementsAreWhereTheyBelong(t *testing.T) {
	r := open(t, set(t, sample()))
	parents := map[string]string{"TR": "THead TBody", "TH": "TR", "TD": "TR", "THead": "Table", "TBody": "Table", "LI": "L", "Lbl": "LI Note", "LBody": "LI", "Link": "P", "Reference": "P", "Note": "P", "Span": "P H3"}
	count := map[string]int{}
	level := 0
	for _, e := range r.tree().all() {
		count[e.tag]++
		if p, ok := parents[e.tag]; ok && !slices.Contains(strings.Fields(p), e.parent.tag) {
			t.Errorf("%s in %s", e.tag, e.parent.tag)
		}
		body := r.objects[e.object]
		switch {
		case len(e.tag) == 2 && e.tag[0] == 'H' && e.tag[1] != 'T' && e.tag != "TH":
			n, _ := strconv.Atoi(e.tag[1:])
			if n > level+1 {
				t.Errorf("H%d behind H%d", n, level)
			}
			level = n
		case e.tag == "TH" && !strings.Contains(body, "/A<</O/Table/Scope/"):
			t.Errorf("a TH without scope: %s", body)
		case e.tag == "TR":
			if !slices.ContainsFunc(e.kids, func(k any) bool { c, ok := k.(*elem); return ok && c.tag == "TH" }) {
				t.Error("a row without TH")
			}
		case e.tag == "Figure" && (!strings.Contains(body, "/Alt<") || !strings.Contains(body, "/A<</O/Layout/Placement/Block/BBox[")):
			t.Errorf("a figure without alternative or box: %s", body)
		case e.tag == "Note" && !strings.Contains(body, "/ID("):
			t.Error("a note without identifier")
		case e.tag == "Span" && !strings.Contains(body, "/Lang("):
			t.Error("a span without language")
		case e.tag == "Link":
			if !slices.ContainsFunc(e.kids, func(k any) bool { _, ok := k.(objr); return ok }) {
				t.Error("a link without its annotation")
			}
		}
	}
	for tag, n := range map[string]int{"Document": 1, "H1": 1, "H2": 3, "H3": 27, "Table": 1, "TR": 61, "TH": 62, "L": 2, "LI": 4, "Note": 1, "Reference": 1, "Link": 1, "Figure": 2, "Sect": 9} {
		if count[tag] != n {
			t.Errorf("%d of %s, not %d", count[tag], tag, n)
		}
	}
	t.Logf("%d elements", len(r.tree().all()))
}

func TestTheFileSaysWhatPDFUAAsks(t *testing.T) {
	d := sample()
	r := open(t, set(t, d))
	for _, want := range []string{"/Lang(en)", "/MarkInfo<</Marked true>>", "/DisplayDocTitle true", "/GTS_PDFA1", "/AF[", "/EmbeddedFiles", "/Outlines"} {
		if !strings.Contains(r.objects[1], want) {
			t.Errorf("the catalog lacks %s", want)
		}
	}
	for _, page := range r.pages() {
		if r.get(page, "Tabs") != "/S" {
			t.Error("a page whose tab order is not the structure's")
		}
	}
	whole := string(r.b)
	for _, never := range []string{"/Encrypt", "/JavaScript", "/XObject", "/ExtGState", "/ObjStm"} {
		if strings.Contains(whole, never) {
			t.Errorf("the file has %s", never)
		}
	}
	for _, annotation := range regexp.MustCompile(`(?m)^<</Type/Annot.*$`).FindAllString(whole, -1) {
		if !strings.Contains(annotation, "/Contents<FEFF") || !strings.Contains(annotation, "/F 4") || !strings.Contains(annotation, "/URI(https://example.org/a\\(b\\)?c=%C3%BC)") {
			t.Errorf("a link without contents, not printed, or elsewhere: %s", annotation)
		}
	}
	if !strings.Contains(whole, "/AFRelationship/Source") || !bytes.Contains(r.b, []byte("\nstream\n<a/>\nendstream")) {
		t.Error("the source is not embedded")
	}
	if id := regexp.MustCompile(`/ID\[<([0-9A-F]{32})><([0-9A-F]{32})>\]`).FindStringSubmatch(whole); id == nil || id[1] != id[2] {
		t.Errorf("identifier %v", id)
	}
}

func TestMetadataIsWellFormedAndAgrees(t *testing.T) {
	d := sample()
	d.Title = "A & B <c> \x01\"quoted\""
	r := open(t, set(t, d))
	packet := r.stream(ref(r.get(1, "Metadata")))
	var texts []string
	for dec := xml.NewDecoder(bytes.NewReader(packet)); ; {
		tok, err := dec.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if c, ok := tok.(xml.CharData); ok {
			texts = append(texts, string(c))
		}
	}
	for _, want := range []string{`A & B <c> "quoted"`, "A body", "2027-06-09T12:00:00Z"} {
		if !slices.Contains(texts, want) {
			t.Errorf("metadata lacks %q", want)
		}
	}
	for _, want := range []string{"<pdfaid:part>3<", "<pdfaid:conformance>A<", "<pdfuaid:part>1<", "<pdfaSchema:prefix>pdfuaid<"} {
		if !bytes.Contains(packet, []byte(want)) {
			t.Errorf("metadata lacks %s", want)
		}
	}
	if title := fromHex(r.get(7, "Title")); title != `A & B <c> "quoted"` {
		t.Errorf("the information dictionary says %q", title)
	}
}

func fromHex(s string) string {
	s = strings.TrimPrefix(strings.Trim(s, "<>"), "FEFF")
	var units []uint16
	for i := 0; i+4 <= len(s); i += 4 {
		u, _ := strconv.ParseUint(s[i:i+4], 16, 16)
		units = append(units, uint16(u))
	}
	return string(utf16.Decode(units))
}

// Widths in the file are those of the embedded program, every code reads as something, and no text shows .notdef.
func TestFontsAreEmbeddedWithTheirWidths(t *testing.T) {
	r := open(t, set(t, sample()))
	fonts, glyphs := 0, 0
	for _, o := range r.objects {
		if !strings.HasPrefix(o, "<</Type/Font/Subtype/Type0") {
			continue
		}
		fonts++
		all := refs(o)
		descendant, unicode := all[0], string(r.stream(all[1]))
		program := r.stream(ref(r.get(ref(r.get(descendant, "FontDescriptor")), "FontFile2")))
		tables, err := opentype.NewLoader(bytes.NewReader(program))
		if err != nil {
			t.Fatal(err)
		}
		hhea, err := tables.RawTable(opentype.MustNewTag("hhea"))
		if err != nil {
			t.Fatal(err)
		}
		hmtx, err := tables.RawTable(opentype.MustNewTag("hmtx"))
		if err != nil {
			t.Fatal(err)
		}
		long := int(binary.BigEndian.Uint16(hhea[34:])) // of so many glyphs the width is written; the rest are as wide as the last
		list := regexp.MustCompile(`/W\[0\[([\d ]*)\]\]`).FindStringSubmatch(r.objects[descendant])
		if list == nil {
			t.Fatal("no widths")
		}
		widths := strings.Fields(list[1])
		for code, w := range widths {
			glyphs++
			if got := binary.BigEndian.Uint16(hmtx[4*min(code, long-1):]); fmt.Sprint(got) != w {
				t.Errorf("code %d is %s wide in the file and %d in the font", code, w, got)
			}
			if code > 0 && !regexp.MustCompile(fmt.Sprintf(`(?m)^<%04X><[0-9A-F]+>$`, code)).MatchString(unicode) {
				t.Errorf("code %d reads as nothing", code)
			}
		}
	}
	for _, page := range r.pages() {
		for _, d := range r.content(page) {
			if d.operator == "TJ" && regexp.MustCompile(`<(?:[0-9A-F]{4})*?0000`).MatchString(d.operands) {
				t.Errorf("text shows .notdef: %s", d.operands)
			}
		}
	}
	if fonts != 7 || glyphs < 200 {
		t.Fatalf("%d fonts, %d glyphs", fonts, glyphs)
	}
	t.Logf("%d fonts, %d glyphs", fonts, glyphs)
}

// Two lines of a paragraph at least stand together at the end and at the beginning of a page.
func TestNoWidowsAndOrphans(t *testing.T) {
	split := 0
	for lines := range 40 { // the paragraph that is split begins ever lower
		d := pdf.Document{Language: "en", Title: "t", Date: at}
		for range lines {
			d.Blocks = append(d.Blocks, pdf.Paragraph{Text: pdf.Text("line")})
		}
		d.Blocks = append(d.Blocks, pdf.Heading{Level: 1, Text: pdf.Text("Heading")})
		for range 12 {
			d.Blocks = append(d.Blocks, pdf.Paragraph{Text: pdf.Text(strings.Repeat(words["en"]+" ", 4))})
		}
		r := open(t, set(t, d))
		for _, e := range r.tree().all() {
			parts := map[int]int{}
			for _, k := range e.kids {
				if m, ok := k.(mcr); ok {
					for _, dr := range r.content(m.page) {
						if dr.mcid == m.id && dr.operator == "Tm" {
							parts[m.page]++
						}
					}
				}
			}
			if len(parts) > 1 {
				split++
				for page, n := range parts {
					if n < 2 {
						t.Errorf("%d lines before: one line of a paragraph alone on page %d", lines, page)
					}
				}
			}
			if e.tag == "H1" && len(e.kids) == 1 { // what follows it is on its page
				heading := e.kids[0].(mcr)
				after := e.parent.kids[slices.Index(e.parent.kids, any(e))+1].(*elem).kids[0].(mcr)
				if after.page != heading.page {
					t.Errorf("%d lines before: the heading ends its page", lines)
				}
			}
		}
	}
	if split < 20 {
		t.Fatalf("%d paragraphs were split", split)
	}
	t.Logf("%d paragraphs run over two pages", split)
}

func TestWhatCannotBeTaggedIsRefused(t *testing.T) {
	good := func() pdf.Document { return pdf.Document{Language: "en", Title: "t", Date: at} }
	cells := func(n int) []pdf.Cell { return make([]pdf.Cell, n) }
	deep := pdf.List{}
	for range 10 {
		deep = pdf.List{Items: []pdf.Item{{Blocks: []pdf.Block{deep}}}}
	}
	rows := 0
	for want, change := range map[string]func(d *pdf.Document){
		"needs a language":      func(d *pdf.Document) { d.Language = "" },
		"language and a title":  func(d *pdf.Document) { d.Title = "" },
		"needs a date":          func(d *pdf.Document) { d.Date = d.Date.AddDate(-3000, 0, 0); d.Date = pdf.Document{}.Date },
		"level 2 behind":        func(d *pdf.Document) { d.Blocks = []pdf.Block{pdf.Heading{Level: 2}} },
		"of level 3 behind one": func(d *pdf.Document) { d.Blocks = []pdf.Block{pdf.Heading{Level: 1}, pdf.Heading{Level: 3}} },
		"needs a head":          func(d *pdf.Document) { d.Blocks = []pdf.Block{pdf.Table{Columns: make([]pdf.Column, 2)}} },
		"a row of 3": func(d *pdf.Document) {
			d.Blocks = []pdf.Block{pdf.Table{Columns: make([]pdf.Column, 2), Head: [][]pdf.Cell{cells(3)}}}
		},
		"nest deeper": func(d *pdf.Document) { d.Blocks = []pdf.Block{deep} },
		"calls a footnote": func(d *pdf.Document) {
			d.Blocks = []pdf.Block{pdf.Paragraph{Text: []pdf.Run{{Text: "a", Footnote: []pdf.Run{{Text: "b", Footnote: pdf.Text("c")}}}}}}
		},
		"characters in one": func(d *pdf.Document) {
			d.Blocks = []pdf.Block{pdf.Paragraph{Text: pdf.Text(strings.Repeat("a", 4_000_001))}}
		},
		"none of M L H V C Q Z": func(d *pdf.Document) {
			d.Blocks = []pdf.Block{pdf.Figure{Width: pdf.Point, Drawing: pdf.Drawing{Width: 1, Height: 1, Paths: []pdf.Path{{D: "M0 0A1 1 0 0 0 1 1"}}}}}
		},
		"card 2 is": func(d *pdf.Document) {
			d.Blocks = []pdf.Block{pdf.Cards{Columns: 2, Height: 30 * pdf.Point, Cards: [][]pdf.Block{{}, {pdf.Paragraph{Text: pdf.Text(strings.Repeat("word ", 99))}}}}}
		},
		"a block of an unknown": func(d *pdf.Document) { d.Blocks = []pdf.Block{nil} },
		"a masthead of":         func(d *pdf.Document) { d.Blocks = []pdf.Block{pdf.Masthead{Symbol: strings.Repeat("a", 3000)}} },
		"cards in 0 columns":    func(d *pdf.Document) { d.Blocks = []pdf.Block{pdf.Cards{}} },
		"a drawing of 0 by 0":   func(d *pdf.Document) { d.Blocks = []pdf.Block{pdf.Figure{}} },
		"a picture of 2 by 2 in 3 bytes": func(d *pdf.Document) {
			d.Blocks = []pdf.Block{pdf.Figure{Picture: &pdf.Picture{Width: 2, Height: 2, RGB: []byte{1, 2, 3}}}}
		},
		"of up to eight digits": func(d *pdf.Document) {
			d.Blocks = []pdf.Block{pdf.Figure{Drawing: pdf.Drawing{Width: 1, Height: 1, Paths: []pdf.Path{{D: "M0 999999999"}}}}}
		},
	} {
		d := good()
		change(&d)
		if _, err := pdf.Set(d, pdf.Treaty()); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", want, err)
		}
		rows++
	}
	t.Logf("%d documents refused", rows)
}

func TestPlacesLieWhereTheyWereLeftFree(t *testing.T) {
	form, err := pdf.SetForm(sample(), pdf.Treaty())
	if err != nil {
		t.Fatal(err)
	}
	places, l := form.Places, pdf.Treaty()
	if err != nil || len(places) != 1 || places[0].Name != "s1" || places[0].Right != l.Width-l.Outer || places[0].Up-places[0].Bottom != 20*pdf.Millimetre || places[0].Up != l.Height-l.Top {
		// the place is the first of its page, so no white stands above it but what it brings
		t.Errorf("%+v %v", places, err)
	}
}

// A table that runs over pages repeats its head as an artifact: it is read once.
func TestHeadsOfTablesAreRepeatedAndReadOnce(t *testing.T) {
	r := open(t, set(t, sample()))
	artifacts := 0
	for _, page := range r.pages() {
		fonts, header := map[string]bool{}, false
		for _, d := range r.content(page) {
			if d.operator == "Tf" && d.artifact {
				fonts[strings.Fields(d.operands)[0]] = true
			}
			header = header || d.artifact && d.operator == "Tf" && strings.HasPrefix(d.operands, "/F1 9.5")
		}
		if header {
			artifacts++
		}
	}
	if artifacts < 1 {
		t.Error("no head was repeated")
	}
}

// What a text object sets and does not take back holds for the next one: type of the body's size stands on its line, black.
func TestRiseAndColourEndWithWhatTheyAreFor(t *testing.T) {
	d := sample()
	d.Blocks = append(d.Blocks, pdf.Paragraph{Text: []pdf.Run{{Text: "called", Footnote: pdf.Text("note")}, {Text: " on"}}}, pdf.Note{Text: pdf.Text("grey")}, pdf.Paragraph{Text: pdf.Text("black")})
	r := open(t, set(t, d))
	raised, grey := 0, 0
	for _, page := range r.pages() {
		size, rise, colour := "", "0", "0"
		for _, dr := range r.content(page) {
			f := strings.Fields(dr.operands)
			switch dr.operator {
			case "Tf":
				size = f[1]
			case "Ts":
				rise = f[0]
			case "g":
				colour = f[0]
			case "TJ":
				if colour != "0" {
					grey++
				}
				below := strings.HasPrefix(rise, "-") // a mark under its letter
				if rise != "0" && !below {
					raised++
				}
				if size == "10.5" && (rise != "0" && !below || colour != "0") || dr.artifact && colour != "0" {
					t.Errorf("page %d: type of %s points, raised %s, grey %s", page, size, rise, colour)
				}
			}
		}
	}
	if raised != 2 || grey != 2 {
		t.Errorf("%d texts raised, %d grey", raised, grey)
	}
}
