package conference

import "testing"

// Parts of a draft are voted on before it (GA 89).
func TestPartsComeBeforeTheDraft(t *testing.T) {
	d := brought(t, then(divided, chair("OpenItem", `{"item":"i"}`)), act{})
	if x := d.Next("m", d.Last); x.Code != "put-part" || x.Args[0].ID != "op1" || x.Act != "PutQuestion" || x.Rule == "" {
		t.Errorf("next is %+v", x)
	}
}
