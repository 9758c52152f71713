package paper_test

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"kurultai/language"
	"kurultai/paper"
	"kurultai/paper/pdf"
	"kurultai/record"
	"kurultai/record/recordtest"
	"kurultai/story/storytest"
)

// bearing is the training story whose founding act names a file as the emblem.
func bearing(t *testing.T, file []byte) []byte {
	t.Helper()
	text, err := os.ReadFile("../story/training.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	blob := fmt.Sprintf(`"fields":{"emblem":{"blob":"%s","size":%d},"id":"lakes-and-passes"`, record.DigestOf(file), len(file))
	text = bytes.Replace(text, []byte(`"fields":{"id":"lakes-and-passes"`), []byte(blob), 1)
	first, rest, _ := bytes.Cut(text, []byte("\n"))
	blobs := fmt.Sprintf(`,"blobs":[%q]}`, base64.RawURLEncoding.EncodeToString(file))
	return bytes.Join([][]byte{append(first[:len(first)-1:len(first)-1], blobs...), rest}, []byte("\n"))
}

// A body's papers bear the emblem that its founding act names, on white, with its name for who does not see it; what is no
// picture is left out, and the paper is set all the same.
func TestPapersBearTheEmblem(t *testing.T) {
	drawn := image.NewNRGBA(image.Rect(0, 0, 2, 4))
	drawn.Set(0, 0, color.NRGBA{200, 0, 0, 255})
	drawn.Set(1, 0, color.NRGBA{0, 0, 0, 128}) // the rest is transparent
	var file bytes.Buffer
	if err := png.Encode(&file, drawn); err != nil {
		t.Fatal(err)
	}
	v, none := storytest.PlayText(t, bearing(t, file.Bytes())).View(), storytest.PlayText(t, bearing(t, []byte("<svg/>"))).View()
	papers := 0
	for _, l := range language.All() {
		d, err := communiqueKind(t).Build(v, paper.Wish{Language: l, Meeting: "viii"})
		if err != nil {
			t.Fatal(err)
		}
		mark := d.Blocks[0].(pdf.Masthead).Emblem
		if mark == nil || mark.Picture == nil || mark.Picture.Width != 2 || mark.Picture.Height != 4 || !bytes.Equal(mark.Picture.RGB[:9], []byte{200, 0, 0, 127, 127, 127, 255, 255, 255}) || !strings.Contains(mark.Alt, d.Author) || d.Author == "" {
			t.Fatalf("%s: %+v", l.Code, mark)
		}
		set, err := pdf.Set(d, pdf.Treaty())
		if err != nil || bytes.Count(set, []byte("/Subtype/Image/Width 2/Height 4")) != 1 || bytes.Count(set, []byte("/XObject<<")) != 1 {
			t.Errorf("%s: %v, %d pictures", l.Code, err, bytes.Count(set, []byte("/Subtype/Image")))
		}
		at := filepath.Join(t.TempDir(), "paper.pdf")
		if err := os.WriteFile(at, set, 0o644); err != nil {
			t.Fatal(err)
		}
		if out, err := exec.Command(recordtest.Program(t, "qpdf"), "--check", at).CombinedOutput(); err != nil || strings.Contains(strings.ToLower(string(out)), "warning") {
			t.Errorf("%s: %v %s", l.Code, err, out)
		}
		if d, err = communiqueKind(t).Build(none, paper.Wish{Language: l, Meeting: "viii"}); err != nil || d.Blocks[0].(pdf.Masthead).Emblem != nil {
			t.Errorf("%s: what is no picture: %v", l.Code, err)
		}
		papers++
	}
	if papers != 9 {
		t.Errorf("%d papers", papers)
	}
}
