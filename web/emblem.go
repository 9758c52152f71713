package web

import (
	"bytes"
	"context"
	"image"
	_ "image/jpeg" // the two kinds of picture that are taken
	"image/png"
	"net/http"
	"strings"

	"golang.org/x/image/draw"

	"kurultai/conference"
	"kurultai/record"
)

// An emblem that is sent may come from anywhere, so that of a file nothing is kept but its pixels: whatever is PNG or
// JPEG is drawn anew. SVG is not taken, for it may hold programs and addresses.
const (
	maxEmblemFile  = 4 << 20 // bytes of what is sent
	maxEmblemSent  = 3000    // pixels of a side of it
	emblemSide     = 512     // pixels of the longer side of what is kept
	minEmblemShown = 16      // pixels: a smaller one is no emblem
)

// emblemOf draws an emblem anew as a PNG of at most conference.MaxEmblem bytes. Else it says why not, by the text of the
// set-up that says it: emblemtype, emblemlarge or emblemsmall.
func emblemOf(b []byte) (drawn []byte, wrong string) {
	if len(b) > maxEmblemFile {
		return nil, "setup.emblemlarge"
	}
	size, kind, err := image.DecodeConfig(bytes.NewReader(b))
	switch {
	case err != nil || kind != "png" && kind != "jpeg":
		return nil, "setup.emblemtype"
	case size.Width > maxEmblemSent || size.Height > maxEmblemSent:
		return nil, "setup.emblemlarge"
	case size.Width < minEmblemShown || size.Height < minEmblemShown:
		return nil, "setup.emblemsmall"
	}
	sent, _, err := image.Decode(bytes.NewReader(b))
	if err != nil {
		return nil, "setup.emblemtype"
	}
	for side := emblemSide; side >= minEmblemShown; side /= 2 {
		if drawn = smaller(sent, side); drawn != nil && len(drawn) <= conference.MaxEmblem {
			return drawn, ""
		}
	}
	return nil, "setup.emblemlarge"
}

// smaller draws a picture anew as a PNG, with no side longer than so many pixels; nil where it cannot be.
func smaller(sent image.Image, side int) []byte {
	w, h := sent.Bounds().Dx(), sent.Bounds().Dy()
	if long := max(w, h); long > side {
		w, h = max(1, w*side/long), max(1, h*side/long)
	}
	to := image.NewNRGBA(image.Rect(0, 0, w, h))
	draw.CatmullRom.Scale(to, to.Bounds(), sent, sent.Bounds(), draw.Src, nil)
	var out bytes.Buffer
	if err := (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&out, to); err != nil {
		return nil
	}
	return out.Bytes()
}

// blobs is a record that holds the files its entries name.
type blobs interface {
	Blob(ctx context.Context, d record.Digest) ([]byte, error)
}

// emblemAt is the address of the body's emblem, "" where it has none or this node does not hold it.
func emblemAt(v View) string {
	e := v.State().Body.Emblem
	if _, held := v.(blobs); e == nil || !held {
		return ""
	}
	return "/emblem/" + string(e.Digest) + ".png"
}

// emblem sends the body's emblem. The record may come from elsewhere than our set-up: what is no small PNG is not sent.
func (s *site) emblem(w http.ResponseWriter, r *http.Request) {
	v := s.record.View()
	held, ok := v.(blobs)
	named, _ := strings.CutSuffix(r.PathValue("digest"), ".png")
	e := v.State().Body.Emblem
	if !ok || e == nil || string(e.Digest) != named {
		s.fail(w, r, errNotFound)
		return
	}
	b, err := held.Blob(r.Context(), e.Digest)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	size, err := png.DecodeConfig(bytes.NewReader(b))
	if err != nil || len(b) > conference.MaxEmblem || size.Width > 2*emblemSide || size.Height > 2*emblemSide {
		s.fail(w, r, errNotFound)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "image/png")
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	w.Write(b)
}
