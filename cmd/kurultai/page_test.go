package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"kurultai/language"
	"kurultai/record/recordtest"
)

// What the page that checks bundles says, it says in every language, and nothing else is translated.
func TestTheCheckersWords(t *testing.T) {
	text, err := os.ReadFile("../../witness/page/page.html")
	if err != nil {
		t.Fatal(err)
	}
	used := map[string]bool{}
	for _, m := range regexp.MustCompile(`(?:say\(|no\(|data-w=)["']([a-z.]+)["']|(?:\|\| no\()'([a-z.]+)'`).FindAllStringSubmatch(string(text), -1) {
		used[m[1]+m[2]] = true
	}
	for _, l := range language.All() {
		for key := range used {
			if !l.Has("checker." + key) {
				t.Errorf("%s does not say checker.%s", l.Code, key)
			}
		}
		for _, key := range l.Keys() {
			if name, ok := strings.CutPrefix(key, "checker."); ok && !used[name] {
				t.Errorf("%s says %s, which the page does not", l.Code, key)
			}
		}
	}
	if len(used) < 30 {
		t.Errorf("%d words are used", len(used))
	}
}

// The page checks a bundle from a disk, without a network, in Chromium: it says what kurultai verify says, of the whole
// one and of each that was changed.
func TestThePageChecksABundleWithoutANetwork(t *testing.T) {
	chromium := recordtest.Program(t, "chromium")
	_, b := witnessed(t, cosigner(t, "node.xo"), cosigner(t, "witness.example"))
	_, closed := witnessed(t)
	dir := t.TempDir()
	bundle := b.Append(nil)
	whole, err := json.Marshal(string(bundle))
	if err != nil {
		t.Fatal(err)
	}
	bare, _ := json.Marshal(string(closed.Append(nil)))
	key, _ := json.Marshal(b.Key)
	script := fmt.Sprintf(`<script>
(async () => {
  const whole = %s, bare = %s, key = %s, input = document.getElementById('file'), out = {};
  const hand = async text => { const d = new DataTransfer(); d.items.add(new File([text], 'b')); input.files = d.files; await run(); return document.getElementById('out').textContent; };
  tongue.value = 'en'; speak();
  document.getElementById('key').value = key;
  out.whole = await hand(whole);
  document.getElementById('key').value = 'example.org/other+00000000+AAAA';
  out.other = await hand(whole);
  document.getElementById('key').value = '';
  out.bare = await hand(bare);
  out.noise = await hand('hello');
  tongue.value = 'kk'; speak();
  out.kk = await hand(whole);
  tongue.value = 'en'; speak();
  out.refused = 0; out.taken = [];
  const step = Math.max(1, Math.floor(whole.length / 300));
  for (let at = 0; at < whole.length; at += at < 300 ? 1 : step) {
    const changed = whole.slice(0, at) + String.fromCharCode(whole.charCodeAt(at) ^ 1) + whole.slice(at + 1);
    try { await check(changed, ''); out.taken.push(at); } catch { out.refused++; }
  }
  out.violations = document.querySelectorAll('iframe,object,embed,link').length;
  const pre = document.createElement('pre'); pre.id = 'result'; pre.textContent = btoa(unescape(encodeURIComponent(JSON.stringify(out)))); document.body.append(pre);
})();
</script></body>`, whole, bare, key)
	page := strings.Replace(string(checkerPage()), "</body>", script, 1)
	path := filepath.Join(dir, "page.html")
	if err := os.WriteFile(path, []byte(page), 0o644); err != nil {
		t.Fatal(err)
	}
	dom, err := withoutNetwork(chromium, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync",
		"--user-data-dir="+filepath.Join(dir, "profile"), "--virtual-time-budget=60000", "--dump-dom", "file://"+path).Output()
	if err != nil {
		t.Fatal(err)
	}
	m := regexp.MustCompile(`<pre id="result">([A-Za-z0-9+/=]+)</pre>`).FindSubmatch(dom)
	if m == nil {
		t.Fatalf("the page said nothing: %.2000s", dom)
	}
	var out struct {
		Whole, Other, Bare, Noise, Kk string
		Refused, Violations           int
		Taken                         []int
	}
	if err := json.Unmarshal(must(decode64(string(m[1]))), &out); err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct{ what, said, want string }{
		{"whole", out.Whole, "The proof is right"}, {"whole", out.Whole, "Witnessed by 2 of 2"}, {"whole", out.Whole, "Checked by the key that you gave"}, {"whole", out.Whole, "node.xo (xo)"},
		{"another key", out.Other, "This proof does not hold"}, {"another key", out.Other, "another key"},
		{"nobody's", out.Bare, "cosigned by 0 of 2"}, {"nobody's", out.Bare, "bound to its key"},
		{"noise", out.Noise, "This proof does not hold"}, {"in Kazakh", out.Kk, "Дәлел дұрыс"},
	} {
		if !strings.Contains(row.said, row.want) {
			t.Errorf("%s: not %q: %.300s", row.what, row.want, row.said)
		}
	}
	if len(out.Taken) > 0 || out.Refused < 500 || out.Violations > 0 {
		t.Errorf("%d changes refused, taken at %v", out.Refused, out.Taken)
	}
	for _, at := range out.Taken {
		t.Logf("…%s…", bundle[max(0, at-20):at+20])
	}
	t.Logf("%d changes refused", out.Refused)
}
