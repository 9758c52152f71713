package main

import (
	"bytes"
	"context"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// said runs a command in this process.
func said(t *testing.T, args ...string) (out, talk string, code int) {
	t.Helper()
	var o, e bytes.Buffer
	code = run(t.Context(), streams{&o, &e}, args)
	return o.String(), e.String(), code
}

func TestEveryCommandExplainsItself(t *testing.T) {
	list, _, _ := said(t, "-h")
	for name := range commands() {
		out, talk, code := said(t, name, "-h")
		at := strings.LastIndex(out, "\nexample")
		if code != 0 || talk != "" || !strings.HasPrefix(out, "usage: kurultai "+name) || at < 0 || !strings.Contains(out[at:], "kurultai "+name) {
			t.Errorf("%s -h: %d, %q\n%s", name, code, talk, out)
		}
		if !strings.Contains(list, "\n  "+name+" ") {
			t.Errorf("kurultai -h does not name %s", name)
		}
		if out, talk, code := said(t, name, "-no-such-flag"); code != 2 || out != "" || !strings.Contains(talk, "hint: kurultai "+name+" -h") {
			t.Errorf("%s with an unknown flag: %d, %q, %q", name, code, out, talk)
		}
	}
	if len(commands()) < 11 {
		t.Errorf("%d commands", len(commands()))
	}
}

// 2 is a mistake in how a command was called, 1 a refusal or fault; both are told on stderr, with a hint.
func TestExitCodesTellAMistakeFromARefusal(t *testing.T) {
	dir, other := t.TempDir(), t.TempDir() // an empty one waits to be set up
	if err := os.WriteFile(filepath.Join(other, "notes.txt"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for want, calls := range map[int][]string{
		2: {"", "nonsense", "demo x", "demo -story atlantis", "demo -lang xx", "demo -pace soon", "init", "serve", "play", "play -data " + dir, "acts A B", "communique", "communique -data d -lang xx", "communique -data d -format pdf",
			"communique -data d -format html -trace", "export -data d", "export -data d -format story x", "verify", "verify a b", "bench", "bench nothing", "bench append x", "import", "rules nonsense x y z"},
		1: {"serve -data " + other, "play -data " + dir + " /nowhere", "communique -data " + dir, "export -data " + dir + " -format story", "verify " + dir, "init -data " + dir + "/new /nowhere", "acts Conjure"},
	} {
		for _, call := range calls {
			if out, talk, code := said(t, strings.Fields(call)...); code != want || out != "" || talk == "" {
				t.Errorf("kurultai %s: %d, not %d: %q, %q", call, code, want, out, talk)
			}
		}
	}
}

func TestFormsNobodyHasReadAreListedAndRefused(t *testing.T) {
	dir := t.TempDir() + "/baku"
	if _, talk, code := said(t, "demo", "-pace", "0", "-once", "-addr", "localhost:0", "-data", dir); code != 0 {
		t.Fatal(talk)
	}
	refused := 0
	for _, lang := range strings.Fields("az de en ka kk ky ru tr uz") {
		traced, _, code := said(t, "communique", "-data", dir, "-lang", lang, "-trace")
		sentences, rest, _ := strings.Cut(traced, "\n\n")
		for line := range strings.Lines(sentences) {
			if !regexp.MustCompile(`\[\d+(, \d+)*\]\n?$`).MatchString(line) {
				t.Errorf("%s: no entries behind %q", lang, line)
			}
		}
		out, talk, strict := said(t, "communique", "-data", dir, "-lang", lang, "-strict")
		if unread := strings.TrimSpace(rest) != ""; code != 0 || unread != (strict == 1) || unread && (out != "" || !strings.Contains(talk, lang+": ") || !strings.Contains(talk, "hint: ")) {
			t.Errorf("%s: %d, %d forms traced; strict says %d, %q", lang, code, strings.Count(rest, "\n"), strict, talk)
		}
		refused += strict
	}
	if refused == 0 {
		t.Error("strict refused nothing")
	}
	t.Logf("%d of 9 languages have forms nobody has read", refused)
}

func TestAFreePortIsTakenWhenTheWishedOneIsNot(t *testing.T) {
	l, err := net.Listen("tcp", "localhost:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	taken := l.Addr().String()
	_, talk, code := said(t, "demo", "-story", "xviii", "-pace", "0", "-once", "-addr", taken)
	found := regexp.MustCompile(`the page is on http://localhost:(\d+)\n`).FindStringSubmatch(talk)
	if code != 0 || !strings.Contains(talk, taken+" is taken; a free port instead\n") || found == nil || strings.HasSuffix(taken, ":"+found[1]) {
		t.Errorf("%d: %s", code, talk)
	}
	ended, stop := context.WithCancel(t.Context())
	stop()
	if code := run(ended, streams{discard{}, discard{}}, []string{"demo", "-pace", "1h", "-addr", taken}); code != 1 {
		t.Errorf("interrupted: %d", code)
	}
}
