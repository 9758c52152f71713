package web_test

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"html"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"math/rand/v2"
	"mime/multipart"
	"net/http/httptest"
	"strings"
	"testing"

	"kurultai/conference"
	"kurultai/language"
)

// sends posts the first step of the set-up with a file.
func (n *newcomer) sends(lang string, file []byte, pairs ...string) *httptest.ResponseRecorder {
	var form bytes.Buffer
	parts := multipart.NewWriter(&form)
	f, _ := parts.CreateFormFile("file", "emblem.png")
	f.Write(file)
	for i := 0; i < len(pairs); i += 2 {
		parts.WriteField(pairs[i], pairs[i+1])
	}
	parts.Close()
	r := httptest.NewRequest("POST", "/"+lang+"/setup/body", &form)
	r.Header.Set("Content-Type", parts.FormDataContentType())
	return n.ask(r)
}

// picture is a picture of so many pixels; noise does not compress.
func picture(w, h int, noise bool) image.Image {
	p, chance := image.NewNRGBA(image.Rect(0, 0, w, h)), rand.New(rand.NewPCG(1, 2))
	for y := range h {
		for x := range w {
			c := color.NRGBA{uint8(x), uint8(y), 90, 255}
			if noise {
				n := chance.Uint32()
				c = color.NRGBA{uint8(n), uint8(n >> 8), uint8(n >> 16), 255}
			}
			if (x-w/2)*(x-w/2)+(y-h/2)*(y-h/2) > w*h/4 {
				c.A = 0
			}
			p.Set(x, y, c)
		}
	}
	return p
}

func encoded(write func(*bytes.Buffer) error) []byte {
	var b bytes.Buffer
	if err := write(&b); err != nil {
		panic(err)
	}
	return b.Bytes()
}

func pngOf(p image.Image) []byte {
	return encoded(func(b *bytes.Buffer) error { return png.Encode(b, p) })
}

// claiming is a PNG whose header tells of so many pixels that are not there.
func claiming(side uint32) []byte {
	b := pngOf(picture(20, 20, false))
	binary.BigEndian.PutUint32(b[16:], side)
	binary.BigEndian.PutUint32(b[20:], side)
	binary.BigEndian.PutUint32(b[29:], crc32.ChecksumIEEE(b[12:29]))
	return b
}

// Of a picture that is sent nothing is kept but its pixels, in a size that pages bear; whatever else comes is refused in
// the reader's language with what to do, and what was there before stays.
func TestAnEmblemIsDrawnAnew(t *testing.T) {
	const hidden = "<script>alert(1)</script>"
	good := pngOf(picture(300, 200, false))
	jpg := encoded(func(b *bytes.Buffer) error { return jpeg.Encode(b, picture(60, 60, false), nil) })
	rows := 0
	for _, c := range []struct {
		name string
		file []byte
		w, h int // as it is kept; 0: it is refused
		why  string
	}{
		{"a PNG", good, 300, 200, ""},
		{"a PNG with a page behind it", append(bytes.Clone(good), hidden...), 300, 200, ""},
		{"a JPEG with a page behind it", append(bytes.Clone(jpg), hidden...), 60, 60, ""},
		{"a large PNG", pngOf(picture(1500, 750, false)), 512, 256, ""},
		{"noise", pngOf(picture(700, 700, true)), 256, 256, ""},
		{"an SVG", []byte(`<svg xmlns="http://www.w3.org/2000/svg" width="40" height="40">` + hidden + `</svg>`), 0, 0, "setup.emblemtype"},
		{"a page", []byte("<!doctype html>" + hidden), 0, 0, "setup.emblemtype"},
		{"a GIF", encoded(func(b *bytes.Buffer) error { return gif.Encode(b, picture(60, 60, false), nil) }), 0, 0, "setup.emblemtype"},
		{"half a PNG", good[:len(good)/2], 0, 0, "setup.emblemtype"},
		{"a PNG that says it has what it has not", claiming(2000), 0, 0, "setup.emblemtype"},
		{"a PNG of ten thousand million pixels", claiming(100_000), 0, 0, "setup.emblemlarge"},
		{"five megabytes", make([]byte, 5<<20), 0, 0, "setup.emblemlarge"},
		{"a dot", pngOf(picture(8, 8, false)), 0, 0, "setup.emblemsmall"},
	} {
		for _, l := range language.All() {
			n := begin(t)
			n.keeper.draft.Body.Emblem = []byte("as it was")
			page := html.UnescapeString(n.sends(l.Code, c.file, "do", "save").Body.String())
			kept := n.keeper.draft.Body.Emblem
			rows++
			if c.w == 0 {
				if string(kept) != "as it was" || !strings.Contains(page, `<b class="wrong">`+l.Say(c.why)+`</b>`) {
					t.Errorf("%s in %s: %d bytes are kept; %s is not said", c.name, l.Code, len(kept), c.why)
				}
				continue
			}
			p, err := png.Decode(bytes.NewReader(kept))
			if err != nil || p.Bounds().Dx() != c.w || p.Bounds().Dy() != c.h || len(kept) > conference.MaxEmblem || bytes.Contains(kept, []byte("script")) {
				t.Fatalf("%s in %s: %v, %d bytes", c.name, l.Code, err, len(kept))
			}
			if l.Code != "en" {
				break // it is drawn the same in every language
			}
		}
	}
	if rows < 70 {
		t.Errorf("%d rows", rows)
	}
	t.Logf("%d rows", rows)
}

// The step shows what is kept, and takes it out; it stays while other fields are saved.
func TestAnEmblemStaysUntilItIsTakenOut(t *testing.T) {
	n := begin(t)
	if w := n.get("/en/setup/emblem.png"); w.Code != 404 {
		t.Errorf("none: %d", w.Code)
	}
	n.sends("en", pngOf(picture(64, 64, false)), "do", "save", "name.en", "Lakes")
	n.post("/en/setup/body", "do", "save", "name.en", "Lakes and Passes")
	w := n.get("/en/setup/emblem.png")
	if w.Code != 200 || w.Header().Get("Content-Type") != "image/png" || w.Header().Get("X-Content-Type-Options") != "nosniff" || !bytes.Equal(w.Body.Bytes(), n.keeper.draft.Body.Emblem) || w.Body.Len() == 0 {
		t.Errorf("%d, %v", w.Code, w.Header())
	}
	if page := n.get("/en/setup/body").Body.String(); strings.Count(page, `/en/setup/emblem.png?`) != 2 || !strings.Contains(page, `value="noemblem"`) {
		t.Error("the step does not show it, or does not take it out")
	}
	if stranger := (&newcomer{t: t, setup: n.setup, keeper: n.keeper}).get("/en/setup/emblem.png"); stranger.Code != 403 {
		t.Errorf("a stranger: %d", stranger.Code)
	}
	n.post("/en/setup/body", "do", "noemblem", "name.en", "Lakes and Passes")
	if len(n.keeper.draft.Body.Emblem) != 0 || n.keeper.draft.Body.Names["en"] != "Lakes and Passes" {
		t.Error("it was not taken out, or more than it")
	}
}
