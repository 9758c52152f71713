package conference

import (
	"slices"
	"testing"
)

// More than one person signs for a party where the instrument says so: each in its own name, under its own powers, all in
// one way, each in a field of its own. The instrument is signed when all have.
func TestSeveralPersonsSignForAParty(t *testing.T) {
	d := newDesk(t)
	for _, a := range several {
		d.must(t, a)
	}
	refused := func(what string, code Code, a act) {
		t.Helper()
		if r := d.decide(d.submitted(t, a)); r == nil || r.Code != code {
			t.Errorf("%s: %v, want %s", what, r, code)
		}
	}
	second := func(fields string) act { return delegate("Sign", `{"instrument":"t",`+fields+`}`) }
	refused("under another's powers", "no-full-powers", second(`"mode":"ad-referendum"`))
	refused("the same person again", "already-signed", sign)
	i, _ := d.Instrument("t")
	if n := i.SignedParties(); n != 0 {
		t.Errorf("%d parties have signed when one of two persons has", n)
	}
	d.must(t, second(`"mode":"ad-referendum","exOfficio":"foreign-minister"`))
	refused("a third person", "already-signed", second(`"mode":"ad-referendum","exOfficio":"foreign-minister"`))
	if len(d.Facts("InstrumentSigned")) != 0 {
		t.Error("it is signed before the last party has")
	}
	d.must(t, headB("Sign", `{"instrument":"t","mode":"definitive","exOfficio":"head-of-state"}`))
	if len(d.Facts("InstrumentSigned")) != 1 {
		t.Error("it is not signed when all have")
	}

	d.must(t, issueI)
	d.must(t, certify)
	d.must(t, depositary("EnterSignature", value))
	penB := delegate("TakePen", `{"instrument":"t"}`)
	for _, a := range []act{penB, delegate("EnterSignature", value)} {
		d.must(t, a)
	}
	refused("one person twice on the paper", "already-on-paper", penB)
	d.must(t, pen)
	d.must(t, head("EnterSignature", value))
	refused("after both", "already-on-paper", pen)
	i, _ = d.Instrument("t")
	var fields []string
	for _, e := range i.Entered {
		fields = append(fields, e.Field)
	}
	if want := []string{"s0", "s1", "s1b"}; !slices.Equal(fields, want) {
		t.Errorf("signed in %v, not %v", fields, want)
	}
	if got := slices.Concat(i.FieldsOf("b"), i.FieldsOf("zz")); !slices.Equal(got, []string{"s2"}) {
		t.Errorf("others sign in %v", got)
	}
	d.must(t, head("ConfirmSignature", `{"instrument":"t"}`))
	if i, _ = d.Instrument("t"); i.SignedBy("a")[0].Confirmed == 0 || i.SignedBy("a")[1].Confirmed == 0 {
		t.Error("the party confirmed one of its signatures alone")
	}
}

// Nobody signs by another's right: not under powers another party gave, not by an office the record gives otherwise, and on
// the paper whoever signed in law.
func TestNobodySignsByAnothersRight(t *testing.T) {
	rows := 0
	for _, row := range []struct {
		what   string
		code   Code
		before []act
		act    act
	}{
		{"powers of another party", "no-full-powers", then(signing, headB("DepositFullPowers", `{"instrument":"t","person":"pid:5","covers":["ad-referendum"],"office":"foreign-minister","paper":"‹x›"}`), accepted), sign},
		{"an office that is another", "no-full-powers", then(signing, head("NominateDelegation", `{"party":"a","members":[{"person":"pid:5","role":"head","office":"director"}]}`)), head("Sign", `{"instrument":"t","mode":"definitive","exOfficio":"head-of-state"}`)},
		{"another's pen", "not-signed", sealed_, delegate("TakePen", `{"instrument":"t"}`)},
		{"an office that needs powers", "malformed", signing, head("Sign", `{"instrument":"t","mode":"definitive","exOfficio":"director"}`)},
		{"powers for no way of signing", "malformed", signing, head("DepositFullPowers", `{"instrument":"t","person":"pid:5","covers":["anything"],"office":"foreign-minister","paper":"‹x›"}`)},
	} {
		d := newDesk(t)
		for _, a := range row.before {
			d.must(t, a)
		}
		if r := d.decide(d.submitted(t, row.act)); r == nil || r.Code != row.code {
			t.Errorf("%s: %v, want %s", row.what, r, row.code)
		}
		rows++
	}
	d := newDesk(t)
	for _, a := range then(signing, head("NominateDelegation", `{"party":"a","members":[{"person":"pid:5","role":"head","office":"head-of-state"}]}`), head("Sign", `{"instrument":"t","mode":"definitive","exOfficio":"head-of-state"}`)) {
		d.must(t, a)
	}
	if rows == 0 {
		t.Fatal("no row ran")
	}
	t.Logf("%d refused", rows)
}
