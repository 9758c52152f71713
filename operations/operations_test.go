package operations

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"
)

// a is a station of a node that can be changed, with a disk of its own.
type rig struct {
	*Station
	shown, head, witnessed int64
	headErr                error
	held                   bool
	free, size             int64
	source                 *Source // nil: it is written here
}

var errStopped = errors.New("stopped")

func newRig() *rig {
	r := &rig{shown: 10, head: 10, witnessed: 10, free: 50 << 30, size: 100 << 30}
	r.Station = New("test")
	r.disk = func(string) (int64, int64, error) { return r.free, r.size, nil }
	r.Open(Node{
		Shown:     func() (int64, time.Time) { return r.shown, time.Unix(1, 0) },
		Head:      func(context.Context) (int64, error) { return r.head, r.headErr },
		Stopped:   func(err error) bool { return errors.Is(err, errStopped) },
		Live:      func() Live { return Live{Readers: 3, Frames: 7} },
		Sessions:  func() int { return 2 },
		Witnessed: func() (int64, bool) { return r.witnessed, true },
		Held:      func() (int64, int64, bool) { return 1, 2, r.held },
	})
	return r
}

// copies makes it a copy of a record that is written elsewhere.
func (r *rig) copies() *rig {
	r.source = &Source{Heard: time.Unix(2, 0), Claimed: 10, Verified: 10, Cosigned: 9, Lots: 4}
	r.node.Source = func() Source { return *r.source }
	return r
}

func get(t *testing.T, h http.Handler, path string) (int, string) {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
	return w.Code, w.Body.String()
}

func TestWhyANodeIsNotReadyIsSaid(t *testing.T) {
	for name, c := range map[string]struct {
		broken func(*rig)
		why    string
		live   int
	}{
		"nothing":          {func(*rig) {}, "", 200},
		"behind a moment":  {func(r *rig) { r.head++ }, "", 200},
		"behind":           {func(r *rig) { r.head++; r.look(t.Context(), time.Now().Add(-patience-time.Second)) }, Behind, 200},
		"a full disk":      {func(r *rig) { r.free = 1 << 20 }, DiskFull, 200},
		"refused for room": {func(r *rig) { r.Heard(Round{Full: true, Err: errors.New("full")}) }, DiskFull, 200},
		"the engine lost":  {func(r *rig) { r.headErr = errStopped }, NoEngine, 503},
		"a sync failed":    {func(r *rig) { r.Heard(Round{Err: errStopped}) }, NoEngine, 503},
		"a reading failed": {func(r *rig) { r.headErr = errors.New("busy") }, "", 200},
		"no majority answers": {func(r *rig) {
			r.node.Several, r.headErr = true, errors.New("etcdserver: no leader")
			r.look(t.Context(), time.Now().Add(-patience-time.Second))
		}, Minority, 200},
		"witnesses are silent":  {func(r *rig) { r.held = true }, Silent, 200},
		"being set up":          {func(r *rig) { r.SetUp(t.TempDir()) }, SettingUp, 200},
		"a copy":                {func(r *rig) { r.copies() }, "", 200},
		"a copy of nothing yet": {func(r *rig) { r.copies(); r.shown, r.head, r.source.Claimed = 0, 0, 0 }, Behind, 200},
		"a copy that lags": {func(r *rig) {
			r.copies().source.Claimed++
			r.look(t.Context(), time.Now().Add(-patience-time.Second))
		}, Behind, 200},
		"a copy that lags a moment":     {func(r *rig) { r.copies().source.Claimed++ }, "", 200},
		"a copy hears nothing":          {func(r *rig) { r.copies().source.Silent = true }, Unheard, 200},
		"a copy is sent something else": {func(r *rig) { r.copies().source.Refused = true }, Refused, 200},
		"a copy and the record part":    {func(r *rig) { r.copies().source.Parted = true }, Parted, 200},
	} {
		r := newRig()
		c.broken(r)
		r.look(t.Context(), time.Now())
		h := r.With(http.NotFoundHandler())
		status, text := get(t, h, "/readyz")
		if c.why == "" && (status != 200 || text != "ok\n") || c.why != "" && (status != 503 || !strings.HasPrefix(text, c.why+": ") || strings.Count(text, "\n") != 1) {
			t.Errorf("%s: %d %q", name, status, text)
		}
		if status, _ := get(t, h, "/healthz"); status != c.live {
			t.Errorf("%s: healthz %d, not %d", name, status, c.live)
		}
		_, metrics := get(t, r.Metrics(), "/metrics")
		for cause := range causes {
			if want := "kurultai_not_ready{cause=\"" + cause + "\"} " + map[bool]string{true: "1", false: "0"}[cause == c.why]; !strings.Contains(metrics, want+"\n") {
				t.Errorf("%s: no %s", name, want)
			}
		}
		if status, _ := get(t, h, "/elsewhere"); status != 404 {
			t.Errorf("%s: pages are not asked", name)
		}
	}
	quiet := newRig().copies()
	quiet.source.Silent = true
	if _, text := get(t, quiet.With(http.NotFoundHandler()), "/readyz"); !strings.HasSuffix(text, "; last heard at 1970-01-01T00:00:02Z\n") {
		t.Errorf("since when nothing is heard is not said: %q", text)
	}
	r := newRig() // room again ends it
	r.Heard(Round{Full: true, Err: errors.New("full")})
	r.Heard(Round{Entries: 1})
	if why := r.NotReady(); len(why) > 0 {
		t.Errorf("an act was taken since, and it says %q", why)
	}
}

func TestTheDiskAlarmIsGivenOnceAndTakenBack(t *testing.T) {
	var log strings.Builder
	before := slog.Default()
	l, err := NewLog(&log, "json")
	if err != nil {
		t.Fatal(err)
	}
	slog.SetDefault(l)
	defer slog.SetDefault(before)
	r := newRig()
	for _, free := range []int64{11 << 30, 10 << 30, 9 << 30, 30 << 30} {
		r.free = free
		r.look(t.Context(), time.Now())
		percent, alarm := r.Disk()
		if int64(percent) != 100-free>>30 || alarm != (free <= 10<<30) {
			t.Errorf("%d free of 100: %d %%, %v", free>>30, percent, alarm)
		}
		_, metrics := get(t, r.Metrics(), "/metrics")
		if want := "kurultai_disk_alarm " + map[bool]string{true: "1", false: "0"}[alarm] + "\n"; !strings.Contains(metrics, want) {
			t.Errorf("no %s", want)
		}
	}
	lines := strings.Split(strings.TrimSpace(log.String()), "\n")
	if len(lines) != 2 || !strings.Contains(lines[0], `"level":"WARN","msg":"the disk is almost full","usedPercent":90`) || !strings.Contains(lines[1], "room again") {
		t.Errorf("%q", lines)
	}
	if free, size, err := diskOf(t.TempDir()); err != nil || free <= 0 || size < free {
		t.Errorf("a real disk: %d of %d, %v", free, size, err)
	}
}

func TestActsAreCountedByKindAndOutcome(t *testing.T) {
	r := newRig()
	at := time.Now()
	r.Heard(Round{Entries: 2, Began: at, Decided: at.Add(time.Millisecond), Appended: at.Add(3 * time.Millisecond), Settled: at.Add(4 * time.Millisecond), Acts: []Act{
		{Name: "AskFloor", Outcome: "taken", Came: at}, {Name: "AskFloor", Outcome: "refused", Code: "already-listed", Came: at}, {Name: "unknown", Outcome: "refused", Code: "malformed", Came: at}}})
	_, text := get(t, r.Metrics(), "/metrics")
	for _, want := range []string{`kurultai_acts_total{act="AskFloor",outcome="taken"} 1`, `kurultai_acts_total{act="AskFloor",outcome="refused"} 1`, `kurultai_acts_total{act="unknown",outcome="refused"} 1`,
		`kurultai_refusals_total{code="already-listed"} 1`, `kurultai_group_acts_sum 3`, `kurultai_append_seconds_sum 0.002`, `kurultai_decide_seconds_count 1`, `kurultai_act_seconds_count 3`,
		`kurultai_entries 10`, `kurultai_readers 3`, `kurultai_frames_total 7`, `kurultai_sessions 2`, `kurultai_info{program="test"} 1`} {
		if !strings.Contains(text, want+"\n") {
			t.Errorf("no %s", want)
		}
	}
	r.witnessed = 7
	r.look(t.Context(), time.Now().Add(-time.Minute))
	r.look(t.Context(), time.Now())
	_, text = get(t, r.Metrics(), "/metrics")
	if !strings.Contains(text, "kurultai_unwitnessed_entries 3\n") || !regexp.MustCompile(`kurultai_witness_wait_seconds (6\d|5\d)`).MatchString(text) {
		t.Error("what waits for witnesses is not told")
	}
}

// What an edge and a node that follows count of where the record comes from; a node that writes it counts nothing of it.
func TestACopySaysHowItStandsWithItsSource(t *testing.T) {
	if _, text := get(t, newRig().Metrics(), "/metrics"); strings.Contains(text, "kurultai_writer_silence_seconds") {
		t.Error("a node that writes hears itself")
	}
	r := newRig().copies()
	r.source.Silence, r.source.Refusals, r.source.Claimed, r.source.Parted = 90*time.Second, 2, 12, true
	r.look(t.Context(), time.Now())
	_, text := get(t, r.Metrics(), "/metrics")
	for _, want := range []string{"kurultai_writer_silence_seconds 90", "kurultai_head_entries 12", "kurultai_verified_entries 10", "kurultai_cosigned_entries 9", "kurultai_lots_total 4", "kurultai_source_refusals_total 2", "kurultai_disagreement 1"} {
		if !strings.Contains(text, want+"\n") {
			t.Errorf("no %s", want)
		}
	}
	if r.source.Cosigned = -1; strings.Contains(second(get(t, r.Metrics(), "/metrics")), "kurultai_cosigned_entries") {
		t.Error("a node without a key counts what it cosigned")
	}
}

func second(_ int, text string) string { return text }

// exported are the names under which a program exports metrics.
func exported(t *testing.T) map[string]bool {
	t.Helper()
	r := newRig().copies()
	at := time.Now()
	r.Heard(Round{Entries: 1, Began: at, Decided: at, Appended: at, Settled: at, Acts: []Act{{Name: "AskFloor", Outcome: "refused", Code: "x", Came: at}}})
	_, text := get(t, r.Metrics(), "/metrics")
	names := map[string]bool{"up": true} // which Prometheus adds
	for line := range strings.Lines(text) {
		if name := regexp.MustCompile(`^[a-z_]+`).FindString(line); name != "" {
			names[name] = true
		}
	}
	return names
}

var named = regexp.MustCompile(`\b(kurultai|process|go)_[a-z_]+\b|\bup\b`)

func TestDashboardAndAlertsNameMetricsThatThereAre(t *testing.T) {
	there := exported(t)
	check := func(where, expr string) (n int) {
		for _, name := range named.FindAllString(expr, -1) {
			n++
			if !there[name] {
				t.Errorf("%s: %s is exported by nobody", where, name)
			}
		}
		if n == 0 || strings.Count(expr, "(") != strings.Count(expr, ")") || strings.Count(expr, "{") != strings.Count(expr, "}") {
			t.Errorf("%s: %q", where, expr)
		}
		return n
	}
	var board struct {
		Panels []struct {
			Title   string
			Targets []struct{ Expr string }
		}
		Templating struct{ List []struct{ Query any } }
	}
	text, err := os.ReadFile("../deploy/grafana.json")
	if err == nil {
		err = json.Unmarshal(text, &board)
	}
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, p := range board.Panels {
		if len(p.Targets) == 0 {
			t.Errorf("%s shows nothing", p.Title)
		}
		for _, q := range p.Targets {
			found += check(p.Title, q.Expr)
		}
	}
	var alerts struct {
		Groups []struct {
			Rules []struct {
				Alert, Expr string
				Labels      map[string]string
				Annotations map[string]string
			}
		}
	}
	if text, err = os.ReadFile("../deploy/alerts.yml"); err == nil {
		err = yaml.Unmarshal(text, &alerts)
	}
	if err != nil {
		t.Fatal(err)
	}
	runbook, err := os.ReadFile("../doc/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	rules := 0
	for _, g := range alerts.Groups {
		for _, r := range g.Rules {
			rules++
			found += check(r.Alert, r.Expr)
			_, section, _ := strings.Cut(r.Annotations["runbook"], "doc/operations.md, ")
			if r.Annotations["summary"] == "" || section == "" || !strings.Contains(string(runbook), "\n# "+section+"\n") {
				t.Errorf("%s: the runbook has no section %q", r.Alert, section)
			}
		}
	}
	if found < 25 || rules < 6 || len(board.Panels) < 12 {
		t.Errorf("%d names in %d panels and %d rules", found, len(board.Panels), rules)
	}
	t.Logf("%d names of metrics in %d panels and %d rules; %d are exported", found, len(board.Panels), rules, len(slices.Collect(maps.Keys(there))))
}

func TestLinesBecomeRecords(t *testing.T) {
	var log strings.Builder
	l, err := NewLog(&log, "json")
	if err != nil {
		t.Fatal(err)
	}
	w := Lines(l)
	for _, part := range []string{"the page is on ", "http://localhost:1\nand", " more\n\n", "no end"} {
		if _, err := io.WriteString(w, part); err != nil {
			t.Fatal(err)
		}
	}
	if lines := strings.Split(strings.TrimSpace(log.String()), "\n"); len(lines) != 2 || !strings.Contains(lines[0], `"msg":"the page is on http://localhost:1"`) || !strings.Contains(lines[1], `"msg":"and more"`) {
		t.Errorf("%q", lines)
	}
	if _, err := NewLog(&log, "xml"); err == nil {
		t.Error("a log as xml")
	}
}
