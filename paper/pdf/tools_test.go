package pdf_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"kurultai/paper/pdf"
	"kurultai/record/recordtest"
)

// tool runs a program of others.
func tool(t *testing.T, name string, args ...string) string {
	t.Helper()
	out, err := exec.Command(recordtest.Program(t, name), args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %v: %v\n%s", name, args, err, out)
	}
	return string(out)
}

// written are the sample packed and plain, as files.
func written(t *testing.T) (files []string) {
	t.Helper()
	packed, err := pdf.Set(sample(), pdf.Treaty())
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for name, b := range map[string][]byte{"packed.pdf": packed, "plain.pdf": set(t, sample())} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, b, 0o644); err != nil {
			t.Fatal(err)
		}
		files = append(files, path)
	}
	return files
}

func TestQPDFFindsNothingToSay(t *testing.T) {
	for _, f := range written(t) {
		if out := tool(t, "qpdf", "--check", f); strings.Contains(strings.ToLower(out), "warning") || !strings.Contains(out, "No syntax or stream encoding errors") {
			t.Errorf("%s", out)
		}
	}
}

func TestPDFInfoSeesATaggedFile(t *testing.T) {
	for _, f := range written(t) {
		out := tool(t, "pdfinfo", f)
		for _, want := range []string{`Tagged: +yes`, `Title: +Everything \(a sample\)`, `Pages: +9`, `PDF version: +1.7`, `Encrypted: +no`} {
			if !regexp.MustCompile(want).MatchString(out) {
				t.Errorf("no %s in %s", want, out)
			}
		}
		structure := tool(t, "pdfinfo", "-struct-text", f)
		if strings.Contains(structure, "Error") || strings.Count(structure, "TH") < 62 || !strings.Contains(structure, "Note") {
			t.Errorf("structure: %.2000s", structure)
		}
	}
}

func TestEveryFontIsEmbeddedCutAndReadable(t *testing.T) {
	for _, f := range written(t) {
		lines := strings.Split(strings.TrimSpace(tool(t, "pdffonts", f)), "\n")[2:]
		if len(lines) != 7 {
			t.Errorf("%d fonts", len(lines))
		}
		for _, l := range lines {
			if !regexp.MustCompile(`Identity-H +yes yes yes`).MatchString(l) {
				t.Error(l)
			}
		}
	}
}

func TestMuPDFDrawsItWithoutComplaint(t *testing.T) {
	for _, f := range written(t) {
		for _, args := range [][]string{{"info", f}, {"draw", "-o", filepath.Join(t.TempDir(), "%d.png"), "-r", "20", f}} {
			// A build without colour management says so of itself.
			if out := strings.ReplaceAll(tool(t, "mutool", args...), "warning: ICC support is not available", ""); strings.Contains(out, "warning") || strings.Contains(out, "error") {
				t.Errorf("mutool %v: %s", args, out)
			}
		}
	}
}

func TestPopplerDrawsItWithoutComplaint(t *testing.T) {
	for _, f := range written(t) {
		if out := tool(t, "pdftoppm", "-r", "20", f, filepath.Join(t.TempDir(), "p")); out != "" {
			t.Error(out)
		}
	}
}

func TestTheSourceComesOutAgain(t *testing.T) {
	out := filepath.Join(t.TempDir(), "source")
	tool(t, "pdfdetach", "-save", "1", "-o", out, written(t)[0])
	if b, err := os.ReadFile(out); err != nil || string(b) != "<a/>" {
		t.Errorf("%q %v", b, err)
	}
}
