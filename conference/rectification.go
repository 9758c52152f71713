package conference

import (
	"slices"

	"kurultai/record"
)

// A Correction of an authentic text, proposed by the depositary (VCLT 79).
type Correction struct {
	CorrectionProposed
	State    string // open, objected or rectified
	Objected []PartyID
	Index    int64 // entry that proposed it
	Changed  int64 // entry that changed it last

	At, ChangedAt record.Instant // when those entries were recorded
}

type (
	// ProposeCorrection proposes to correct an error in an authentic text.
	ProposeCorrection struct {
		Correction NoteID       `json:"correction" jsonschema:"id of the correction"`
		Instrument InstrumentID `json:"instrument" jsonschema:"id of the instrument"`
		Language   Language     `json:"language" jsonschema:"of the text that has the error"`
		Error      string       `json:"error" jsonschema:"the words as they stand, and where"`
		Text       string       `json:"text" jsonschema:"the words as they should be"`
		Until      Date         `json:"until" jsonschema:"the last day for objections"`
	}
	// CorrectionProposed is what ProposeCorrection causes.
	CorrectionProposed ProposeCorrection
	// ObjectToCorrection objects for your party to a correction.
	ObjectToCorrection struct {
		Correction NoteID `json:"correction" jsonschema:"id of the correction"`
		Reason     string `json:"reason" jsonschema:"why"`
	}
	// CorrectionObjected is what ObjectToCorrection causes: the text stays as it was.
	CorrectionObjected struct {
		Correction NoteID       `json:"correction"`
		Instrument InstrumentID `json:"instrument"`
		Party      PartyID      `json:"party"`
		Reason     string       `json:"reason"`
	}
	// TextRectified says that nobody objected: the corrected text replaces the other from the beginning (VCLT 79(4)).
	TextRectified struct {
		Correction NoteID       `json:"correction"`
		Instrument InstrumentID `json:"instrument"`
	}
)

// Corrections lists corrections of an instrument's texts, in order of entry.
func (s *State) Corrections(id InstrumentID) (list []Correction) {
	for _, x := range s.depositary.corrections.All() {
		if x.Instrument == id {
			list = append(list, x)
		}
	}
	slices.SortStableFunc(list, func(a, b Correction) int { return int(a.Index - b.Index) })
	return list
}

func correctionID(id NoteID) string { return "correction/" + string(id) }

func rectification(ed *edition) {
	set := func(s *State, x Correction) {
		s.depositary.corrections = s.depositary.corrections.Set(string(x.Correction), x)
		s.changeInstrument(x.Instrument, x.Changed, func(*Instrument) {})
	}
	does(ed, Act{
		Name: "ProposeCorrection", Title: "Propose a correction", Help: "The depositary proposes to correct an error in an authentic text; it is corrected unless somebody objects by a day.",
		Who: []Capacity{Depositary}, Attested: true, Rule: "VCLT 79(2)", Refusals: []Code{"unknown-instrument", "id-taken", "not-authentic-text", "until-passed"}, Causes: []string{"CorrectionProposed"}, Timed: true,
	}, func(s *State, c *Call, f *ProposeCorrection) ([]Event, *Refusal) {
		i, r := s.instrument(f.Instrument)
		switch {
		case r != nil:
		case s.depositary.corrections.Has(string(f.Correction)):
			r = refuse("id-taken", "doc/record.md 5", f.Correction)
		case !slices.ContainsFunc(i.Texts, func(t AuthenticText) bool { return t.Language == f.Language }):
			r = refuse("not-authentic-text", "VCLT 79", f.Language)
		case len(f.Until) != 10 || f.Until.begins() <= c.At:
			r = refuse("until-passed", "VCLT 79(2)", f.Until)
		}
		e := CorrectionProposed(*f)
		return []Event{{Body: &e}}, r
	})
	happens(ed, func(s *State, h Happened, b *CorrectionProposed) {
		set(s, Correction{CorrectionProposed: *b, State: "open", Index: h.Index, Changed: h.Index, At: h.At, ChangedAt: h.At})
		s.falls(b.Until.begins().AddHours(24), correctionID(b.Correction), Event{Body: &TextRectified{b.Correction, b.Instrument}})
	})
	does(ed, Act{
		Name: "ObjectToCorrection", Title: "Object to a correction", Help: "Objects for your party to a correction before its last day; the text stays as it was.",
		Who: depositors, Attested: true, Rule: "VCLT 79(2)(b)", Refusals: []Code{"unknown-correction", "period-over", "not-contracting"}, Causes: []string{"CorrectionObjected"}, Timed: true,
	}, func(s *State, c *Call, f *ObjectToCorrection) ([]Event, *Refusal) {
		x, ok := s.depositary.corrections.Get(string(f.Correction))
		if !ok {
			return nil, refuse("unknown-correction", "VCLT 79", f.Correction)
		}
		if x.State == "rectified" {
			return nil, refuse("period-over", "VCLT 79(2)", x.Until)
		}
		i, _ := s.Instrument(x.Instrument)
		e := &CorrectionObjected{f.Correction, x.Instrument, PartyID(c.For), f.Reason}
		return []Event{{Body: e}}, s.contracting(i, PartyID(c.For), Date(c.At.String()[:10]))
	})
	happens(ed, func(s *State, h Happened, b *CorrectionObjected) {
		x := s.depositary.corrections.At(string(b.Correction))
		s.dues = s.dues.Delete(dueKey(x.Until.begins().AddHours(24), correctionID(b.Correction)))
		x.State, x.Objected, x.Changed, x.ChangedAt = "objected", append(slices.Clone(x.Objected), b.Party), h.Index, h.At
		set(s, x)
	})
	happens(ed, func(s *State, h Happened, b *TextRectified) {
		x := s.depositary.corrections.At(string(b.Correction))
		s.dues = s.dues.Delete(dueKey(x.Until.begins().AddHours(24), correctionID(b.Correction)))
		x.State, x.Changed, x.ChangedAt = "rectified", h.Index, h.At
		set(s, x)
	})
}
