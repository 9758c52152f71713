package bodies

import (
	"path/filepath"
	"testing"

	"kurultai/record/recordtest"
)

// published are the folders of tables of what bodies decided, and how many rows each has and excepts.
var published = []struct {
	folder            string
	tables            []string
	checked, excepted int
}{
	{"unga", []string{"rollcalls.csv"}, 3051, 16},
	{"unsc", []string{"outcomes.csv", "failed_drafts.csv", "vetoes.csv"}, 1450 + 31 + 118, 1},
	{"eu-council", []string{"qmv-cases.csv"}, 205, 0},
	{"rules", []string{"vectors.json"}, 65, 0},
}

func TestWhatBodiesDecidedIsDecidedAgain(t *testing.T) {
	for _, p := range published {
		t.Run(p.folder, func(t *testing.T) {
			var further []string
			for _, name := range p.tables[1:] {
				further = append(further, p.folder+"/"+name)
			}
			r, err := Check(filepath.Dir(recordtest.Table(t, p.folder+"/"+p.tables[0], further...)))
			if err != nil {
				t.Fatal(err)
			}
			t.Logf("%s: checked %d, equal %d, excepted %d", p.folder, r.Checked, r.Equal, len(r.Excepted))
			for _, row := range r.Wrong {
				t.Error(row)
			}
			if r.Checked != p.checked || len(r.Excepted) != p.excepted || r.Equal+len(r.Excepted) != r.Checked {
				t.Errorf("checked %d, equal %d, excepted %d; the tables have %d rows and %d exceptions", r.Checked, r.Equal, len(r.Excepted), p.checked, p.excepted)
			}
		})
	}
}
