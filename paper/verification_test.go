package paper_test

import (
	"fmt"
	"net/url"
	"regexp"
	"strconv"
	"testing"

	"rsc.io/qr"

	"kurultai/conference"
	"kurultai/language"
	"kurultai/paper"
	"kurultai/paper/pdf"
	"kurultai/record"
	"kurultai/record/canonical"
	"kurultai/secretariat"
	"kurultai/story/storytest"
)

// codeIn is the first code of a paper, module by module, without its quiet zone.
func codeIn(t *testing.T, d *pdf.Document) (black map[[2]int]bool, size int) {
	t.Helper()
	for _, b := range d.Blocks {
		f, ok := b.(pdf.Figure)
		if !ok || len(f.Drawing.Paths) != 1 {
			continue
		}
		black = map[[2]int]bool{}
		for _, m := range regexp.MustCompile(`M(\d+) (\d+)h(\d+)v1`).FindAllStringSubmatch(f.Drawing.Paths[0].D, -1) {
			x, _ := strconv.Atoi(m[1])
			y, _ := strconv.Atoi(m[2])
			n, _ := strconv.Atoi(m[3])
			for i := range n {
				black[[2]int{x - 4 + i, y - 4}] = true
			}
		}
		return black, f.Drawing.Width - 8
	}
	t.Fatal("the paper has no code")
	return nil, 0
}

// says reports whether a code is that of a text.
func says(t *testing.T, d *pdf.Document, text string) bool {
	t.Helper()
	black, size := codeIn(t, d)
	want, err := qr.Encode(text, qr.M)
	if err != nil || want.Size != size {
		return false
	}
	for y := range size {
		for x := range size {
			if want.Black(x, y) != black[[2]int{x, y}] {
				return false
			}
		}
	}
	return true
}

// Where the record names the address of its node, the code leads to the page there that compares size and root; where it
// names none, it holds the lines of a checkpoint.
func TestTheCodeLeadsToThePageThatVerifies(t *testing.T) {
	s := storytest.Play(t, "training")
	en, _ := language.Get("en")
	kind := kindOf(t, "verification")
	v := s.View()
	if d := build(t, kind, v, paper.Wish{Language: en, Meeting: "viii"}); !says(t, d, fmt.Sprintf("%s\n%d\n%s\n", v.Origin(), v.State().Size, v.Checkpoint().Root)) {
		t.Error("without an address the code is not the checkpoint's lines")
	}
	officers := v.State().Holders(conference.Secretary)
	fields, err := canonical.Parse(string(canonical.Encode(nil, conference.NameOrigin{Domain: "assembly.example", Origins: []string{"https://assembly.example"}})))
	if err != nil || len(officers) < 2 {
		t.Fatal(err, len(officers))
	}
	act := &secretariat.Act{Submitted: record.Submitted{As: string(conference.Secretary), By: string(officers[0].Person), Fields: fields, Key: canonical.EncodeBytes(make([]byte, 16)), Name: "NameOrigin", Origin: v.Origin(), Seen: v.State().Size,
		With: []record.With{{As: string(conference.Secretary), By: string(officers[1].Person)}}}}
	if _, err := s.Do(t.Context(), act); err != nil {
		t.Fatal(err)
	}
	v = s.View()
	for _, l := range language.All() {
		q := url.Values{"size": {fmt.Sprint(v.State().Size)}, "root": {v.Checkpoint().Root.String()}}
		if d := build(t, kind, v, paper.Wish{Language: l, Meeting: "viii"}); !says(t, d, "https://assembly.example/"+l.Code+"/verify?"+q.Encode()) {
			t.Errorf("%s: the code does not lead to the page", l.Code)
		}
	}
}
