package doc_test

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the files a test compares with")

// vendored are the parts of the program that no module brings, and where their licences stand.
var vendored = [][2]string{
	{"idiomorph 0.7.4, web/static/idiomorph.min.js", "web/static/LICENSE-idiomorph"},
	{"age-encryption 0.3.1 with the parts of @noble and @scure it uses, web/static/age.min.js", "web/static/LICENSE-age"},
	{"Source Sans 3, web/static/fonts/sans-*.woff2", "web/static/fonts/OFL-sans.txt"},
	{"Source Serif 4, web/static/fonts/serif-*.woff2", "web/static/fonts/OFL-serif.txt"},
	{"Noto Sans Georgian, web/static/fonts/georgian.woff2", "web/static/fonts/OFL-georgian.txt"},
	{"Noto Serif 2.015 (italic 2.013), Noto Serif Georgian 2.001, Noto Sans Math 2.001, Noto Sans Symbols2 2.003, subsets, paper/pdf/fonts/*.ttf", "paper/pdf/fonts/OFL.txt"},
	{"Hyphenation patterns of hyph-utf8, paper/pdf/hyphen/*.tex", "paper/pdf/hyphen/LICENSE"},
	{"Names of states and territories: Unicode CLDR 48.2, language/territories.json", "language/LICENSE-territories"},
	{"flag-icons 7.5.0, web/static/flags (those of states)", "web/static/flags/LICENSE"},
}

// THIRD_PARTY_NOTICES holds the licence of everything that is in the program.
func TestNoticesHoldEveryLicence(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", "-f", "{{with .Module}}{{if not .Main}}{{.Path}} {{.Version}} {{.Dir}}{{end}}{{end}}", "../cmd/kurultai").Output()
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	text.WriteString("What this program is made with, beside the Go standard library, and the terms of each part.\nNames and case forms of states: Unicode CLDR 48.2, Unicode-3.0 (language/*/names.csv).\n")
	seen, parts := map[string]bool{}, 0
	add := func(name string, licence []byte) {
		fmt.Fprintf(&text, "\n%s\n%s\n\n%s\n", strings.Repeat("=", 80), name, strings.TrimSpace(string(licence)))
		parts++
	}
	for _, line := range strings.Split(strings.TrimSpace(string(out)), "\n") {
		f := strings.Fields(line)
		if len(f) != 3 || seen[f[0]] {
			continue
		}
		seen[f[0]] = true
		files, _ := filepath.Glob(filepath.Join(f[2], "LICEN[CS]E*"))
		if len(files) == 0 {
			t.Fatalf("%s has no licence file", f[0])
		}
		b, err := os.ReadFile(files[0])
		if err != nil {
			t.Fatal(err)
		}
		if chosen, err := os.ReadFile(filepath.Join(f[2], "licenses", "ftl.txt")); err == nil { // of the licences to choose from, the FreeType Licence
			b = append(append(b, '\n'), chosen...)
		}
		add(f[0]+" "+f[1], b)
	}
	goroot, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(goroot)), "LICENSE"))
	if err != nil {
		t.Fatal(err)
	}
	add("The Go standard library", b)
	for _, v := range vendored {
		b, err := os.ReadFile(filepath.Join("..", v[1]))
		if err != nil {
			t.Fatal(err)
		}
		add(v[0], b)
	}
	if parts < 10 {
		t.Fatalf("%d parts", parts)
	}
	const path = "../THIRD_PARTY_NOTICES"
	if *update {
		if err := os.WriteFile(path, []byte(text.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := os.ReadFile(path); err != nil || string(got) != text.String() {
		t.Errorf("THIRD_PARTY_NOTICES is not what the modules say; go test ./doc -update writes it (%v)", err)
	}
}
