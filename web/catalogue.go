package web

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/google/jsonschema-go/jsonschema"

	"kurultai/conference"
	"kurultai/depositary"
	"kurultai/language"
	"kurultai/record"
	"kurultai/record/canonical"
	"kurultai/rules"
)

// ActHelp explains an act to people and machines, in one language.
type ActHelp struct {
	Name       string             `json:"name"`
	Title      string             `json:"title"`
	Help       string             `json:"help"`
	Who        []string           `json:"who"`
	TwoPersons bool               `json:"twoPersons,omitempty"`
	Rule       string             `json:"rule"`
	Causes     []string           `json:"causes"`
	Closed     bool               `json:"closed,omitempty"`
	Timed      bool               `json:"timed,omitempty"`
	Attested   bool               `json:"attested,omitempty"`
	Desk       bool               `json:"desk,omitempty"`
	Refusals   []RefusalHelp      `json:"refusals"`
	Notices    []RefusalHelp      `json:"notices,omitempty"` // told besides, though the act is taken
	Schema     *jsonschema.Schema `json:"schema"`
	Fields     []FieldHelp        `json:"-"`
}

// RefusalHelp is a refusal an act may meet.
type RefusalHelp struct {
	Code     string `json:"code"`
	Sentence string `json:"sentence"`
	Remedy   string `json:"remedy"`
	Common   bool   `json:"common,omitempty"` // every act may meet it
}

// FieldHelp is a field of an act.
type FieldHelp struct {
	Name, Type, Help string
	Required         bool
}

// Explain makes the help of an act.
func Explain(a *conference.Act, l *language.Language) ActHelp {
	h := ActHelp{Name: a.Name, Title: l.Say("act." + a.Name), Help: l.Say("act." + a.Name + ".help"), TwoPersons: a.TwoPersons,
		Rule: a.Rule, Causes: slices.Concat([]string{}, a.Causes), Closed: a.Closed, Timed: a.Timed, Attested: a.Attested, Desk: a.Desk, Schema: Schema(a.Fields)}
	for _, w := range a.Who {
		h.Who = append(h.Who, string(w))
	}
	for _, codes := range [][]conference.Code{a.Refusals, a.OfFiles, conference.CommonRefusals} {
		for _, c := range codes {
			h.Refusals = append(h.Refusals, RefusalHelp{string(c), l.Say("refusal." + string(c)), l.Say("remedy." + string(c)), slices.Contains(conference.CommonRefusals, c)})
		}
	}
	for _, c := range a.Notices {
		h.Notices = append(h.Notices, RefusalHelp{Code: string(c), Sentence: l.Say("refusal." + string(c)), Remedy: l.Say("remedy." + string(c))})
	}
	for name, field := range h.Schema.Properties {
		h.Fields = append(h.Fields, FieldHelp{name, typeOf(field), field.Description, slices.Contains(h.Schema.Required, name)})
	}
	slices.SortFunc(h.Fields, func(a, b FieldHelp) int { return strings.Compare(a.Name, b.Name) })
	return h
}

// typeOf is a schema's type in a word.
func typeOf(s *jsonschema.Schema) string {
	switch {
	case s.Type == "array" && s.Items != nil && s.Items.Type != "":
		return "list of " + typeOf(s.Items)
	case s.Type == "array":
		return "list"
	case s.Type != "":
		return s.Type
	}
	return "value"
}

// Schema is the JSON Schema (2020-12) of an act's fields.
func Schema(t reflect.Type) *jsonschema.Schema {
	s, err := jsonschema.ForType(t, &jsonschema.ForOptions{TypeSchemas: schemas})
	if err != nil {
		panic(fmt.Sprintf("web: the schema of %s: %v", t, err)) // the catalogue is ours
	}
	return s
}

func pattern(p string) *jsonschema.Schema { return &jsonschema.Schema{Type: "string", Pattern: p} }

func pair(first, second *jsonschema.Schema) *jsonschema.Schema {
	two := 2
	return &jsonschema.Schema{Type: "array", PrefixItems: []*jsonschema.Schema{first, second}, MinItems: &two, MaxItems: &two}
}

// schemas are the shapes that Go types do not show: ids, pairs, references.
var schemas = func() map[reflect.Type]*jsonschema.Schema {
	id, language := "^[a-z0-9-]{1,40}$", pattern("^[a-z]{2,3}$")
	name := &jsonschema.Schema{Type: "string", MinLength: ptr(1)}
	sealed := &jsonschema.Schema{Type: "object", Required: []string{"sealed"}, Properties: map[string]*jsonschema.Schema{"sealed": pattern("^[A-Za-z0-9_-]{43}$")}}
	whole := &jsonschema.Schema{Type: "integer", Minimum: ptr(0.0)}
	m := map[reflect.Type]*jsonschema.Schema{
		reflect.TypeFor[conference.PersonID]():   pattern("^([0-9a-f]{32}|unnamed)$"),
		reflect.TypeFor[conference.Language]():   language,
		reflect.TypeFor[conference.Date]():       pattern("^[0-9]{4}(-[0-9]{2}(-[0-9]{2})?)?$"),
		reflect.TypeFor[conference.Name]():       pair(language, name),
		reflect.TypeFor[conference.Names]():      {Type: "array", Items: pair(language, name), MinItems: ptr(1)},
		reflect.TypeFor[conference.SealedName](): pair(language, sealed),
		reflect.TypeFor[record.Sealed]():         sealed,
		reflect.TypeFor[record.Blob]():           {Type: "object", Required: []string{"blob", "size"}, Properties: map[string]*jsonschema.Schema{"blob": pattern("^[A-Za-z0-9_-]{43}$"), "size": whole}},
		reflect.TypeFor[record.SealedBlob]():     {Type: "object", Required: []string{"sealed", "size"}, Properties: map[string]*jsonschema.Schema{"sealed": pattern("^[A-Za-z0-9_-]{43}$"), "size": {Type: "integer", Minimum: ptr(4096.0)}}},
		reflect.TypeFor[record.Instant]():        pattern(`^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z$`),
		reflect.TypeFor[conference.VotesFor]():   pair(pattern(id), whole),
		reflect.TypeFor[record.Digest]():         pattern("^[A-Za-z0-9_-]{43}$"),
		reflect.TypeFor[jsonschema.Schema]():     {Type: "object"},
		reflect.TypeFor[json.RawMessage]():       {Type: "object"},
		reflect.TypeFor[rules.Fraction]():        pair(whole, whole),
		reflect.TypeFor[depositary.Fraction]():   pair(whole, whole),
		reflect.TypeFor[depositary.Share]():      pair(pattern(id), whole),
		reflect.TypeFor[depositary.Date]():       pattern("^[0-9]{4}-[0-9]{2}-[0-9]{2}$"),
		reflect.TypeFor[rules.Weight]():          pair(pattern(id), whole),
		reflect.TypeFor[canonical.Value]():       {Type: "object", Required: []string{"kind"}, Properties: map[string]*jsonschema.Schema{"kind": pattern("^[A-Z][A-Za-z0-9]{0,39}$")}},
		reflect.TypeFor[conference.Part]():       {Type: "string", Enum: []any{"head", "member", "observer", "guest"}},
		reflect.TypeFor[conference.Capacity]():   {Type: "string", Enum: capacities()},
		reflect.TypeFor[conference.Symbol]():     pattern("^[A-Za-z0-9.-]+(/[A-Za-z0-9.-]+)*$"),
	}
	for _, t := range []reflect.Type{reflect.TypeFor[conference.BodyID](), reflect.TypeFor[conference.PartyID](), reflect.TypeFor[conference.OrganisationID](),
		reflect.TypeFor[conference.PlaceID](), reflect.TypeFor[conference.MeetingID](), reflect.TypeFor[conference.SourceID](), reflect.TypeFor[conference.InstrumentID](),
		reflect.TypeFor[conference.RequestID](), reflect.TypeFor[conference.NoteID](), reflect.TypeFor[conference.QuestionID](), reflect.TypeFor[conference.ProposalID](), reflect.TypeFor[conference.DecisionID](),
		reflect.TypeFor[conference.ItemID](), reflect.TypeFor[conference.MotionID](), reflect.TypeFor[conference.CandidateID](), reflect.TypeFor[conference.ElectionID](), reflect.TypeFor[conference.Term]()} {
		m[t] = pattern(id)
	}
	return m
}()

func ptr[T any](v T) *T { return &v }

var _ json.Marshaler = (*jsonschema.Schema)(nil)

func capacities() (list []any) {
	for _, c := range conference.Capacities {
		list = append(list, string(c))
	}
	return list
}
