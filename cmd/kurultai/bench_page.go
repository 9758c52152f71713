package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

// benchPageStarts is how often Chromium is started anew to check its first bundle.
const benchPageStarts = 9

// benchPage is how many milliseconds the page that checks bundles takes in Chromium, from the disk, for the first bundle
// after it was opened and for the second: a start of the browser each. nil where there is no chromium.
func benchPage(ctx context.Context, dir, bundle string) (first, second []float64, err error) {
	chromium, err := exec.LookPath("chromium")
	if err != nil {
		return nil, nil, nil
	}
	text, err := json.Marshal(bundle)
	if err != nil {
		return nil, nil, err
	}
	// A frame that is being written holds back the page's end, and with it what --dump-dom gives. The file is chosen after a
	// second: nobody is faster.
	script := `<script>
const hold = document.body.appendChild(document.createElement('iframe')).contentDocument; hold.open();
setTimeout(async () => {
  const bundle = ` + string(text) + `, took = [], d = new DataTransfer();
  d.items.add(new File([bundle], 'b')); document.getElementById('file').files = d.files;
  for (let i = 0; i < 2; i++) { await run(); took.push(document.getElementById('ok') ? document.body.dataset.ms : 'refused'); }
  document.body.append(element('pre', 'took ' + took.join(' ') + ' ms')); hold.close();
}, 1000);
</script></body>`
	page := filepath.Join(dir, "page.html")
	if err := os.WriteFile(page, []byte(strings.Replace(string(checkerPage()), "</body>", script, 1)), 0o600); err != nil {
		return nil, nil, err
	}
	for i := range benchPageStarts {
		dom, err := exec.CommandContext(ctx, chromium, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
			"--disable-component-update", "--disable-sync", "--user-data-dir="+filepath.Join(dir, fmt.Sprint("profile", i)), "--dump-dom", "file://"+page).Output()
		if err != nil {
			return nil, nil, fmt.Errorf("chromium: %w", err)
		}
		m := regexp.MustCompile(`took ([0-9.]+) ([0-9.]+) ms`).FindSubmatch(dom)
		if m == nil {
			return nil, nil, fmt.Errorf("the page said nothing: %.500s", dom)
		}
		for k, list := range []*[]float64{&first, &second} {
			ms, err := strconv.ParseFloat(string(m[k+1]), 64)
			if err != nil {
				return nil, nil, err
			}
			*list = append(*list, ms)
		}
	}
	return first, second, nil
}
