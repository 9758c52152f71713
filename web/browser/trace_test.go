package browser_test

import (
	"regexp"
	"testing"

	"kurultai/conference"
)

// A page draws the trace of what it sends anew each time, as W3C Trace Context has it.
func TestAPageDrawsItsTraces(t *testing.T) {
	h := start(t)
	b := person(t)
	b.take(h, string(h.holder(t, conference.Chair, "")), "chair")
	form := regexp.MustCompile(`^00-[0-9a-f]{32}-[0-9a-f]{16}-01$`)
	seen := map[string]bool{}
	for range 3 {
		drawn := run[string](b, `window.kurultai.traced({ Accept: "text/plain" }).traceparent`)
		if !form.MatchString(drawn) || seen[drawn] {
			t.Errorf("%q", drawn)
		}
		seen[drawn] = true
	}
	if kept := run[string](b, `window.kurultai.traced({ Accept: "text/plain" }).Accept`); kept != "text/plain" {
		t.Errorf("what stood beside it became %q", kept)
	}
}
