package story_test

import (
	"bytes"
	"strings"
	"testing"

	"kurultai/record"
	"kurultai/story"
	"kurultai/story/storytest"
)

// A paper's file stands in a private story with its key and its bytes, and in no other; played again it is the same file,
// and where it is not opened, or its key is destroyed, the same events.
func TestAFileInAStory(t *testing.T) {
	salted := storytest.WithFile(t, storytest.FirstMeeting(t))
	h := found(t, salted, 1)
	paper, ok := h.View().State().Document("LP/INF.9")
	if !ok || paper.File == nil {
		t.Fatal("the paper has no file")
	}
	last := func(text []byte) story.Line {
		lines := parse(t, text)
		return lines[len(lines)-1]
	}
	private, plain := h.export(t, true), h.export(t, false)
	if l := last(private); len(l.Opened) != 1 || l.Opened[0].Key == "" || l.Opened[0].Name != "file" || len(l.Blobs) != 1 || !bytes.Equal(l.Blobs[0], storytest.File) {
		t.Errorf("private: %+v", l.Opened)
	}
	if l := last(plain); len(l.Opened) != 0 || len(l.Blobs) != 0 {
		t.Errorf("plain: %+v, %d blobs", l.Opened, len(l.Blobs))
	}
	if got := last(taken(salted)).Append(nil); !bytes.Equal(got, last(private).Append(nil)) {
		t.Errorf("the private export is not the story: %s", differ(got, last(private).Append(nil)))
	}
	again, unopened := found(t, private, 2), found(t, plain, 3)
	if got, err := again.View().File(t.Context(), paper.File.Digest); err != nil || !bytes.Equal(got, storytest.File) {
		t.Errorf("played again: %d bytes, %v", len(got), err)
	}
	if got, err := unopened.View().File(t.Context(), paper.File.Digest); err == nil {
		t.Errorf("without its opening: %d bytes", len(got))
	}
	if second := again.export(t, true); !bytes.Equal(second, private) {
		t.Errorf("private: %s", differ(second, private))
	}
	if second := unopened.export(t, false); !bytes.Equal(second, plain) {
		t.Errorf("plain: %s", differ(second, plain))
	}
	if l := last(unopened.export(t, true)); len(l.Opened) != 0 || len(l.Blobs) != 0 {
		t.Errorf("never opened: %+v, %d blobs", l.Opened, len(l.Blobs))
	}
	destroy := `{"act":{"as":"Secretary","by":"b38eac015d9a1c1ed41abec6ae64cf9f","fields":{"basis":"decision VII/2","symbol":"LP/INF.9"},"key":"AQAAAAAAAAAAAAAAAAAAAA","name":"DestroyFile","with":[{"as":"Secretary","by":"` + secondSecretary(t, h) + `"}]},"at":"` + last(salted).At.String() + `"}` + "\n"
	erased := found(t, append(bytes.Clone(salted), destroy...), 4)
	if b, err := erased.View().File(t.Context(), paper.File.Digest); err == nil {
		t.Errorf("destroyed, and %d bytes are opened", len(b))
	}
	for i, e := range h.entries(t) {
		events := func(text string) string { _, after, _ := strings.Cut(text, `"events":`); return after }
		if other := erased.entries(t)[i]; events(e) != events(other) {
			t.Errorf("entry %d: erased it says %s", i, events(other))
		}
		if other := unopened.entries(t)[i]; events(e) != events(other) {
			t.Errorf("entry %d: unopened it says %s", i, events(other))
		}
	}
	gone := erased.export(t, true)
	if lines := parse(t, gone); len(lines[len(lines)-2].Opened) != 0 || len(lines[len(lines)-2].Blobs) != 0 {
		t.Error("a destroyed file is exported")
	}
	if second := found(t, gone, 5).export(t, true); !bytes.Equal(gone, second) {
		t.Errorf("erased, played and exported again: %s", differ(gone, second))
	}
}

// secondSecretary is another secretary than the one who registers papers.
func secondSecretary(t *testing.T, h house) string {
	t.Helper()
	for _, e := range h.entries(t)[:1] {
		parsed, err := record.ParseEntry(e, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range parsed.Act.Fields.Get("offices").Items {
			if p := o.Get("person").Str; p != "b38eac015d9a1c1ed41abec6ae64cf9f" {
				return p
			}
		}
	}
	t.Fatal("the body has one secretary")
	return ""
}
