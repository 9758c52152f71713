package conference

import "testing"

// Parts of a draft are voted on before it (GA 89).
func TestPartsComeBeforeTheDraft(t *testing.T) {
	d := brought(t, then(divided, chair("OpenItem", `{"item":"i"}`)), act{})
	if x := d.Next("m", d.Last); x.Code != "put-part" || x.Args[0].ID != "op1" || x.Act != "PutQuestion" || x.Rule == "" {
		t.Errorf("next is %+v", x)
	}
}

// An item that was just opened is not offered to be closed: the Chair asks who wishes to speak, until somebody has, or
// nobody may.
func TestAnItemIsHeardBeforeItIsClosed(t *testing.T) {
	item := then(opened, desk1("ProposeItem", `{"item":"i","title":[["en","Item"]]}`), chair("AdoptAgenda", `{"items":["i"]}`), chair("OpenItem", `{"item":"i"}`))
	over := chair("EndFloor", `{"why":"done"}`)
	for _, c := range []struct {
		after []act
		code  Code
		act   string
	}{
		{nil, "ask-speakers", ""},
		{[]act{ask("r")}, "give-floor", "GiveFloor"},
		{[]act{ask("r"), head("WithdrawRequest", `{"request":"r"}`)}, "ask-speakers", ""},
		{[]act{ask("r"), give("r"), over}, "close-item", "CloseItem"},
		{[]act{chair("CloseList", ``)}, "close-item", "CloseItem"},
		{[]act{ask("r"), give("r"), over, chair("SuspendItem", `{"item":"i"}`), chair("OpenItem", `{"item":"i"}`)}, "ask-speakers", ""},
	} {
		d := brought(t, then(item, c.after...), act{})
		if x := d.Next("m", d.Last); x.Code != c.code || x.Act != c.act || x.Rule == "" {
			t.Errorf("after %d acts more, next is %+v, not %s", len(c.after), x, c.code)
		}
		for _, o := range d.Offers(PersonID(pid(4)), "m", d.Last) {
			if o.Act.Name == "CloseItem" && o.Refusal != nil {
				t.Errorf("after %d acts more, the item may not be closed: %v", len(c.after), o.Refusal)
			}
		}
	}
}
