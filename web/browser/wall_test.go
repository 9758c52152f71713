package browser_test

import (
	"fmt"
	"strings"
	"testing"

	"kurultai/conference"
)

// The wall's line is cut: the last picture stays and says as of when it is; when the line is back, what happened
// meanwhile is shown, and nobody touched anything.
func TestTheWallComesBackByItself(t *testing.T) {
	h := start(t)
	b := person(t, "ERR_", "Failed to load")
	b.visit(h.origin + "/en/meetings/vii/wall")
	before := b.text("h1")
	if !strings.Contains(b.text("main"), "closed") {
		t.Fatalf("the wall shows %s", b.text("main"))
	}
	h.cut()
	b.until(`!document.getElementById("offline").hidden`)
	if got := b.text("#offline"); !strings.Contains(got, "as of") || b.text("h1") != before {
		t.Errorf("without a network it says %q above %q", got, b.text("h1"))
	}
	h.do(t, "NamePlace", conference.PlaceNamed{Place: "further", Party: "xa", Type: "city", Names: h.s.View().State().Body.Names}, 0)
	size := h.s.View().State().Size
	h.mend()
	b.until(`document.getElementById("offline").hidden && document.getElementById("main").dataset.size === "` + fmt.Sprint(size) + `"`)
}
