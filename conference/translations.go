package conference

import (
	"slices"

	"kurultai/record"
)

// A Translation is a paper on its way into a further language: ordered, handed in by its translator, issued once
// somebody else has revised it. It rests on the text of the original that its translator had.
type Translation struct {
	Language   Language
	Translator PersonID
	Due        Date // to be handed in on that day at the latest; "": no day was set
	State      string
	Base       record.Digest // of the original it is made from
	Text       record.Digest // of what was handed in or issued; "" before
	File       *record.SealedBlob
	Index      int64 // entry that changed it last
}

// A Work is a translation of a paper.
type Work struct {
	Document Document
	Translation
}

// Stale reports whether the original has changed since the translation was ordered or made.
func (w Work) Stale() bool { return w.Base != w.Document.Versions[0].Text }

// Late reports whether a translation was to be handed in before a day and was not.
func (t Translation) Late(today Date) bool {
	return t.State == "ordered" && t.Due != "" && t.Due < today
}

// Translations lists what the language section has before it of the papers a reader may read: what is ordered, handed in
// and not revised, or made from a text that has changed since. Papers that are withdrawn or replaced are left out. In
// order of symbol, then of language.
func (s *State) Translations(r Reader) (list []Work) {
	for _, d := range s.documents.papers.All() {
		if d.Withdrawn || d.Successor != "" || !s.Reads(r, d) {
			continue
		}
		for _, t := range d.Translations {
			if w := (Work{d, t}); t.State != "issued" || w.Stale() {
				list = append(list, w)
			}
		}
	}
	return list
}

type (
	// OrderTranslation has a paper translated by somebody.
	OrderTranslation struct {
		Symbol     Symbol   `json:"symbol" jsonschema:"the paper"`
		Language   Language `json:"language" jsonschema:"the language it is to be translated into"`
		Translator PersonID `json:"translator" jsonschema:"who translates it"`
		Due        Date     `json:"due,omitempty" jsonschema:"the last day on which it is to be handed in"`
	}
	// TranslationOrdered is what OrderTranslation causes.
	TranslationOrdered OrderTranslation
	// DeliverTranslation hands a translation in, to be revised by somebody else.
	DeliverTranslation struct {
		Symbol   Symbol             `json:"symbol" jsonschema:"the paper"`
		Language Language           `json:"language" jsonschema:"language of this text"`
		Text     record.Digest      `json:"text" jsonschema:"SHA-256 of the text"`
		Base     record.Digest      `json:"base" jsonschema:"SHA-256 of the original it was made from"`
		File     *record.SealedBlob `json:"file,omitempty" jsonschema:"the text itself; it is kept encrypted, for those who may read the paper"`
	}
	// TranslationDelivered is what DeliverTranslation causes.
	TranslationDelivered DeliverTranslation
)

// changeTranslation changes a paper's translation into a language, which it begins where there is none.
func (d *Document) changeTranslation(l Language, index int64, change func(*Translation)) {
	d.Translations = slices.Clone(d.Translations)
	at, found := slices.BinarySearchFunc(d.Translations, l, func(t Translation, l Language) int {
		switch {
		case t.Language < l:
			return -1
		case t.Language > l:
			return 1
		}
		return 0
	})
	if !found {
		d.Translations = slices.Insert(d.Translations, at, Translation{Language: l})
	}
	change(&d.Translations[at])
	d.Translations[at].Index = index
}

// translation is a paper's translation into a language.
func (d Document) translation(l Language) (Translation, bool) {
	for _, t := range d.Translations {
		if t.Language == l {
			return t, true
		}
	}
	return Translation{}, false
}

func translations(ed *edition) {
	does(ed, Act{
		Name: "OrderTranslation", Title: "Order a translation", Help: "Has a paper translated by somebody until a day; ordered again, it passes to another or gets another day.",
		Who: []Capacity{Secretary}, Rule: "GA 51-57", Refusals: []Code{"unknown-symbol", "superseded", "original-language", "unknown-person", "day-passed", "already-ordered"}, Causes: []string{"TranslationOrdered"},
	}, func(s *State, c *Call, f *OrderTranslation) ([]Event, *Refusal) {
		d, r := s.paper(f.Symbol)
		t, ordered := d.translation(f.Language)
		p, known := s.Person(f.Translator)
		switch {
		case r != nil:
			return nil, r
		case d.Successor != "":
			return nil, refuse("superseded", "symbols are given once", f.Symbol, d.Successor)
		case f.Language == d.Original:
			return nil, refuse("original-language", "GA 51-57", f.Language)
		case !known || p.Forgotten:
			return nil, refuse("unknown-person", "practice", f.Translator)
		case f.Due != "" && f.Due.begins().AddHours(24) <= c.At:
			return nil, refuse("day-passed", "practice", f.Due)
		case ordered && t.State == "ordered" && t.Translator == f.Translator && t.Due == f.Due && t.Base == d.Versions[0].Text:
			return nil, refuse("already-ordered", "practice", f.Symbol, f.Language)
		}
		e := TranslationOrdered(*f)
		return []Event{{Body: &e}}, nil
	})
	happens(ed, func(s *State, h Happened, b *TranslationOrdered) {
		d := s.documents.papers.At(string(b.Symbol))
		d.changeTranslation(b.Language, h.Index, func(t *Translation) {
			*t = Translation{Language: b.Language, Translator: b.Translator, Due: b.Due, State: "ordered", Base: d.Versions[0].Text}
		})
		s.setDocument(d, h.Index)
	})
	does(ed, Act{
		Name: "DeliverTranslation", Title: "Hand in a translation", Help: "Hands in a translation that was ordered; somebody else revises it before it is issued.",
		Who: []Capacity{Secretary, Myself}, Rule: "GA 51-57", Refusals: []Code{"unknown-symbol", "not-ordered", "not-translator", "base-changed"}, Causes: []string{"TranslationDelivered"},
		Sealed: map[string]string{"file": OfPaper},
	}, func(s *State, c *Call, f *DeliverTranslation) ([]Event, *Refusal) {
		d, r := s.paper(f.Symbol)
		t, ok := d.translation(f.Language)
		switch {
		case r != nil:
			return nil, r
		case !ok || t.State == "issued":
			return nil, refuse("not-ordered", "practice", f.Symbol, f.Language)
		case c.As == string(Myself) && t.Translator != PersonID(c.By):
			return nil, refuse("not-translator", "practice", f.Symbol, f.Language)
		case d.Versions[0].Text != f.Base:
			return nil, refuse("base-changed", "practice", f.Symbol)
		}
		e := TranslationDelivered(*f)
		return []Event{{Body: &e}}, nil
	})
	happens(ed, func(s *State, h Happened, b *TranslationDelivered) {
		d := s.documents.papers.At(string(b.Symbol))
		d.changeTranslation(b.Language, h.Index, func(t *Translation) {
			t.State, t.Base, t.Text, t.File = "delivered", b.Base, b.Text, b.File
		})
		s.setDocument(d, h.Index)
	})
}
