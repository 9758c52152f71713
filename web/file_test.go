package web_test

import (
	"bytes"
	"context"
	"net/http"
	"strings"
	"testing"

	"kurultai/conference"
	"kurultai/record"
	"kurultai/record/canonical"
	"kurultai/secretariat"
	"kurultai/story/storytest"
	"kurultai/web"
)

// A paper's file is handed in by the form, goes to those who may read the paper and to nobody else, and to nobody once it
// is destroyed.
func TestAFileGoesToThoseWhoMayReadThePaper(t *testing.T) {
	s := storytest.Play(t, "training")
	h := hall{t, s, web.New(reading{s}, web.Options{Desk: desk{s}, File: func(ctx context.Context, d record.Digest) ([]byte, error) { return s.View().File(ctx, d) }})}
	secretary := h.holder(conference.Secretary, "")
	content := []byte("%PDF-1.7\nnot much of one\n" + strings.Repeat("\x00\xff line\r\n", 900))
	send := func(key, symbol, level string) {
		var upload bytes.Buffer
		part := func(head, body string) {
			upload.WriteString("--b\r\nContent-Disposition: form-data; name=\"" + head + "\r\n\r\n" + body + "\r\n")
		}
		for k, v := range map[string]string{"office": "Secretary", "meeting": "ix", "key": key, "field.symbol": symbol, "field.language": "en", "field.level": level, "field.type": "letter"} {
			part(k+`"`, v)
		}
		part(`file.file"; filename="letter.pdf"`, string(content))
		upload.WriteString("--b--\r\n")
		if w := h.send(secretary, "/en/act/RegisterDocument", "multipart/form-data; boundary=b", upload.String()); w.Code != http.StatusCreated {
			t.Fatalf("%s: %d %s", symbol, w.Code, read(w.Body.String()))
		}
	}
	send("MAAAAAAAAAAAAAAAAAAAAA", "LP/IX/INF.8", "restricted")
	send("MQAAAAAAAAAAAAAAAAAAAA", "LP/IX/INF.9", "public")
	paper, ok := s.View().State().Document("LP/IX/INF.8")
	if !ok || paper.File == nil || paper.Versions[0].Text != record.DigestOf(content) {
		t.Fatalf("%v, %+v: want the file and its digest as that of the original", ok, paper)
	}
	readers := map[string]struct {
		person     conference.PersonID
		restricted int
	}{
		"the public": {"", http.StatusForbidden}, "an observer": {h.holder(conference.ObserverHead, "xm"), http.StatusForbidden}, "a head": {h.holder(conference.Head, "xv"), http.StatusOK}, "a secretary": {secretary, http.StatusOK},
	}
	for who, r := range readers {
		for path, status := range map[string]int{"/en/files/LP/IX/INF.8": r.restricted, "/ka/files/LP/IX/INF.9": http.StatusOK, "/en/files/LP/VIII/L.1": http.StatusNotFound, "/en/files/none": http.StatusNotFound} {
			w := h.see(r.person, path)
			if w.Code != status || (status == http.StatusOK) != bytes.Equal(w.Body.Bytes(), content) {
				t.Errorf("%s gets %d and %d bytes at %s, want %d", who, w.Code, w.Body.Len(), path, status)
			}
			if head := w.Header(); status == http.StatusOK && (head.Get("Content-Type") != "application/octet-stream" || !strings.HasPrefix(head.Get("Content-Disposition"), "attachment; filename=LP-IX-INF.") || head.Get("X-Content-Type-Options") != "nosniff" || r.person != "" && head.Get("Cache-Control") != "private, no-store") {
				t.Errorf("%s: %v", path, head)
			}
		}
		if page := h.see(r.person, "/en/documents/LP/IX/INF.8").Body.String(); strings.Contains(page, "/en/files/LP/IX/INF.8") != (r.restricted == http.StatusOK) {
			t.Errorf("%s: the page offers the file wrongly", who)
		}
	}
	fields, err := canonical.Parse(`{"basis":"IX/1","symbol":"LP/IX/INF.8"}`)
	if err != nil {
		t.Fatal(err)
	}
	officers := s.View().State().Holders(conference.Secretary)
	if _, err := s.Do(t.Context(), &secretariat.Act{Submitted: record.Submitted{Name: "DestroyFile", By: string(officers[0].Person), As: "Secretary", With: []record.With{{As: "Secretary", By: string(officers[1].Person)}}, Fields: fields, Key: "NQAAAAAAAAAAAAAAAAAAAA", Origin: s.View().Origin()}}); err != nil {
		t.Fatal(err)
	}
	for who, r := range readers {
		status := map[int]int{http.StatusOK: http.StatusGone, http.StatusForbidden: http.StatusForbidden}[r.restricted]
		if w := h.see(r.person, "/en/files/LP/IX/INF.8"); w.Code != status || bytes.Contains(w.Body.Bytes(), content[:20]) {
			t.Errorf("%s: destroyed, and %d", who, w.Code)
		}
	}
	if page := h.see(secretary, "/en/documents/LP/IX/INF.8").Body.String(); !strings.Contains(page, "The file was destroyed by a decision") {
		t.Error("the page does not say that the file was destroyed")
	}
}
