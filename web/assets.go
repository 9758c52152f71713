package web

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"encoding/hex"
	"html/template"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"regexp"
	"strconv"
	"strings"
	"sync"
)

//go:embed static
var staticFiles embed.FS

type asset struct {
	body, zipped []byte
	kind         string
}

// assets are the embedded files by name, and their common digest, which is in their addresses, so they may be kept for
// ever.
var assets = sync.OnceValues(func() (map[string]asset, string) {
	sum, files := sha256.New(), map[string]asset{}
	err := fs.WalkDir(staticFiles, "static", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := staticFiles.ReadFile(name)
		if err != nil {
			return err
		}
		sum.Write(b)
		kind := mime.TypeByExtension(path.Ext(name))
		switch path.Ext(name) {
		case ".woff2":
			kind = "font/woff2"
		case ".svg":
			kind = "image/svg+xml"
		case "":
			kind = "text/plain; charset=utf-8"
		}
		a := asset{body: b, kind: kind}
		if path.Ext(name) != ".woff2" {
			a.zipped = zipped(b)
		}
		files[strings.TrimPrefix(name, "static/")] = a
		return nil
	})
	if err != nil {
		panic(err) // the files are inside the program
	}
	return files, hex.EncodeToString(sum.Sum(nil)[:6])
})

// firstStyle is what a page is written with that has to be read at once, and what the policy calls it by: the part of the
// sheet between its two marks. The sheets themselves come where the head of such a page ends, so that a browser which
// has none yet shows that head one round trip earlier.
var firstStyle = sync.OnceValues(func() (style template.HTML, source string) {
	files, _ := assets()
	_, part, found := strings.Cut(string(files["kurultai.css"].body), "/* first: ")
	_, part, _ = strings.Cut(part, "*/")
	part, _, ended := strings.Cut(part, "/* end of first */")
	if !found || !ended {
		panic("web: kurultai.css marks no part that comes first")
	}
	part = squeezed(part)
	sum := sha256.Sum256([]byte(part))
	return template.HTML("<style>" + part + "</style>"), "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
})

var cssComment = regexp.MustCompile(`(?s)/\*.*?\*/`)

// squeezed leaves comments and blanks at the ends of lines out of a sheet.
func squeezed(css string) string {
	var out strings.Builder
	for line := range strings.Lines(cssComment.ReplaceAllString(css, "")) {
		out.WriteString(strings.TrimSpace(line))
	}
	return out.String()
}

func zipped(b []byte) []byte {
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	z.Write(b)
	z.Close()
	return out.Bytes()
}

func (s *site) static(w http.ResponseWriter, r *http.Request) {
	a, ok := s.assets[r.PathValue("path")]
	if !ok || r.PathValue("version") != s.version {
		s.fail(w, r, errNotFound)
		return
	}
	w.Header().Set("Content-Type", a.kind)
	w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	send(w, r, a.body, a.zipped)
}

// send writes a body, compressed for those who take it.
func send(w http.ResponseWriter, r *http.Request, body, compressed []byte) {
	w.Header().Add("Vary", "Accept-Encoding")
	if compressed != nil && strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		w.Header().Set("Content-Encoding", "gzip")
		body = compressed
	}
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	if r.Method != http.MethodHead {
		w.Write(body)
	}
}
