package web

import (
	"cmp"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"io"
	"mime/multipart"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/text/unicode/norm"

	"kurultai/conference"
	"kurultai/drafting"
	"kurultai/paper"
	"kurultai/record"
	"kurultai/record/canonical"
)

// A form is made from the struct of an act's fields. What is typed comes back under the same names: field.x for a
// field, field.x.0 for the first of a list, field.x.en for a text in English, field.x.y for a part of a part.

// A Field is a control of a form, or a group of them.
type Field struct {
	Name, Label, Help string
	Kind              string // text, private, number, check, choice, area, digest, file, group or list
	Value             string
	Required          bool
	Lang              string   // of what is typed
	Options           []Option // of a choice; of a text: what is suggested
	Fields            []Field  // of a group; rows of a list
	Wrong             string   // what is wrong with it
}

// Option is one of several values.
type Option struct {
	Value, Label string
	Here         bool
}

// Row says under which name more of a list is asked for.
func (f Field) Row() string { return strings.TrimPrefix(f.Name, "field.") }

// A form is the controls of one act, and what was typed into them.
type form struct {
	t       teller
	act     *conference.Act
	meeting conference.MeetingID
	reader  conference.Reader // who fills it in
	values  url.Values
	files   map[string][]*multipart.FileHeader
}

// maxRows bounds the lists of a form.
const maxRows = 300

// fields makes the controls of the act.
func (b *form) fields() []Field { return b.group(b.act.Fields, "field") }

func (b *form) group(t reflect.Type, name string) (list []Field) {
	catalogue := Schema(t).Properties
	for i := range t.NumField() {
		key, rest, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
		if key == "" {
			continue // the mark of a tuple
		}
		f := b.field(t.Field(i).Type, name+"."+key)
		if words, ok := vocabularies[t.Name()+"."+key]; ok {
			b.offer(&f, words)
		}
		f.Label, f.Required = b.label(key), rest != "omitempty" && f.Kind != "check"
		f.Help = b.help(t.Name(), key, f.Kind)
		b.suggest(&f, t, key)
		if p := catalogue[key]; p != nil {
			f.Value = cmp.Or(f.Value, b.id(t.Field(i).Type, key, p.Description))
		}
		if f.Kind == "list" {
			for i := range f.Fields {
				f.Fields[i].Label = number(b.t.l, int64(i+1)) // under the legend of the list
			}
		}
		list = append(list, f)
	}
	return list
}

// id proposes an id for what is new: nobody who fills in a form need think of one.
func (b *form) id(t reflect.Type, key, help string) string {
	switch {
	case !b.chooses():
	case t == reflect.TypeFor[conference.PersonID]() && b.act.Name == "RegisterPerson":
		var id [16]byte
		rand.Read(id[:])
		return hex.EncodeToString(id[:])
	case strings.Contains(help, "chosen by"):
		return fmt.Sprintf("%s-%d-%s", key[:1], b.t.s.Size, strings.ToLower(rand.Text()[:4]))
	}
	return ""
}

// suggest proposes the symbol of a paper that is entered: the next free one of a series, or what follows from the paper it
// comes after.
func (b *form) suggest(f *Field, in reflect.Type, key string) {
	if key != "symbol" || b.act.Fields != in {
		return
	}
	var list []conference.Symbol
	what := map[string]string{"IssueRevision": "Rev", "IssueAddendum": "Add", "IssueCorrigendum": "Corr"}[b.act.Name]
	switch {
	case b.act.Name == "RegisterDocument":
		list = b.t.s.NextSymbols(b.meeting, b.t.s.Last)
	case what != "":
		for _, d := range b.t.s.Documents(b.meeting, b.reader) {
			if d.Successor == "" && !d.Withdrawn {
				list = append(list, b.t.s.SymbolAfter(d.Symbol, what))
			}
		}
	default:
		return
	}
	if len(list) == 0 { // a body that names no series is shown the symbols there are
		return
	}
	f.Kind, f.Options = "text", nil
	for _, symbol := range list {
		f.Options = append(f.Options, Option{Value: string(symbol)})
	}
	if what == "" {
		f.Value = cmp.Or(f.Value, string(list[0]))
	}
}

// label is what a field is called: in this act, else in any.
func (b *form) label(key string) string {
	for _, name := range []string{"field." + b.act.Name + "." + key, "field." + key} {
		if b.t.l.Has(name) {
			return b.t.l.Say(name)
		}
	}
	return key
}

// help says how a field is filled in: in the struct it stands in, else in any, else as its kind of control is. It is
// empty where the label says it all.
func (b *form) help(in, key, kind string) string {
	for _, name := range []string{"field." + in + "." + key + ".help", "field." + key + ".help", "field." + kind + ".help"} {
		if b.t.l.Has(name) {
			return b.t.l.Say(name)
		}
	}
	return ""
}

var (
	instantType, digestType, blobType, sealedType = reflect.TypeFor[record.Instant](), reflect.TypeFor[record.Digest](), reflect.TypeFor[record.Blob](), reflect.TypeFor[record.Sealed]()
	sealedBlobType                                = reflect.TypeFor[record.SealedBlob]()
	namesType, sealedNameType, valueType          = reflect.TypeFor[conference.Names](), reflect.TypeFor[conference.SealedName](), reflect.TypeFor[canonical.Value]()
	nameType, tupleType                           = reflect.TypeFor[conference.Name](), reflect.TypeFor[canonical.Tuple]()
)

// isTuple reports whether a struct stands as an array.
func isTuple(t reflect.Type) bool {
	return t.Kind() == reflect.Struct && t.NumField() > 0 && t.Field(0).Type == tupleType
}

// isByLanguage reports whether a list holds one text a language, and whether the texts are private.
func isByLanguage(t reflect.Type) (private, ok bool) {
	if t.Kind() != reflect.Slice {
		return false, false
	}
	return t.Elem() == sealedNameType, t.Elem() == nameType || t.Elem() == sealedNameType
}

func (b *form) field(t reflect.Type, name string) Field {
	f := Field{Name: name, Kind: "text", Value: b.values.Get(name), Help: ""}
	if private, ok := isByLanguage(t); ok {
		f.Kind, f.Fields = "group", b.texts(name, private)
		return f
	}
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch t {
	case digestType:
		f.Kind = "digest"
		return f
	case blobType, sealedBlobType:
		f.Kind = "file"
		return f
	case sealedType:
		f.Kind = "private"
		return f
	case valueType:
		f.Kind = "area"
		return f
	}
	switch {
	case isTuple(t):
		f.Kind = "group"
		for i := 1; i < t.NumField(); i++ {
			part := b.field(t.Field(i).Type, fmt.Sprintf("%s.%d", name, i-1))
			key := strings.ToLower(t.Field(i).Name)
			part.Label, part.Help = b.label(key), b.help(t.Name(), key, part.Kind)
			f.Fields = append(f.Fields, part)
		}
	case t.Kind() == reflect.Struct:
		f.Kind, f.Fields = "group", b.group(t, name)
	case t.Kind() == reflect.Slice:
		f.Kind = "list"
		for i := range min(b.rows(name)+1, maxRows) {
			f.Fields = append(f.Fields, b.field(t.Elem(), fmt.Sprintf("%s.%d", name, i)))
		}
	case t.Kind() == reflect.Bool:
		f.Kind = "check"
	case t == instantType:
		f.Kind = "text"
	case t.Kind() == reflect.Int64:
		f.Kind = "number"
	default:
		b.choose(&f, t)
	}
	return f
}

// texts has a control for each language of the body.
func (b *form) texts(name string, private bool) (list []Field) {
	kind := map[bool]string{true: "private", false: "text"}[private]
	for _, l := range b.t.s.Body.Languages {
		at := name + "." + string(l)
		list = append(list, Field{Name: at, Kind: kind, Label: b.t.tongue(l), Value: b.values.Get(at), Lang: string(l)})
	}
	return list
}

// rows counts the rows of a list that were sent.
func (b *form) rows(name string) (n int) {
	for key := range b.values {
		rest, ok := strings.CutPrefix(key, name+".")
		digits, _, _ := strings.Cut(rest, ".")
		if i, err := strconv.Atoi(digits); ok && err == nil && i >= n && i < maxRows {
			n = i + 1
		}
	}
	return n
}

// chooses reports whether the act names what is new: an act that may find an id or a symbol taken chooses one, so what
// there is already is only suggested.
func (b *form) chooses() bool {
	taken := func(c conference.Code) bool { return c == "id-taken" || c == "symbol-taken" }
	return slices.ContainsFunc(b.act.Refusals, taken) || strings.HasPrefix(b.act.Name, "Name")
}

// choose offers what there is of a kind of thing.
func (b *form) choose(f *Field, t reflect.Type) {
	f.Options = b.options(t)
	if t == reflect.TypeFor[conference.ProposalID]() {
		f.Options = b.drafts(strings.TrimRight(f.Name, ".0123456789"))
	}
	if len(f.Options) == 0 || b.chooses() && t != reflect.TypeFor[conference.Capacity]() {
		return
	}
	f.Kind = "choice"
	for i := range f.Options {
		f.Options[i].Here = f.Options[i].Value == f.Value
	}
	if f.Value != "" && !slices.ContainsFunc(f.Options, func(o Option) bool { return o.Here }) {
		f.Options = append(f.Options, Option{f.Value, f.Value, true})
	}
}

// options lists what the state holds of a type of id, at the meeting where it is of one.
func (b *form) options(t reflect.Type) (list []Option) {
	s, add := b.t.s, func(value, label string) { list = append(list, Option{Value: value, Label: cmp.Or(label, value)}) }
	switch t {
	case reflect.TypeFor[conference.PartyID]():
		for _, p := range s.Parties() {
			add(string(p.ID), b.t.party(p.ID))
		}
	case reflect.TypeFor[conference.PersonID]():
		for _, p := range s.People() {
			add(string(p.ID), b.t.person(p.ID)+" · "+string(p.ID)[:4])
		}
	case reflect.TypeFor[conference.MeetingID]():
		for _, m := range s.Meetings() {
			add(string(m.MeetingConvened.Meeting), paper.Roman(m.Ordinal)+" "+b.t.place(m.Place))
		}
	case reflect.TypeFor[conference.PlaceID]():
		for _, p := range s.Places() {
			add(string(p.Place), b.t.place(p.Place))
		}
	case reflect.TypeFor[conference.ItemID]():
		for _, i := range s.Items(b.meeting) {
			add(string(i.ID), in(i.Title, b.t.l, string(i.ID)))
		}
	case reflect.TypeFor[conference.Symbol]():
		for _, d := range s.Documents(b.meeting, b.reader) {
			add(string(d.Symbol), "")
		}
	case reflect.TypeFor[conference.InstrumentID]():
		for _, i := range s.Instruments() {
			add(string(i.Instrument), in(i.Title, b.t.l, string(i.Instrument)))
		}
	case reflect.TypeFor[conference.RequestID]():
		for _, q := range s.SpeakersList(b.meeting) {
			add(string(q.ID), b.t.party(q.Party))
		}
	case reflect.TypeFor[conference.MotionID]():
		for _, m := range s.Motions(b.meeting) {
			add(string(m.ID), b.t.word("motionkind", m.Sort)+" · "+b.t.party(m.Party))
		}
	case reflect.TypeFor[conference.QuestionID]():
		if q, ok := s.Pending(b.meeting); ok {
			add(string(q.ID), "")
		}
		for _, q := range s.Results(b.meeting) {
			add(string(q.ID), "")
		}
	case reflect.TypeFor[conference.ElectionID]():
		for _, e := range s.Elections(b.meeting) {
			add(string(e.ID), "")
		}
	case reflect.TypeFor[conference.Language]():
		for _, l := range s.Body.Languages {
			add(string(l), b.t.tongue(l))
		}
	case reflect.TypeFor[conference.Capacity]():
		for _, c := range conference.Capacities {
			add(string(c), b.t.l.Say("capacity."+string(c)))
		}
	case reflect.TypeFor[conference.Part]():
		for _, p := range []string{"head", "member", "observer", "guest"} {
			add(p, b.t.l.Say("word.part."+p))
		}
	}
	return list
}

// drafts lists the drafts before the meeting, or the amendments to them where a control is for those: both have ids of
// one kind.
func (b *form) drafts(name string) (list []Option) {
	amendments := strings.HasSuffix(name, ".amendment") || b.act.Name == "OrderAmendments" && !strings.HasSuffix(name, ".proposal")
	for _, p := range b.t.s.Proposals(b.meeting) {
		if !amendments {
			list = append(list, Option{Value: string(p.ID), Label: string(p.ID) + " · " + string(p.Symbol)})
			continue
		}
		for _, a := range b.t.s.AmendmentsTo(p.ID) {
			list = append(list, Option{Value: string(a.ID), Label: string(a.ID) + " · " + string(p.Symbol)})
		}
	}
	return list
}

// An errTyped says which control holds what cannot be read.
type errTyped struct{ name, why string }

func (e errTyped) Error() string { return strings.TrimPrefix(e.name, "field.") + ": " + e.why }

// typed reads what was typed, and uploaded, into the fields of the act. What was left empty is absent.
func (b *form) typed() (v canonical.Value, blobs [][]byte, err error) {
	v, err = b.read(b.act.Fields, "field", &blobs)
	return originalOf(b.act, v, blobs), blobs, err
}

// originalOf gives a paper whose file came, and no other digest of its text, the digest of the file; and one whose file is a
// text, and that names no paragraphs, the names of those it has.
func originalOf(act *conference.Act, v canonical.Value, blobs [][]byte) canonical.Value {
	file := v.Get("file").Get("private").Get("blob")
	if file.Kind != canonical.String {
		return v
	}
	give := func(key string, value canonical.Value) {
		_, asked := act.Fields.FieldByNameFunc(func(name string) bool { return strings.ToLower(name) == key })
		if at, has := slices.BinarySearch(v.Keys, key); asked && !has {
			v.Keys, v.Items = slices.Insert(v.Keys, at, key), slices.Insert(v.Items, at, value)
		}
	}
	give("text", file)
	for _, b := range blobs {
		if string(record.DigestOf(b)) != file.Str {
			continue
		}
		if t, err := drafting.Parse(b); err == nil && len(t.Names()) > 0 {
			names := canonical.Value{Kind: canonical.Array}
			for _, name := range t.Names() {
				names.Items = append(names.Items, canonical.Value{Kind: canonical.String, Str: name})
			}
			give("paragraphs", names)
		}
	}
	return v
}

func (b *form) read(t reflect.Type, name string, blobs *[][]byte) (none canonical.Value, err error) {
	if private, ok := isByLanguage(t); ok {
		return b.readTexts(name, private), nil
	}
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	text := norm.NFC.String(strings.TrimSpace(strings.ReplaceAll(b.values.Get(name), "\r\n", "\n")))
	switch t {
	case digestType, blobType, sealedBlobType:
		return b.readFile(t, name, text, blobs)
	case sealedType:
		return private(text), nil
	case valueType:
		if text == "" {
			return none, nil
		}
		v, err := readJSON([]byte(text), true)
		if err != nil {
			return none, errTyped{name, err.Error()}
		}
		return v, nil
	}
	switch {
	case isTuple(t):
		return b.readTuple(t, name, blobs)
	case t.Kind() == reflect.Struct:
		return b.readObject(t, name, blobs)
	case t.Kind() == reflect.Slice:
		return b.readList(t, name, blobs)
	case text == "":
		return none, nil
	case t.Kind() == reflect.Bool:
		return canonical.Value{Kind: canonical.True}, nil
	case t.Kind() == reflect.Int64 && t != instantType:
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil || n > canonical.MaxInt || n < -canonical.MaxInt {
			return none, errTyped{name, "no whole number"}
		}
		return canonical.Value{Kind: canonical.Int, Int: n}, nil
	}
	return canonical.Value{Kind: canonical.String, Str: text}, nil
}

// private is a private value on its way to be sealed.
func private(text string) canonical.Value {
	if text == "" {
		return canonical.Value{}
	}
	return canonical.Value{Kind: canonical.Object, Keys: []string{"private"}, Items: []canonical.Value{{Kind: canonical.String, Str: text}}}
}

func (b *form) readTexts(name string, secret bool) canonical.Value {
	v := canonical.Value{Kind: canonical.Array}
	for _, l := range slices.Sorted(slices.Values(b.t.s.Body.Languages)) {
		text := norm.NFC.String(strings.TrimSpace(b.values.Get(name + "." + string(l))))
		if text == "" {
			continue
		}
		item := canonical.Value{Kind: canonical.String, Str: text}
		if secret {
			item = private(text)
		}
		v.Items = append(v.Items, canonical.Value{Kind: canonical.Array, Items: []canonical.Value{{Kind: canonical.String, Str: string(l)}, item}})
	}
	return orAbsent(v)
}

func orAbsent(v canonical.Value) canonical.Value {
	if len(v.Items) == 0 {
		return canonical.Value{}
	}
	return v
}

// readFile takes the digest of an uploaded file, or what was typed; a blob's bytes go with the act.
func (b *form) readFile(t reflect.Type, name, text string, blobs *[][]byte) (none canonical.Value, err error) {
	sent := b.files["file."+strings.TrimPrefix(name, "field.")]
	var content []byte
	switch {
	case len(sent) > 0 && sent[0].Size > 0:
		f, err := sent[0].Open()
		if err != nil {
			return none, fmt.Errorf("reading an uploaded file: %w", err)
		}
		defer f.Close()
		content = make([]byte, sent[0].Size)
		if _, err := io.ReadFull(f, content); err != nil {
			return none, fmt.Errorf("reading an uploaded file: %w", err)
		}
	case text == "":
		return none, nil
	case t == digestType:
		return canonical.Value{Kind: canonical.String, Str: text}, nil
	case t == sealedBlobType: // a text that was written here is the file
		content = []byte(text + "\n")
	default:
		return none, nil
	}
	digest := canonical.Value{Kind: canonical.String, Str: string(record.DigestOf(content))}
	if t == digestType {
		return digest, nil
	}
	*blobs = append(*blobs, content)
	blob := canonical.Value{Kind: canonical.Object, Keys: []string{"blob", "size"}, Items: []canonical.Value{digest, {Kind: canonical.Int, Int: int64(len(content))}}}
	if t == sealedBlobType {
		return canonical.Value{Kind: canonical.Object, Keys: []string{"private"}, Items: []canonical.Value{blob}}, nil
	}
	return blob, nil
}

func (b *form) readTuple(t reflect.Type, name string, blobs *[][]byte) (canonical.Value, error) {
	v := canonical.Value{Kind: canonical.Array}
	for i := 1; i < t.NumField(); i++ {
		item, err := b.read(t.Field(i).Type, fmt.Sprintf("%s.%d", name, i-1), blobs)
		if err != nil {
			return v, err
		}
		if item.Kind != canonical.Invalid {
			v.Items = append(v.Items, item)
		}
	}
	return orAbsent(v), nil
}

func (b *form) readObject(t reflect.Type, name string, blobs *[][]byte) (canonical.Value, error) {
	v := canonical.Value{Kind: canonical.Object}
	for i := range t.NumField() {
		key, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
		item, err := b.read(t.Field(i).Type, name+"."+key, blobs)
		if err != nil {
			return v, err
		}
		if item.Kind != canonical.Invalid {
			at, _ := slices.BinarySearch(v.Keys, key)
			v.Keys, v.Items = slices.Insert(v.Keys, at, key), slices.Insert(v.Items, at, item)
		}
	}
	return orAbsent(v), nil
}

func (b *form) readList(t reflect.Type, name string, blobs *[][]byte) (canonical.Value, error) {
	v := canonical.Value{Kind: canonical.Array}
	for i := range b.rows(name) {
		item, err := b.read(t.Elem(), fmt.Sprintf("%s.%d", name, i), blobs)
		if err != nil {
			return v, err
		}
		if item.Kind != canonical.Invalid {
			v.Items = append(v.Items, item)
		}
	}
	return orAbsent(v), nil
}

// flat writes fields as the names and values of a form, as they are linked to or kept in hidden controls.
func flat(to url.Values, name string, v canonical.Value) {
	switch v.Kind {
	case canonical.Object:
		for i, key := range v.Keys {
			flat(to, name+"."+key, v.Items[i])
		}
	case canonical.Array:
		for i, item := range v.Items {
			if item.Kind == canonical.Array && len(item.Items) == 2 && item.Items[1].Kind == canonical.String && len(item.Items[0].Str) == 2 {
				to.Set(name+"."+item.Items[0].Str, item.Items[1].Str)
				continue
			}
			flat(to, fmt.Sprintf("%s.%d", name, i), item)
		}
	case canonical.Int:
		to.Set(name, strconv.FormatInt(v.Int, 10))
	case canonical.True:
		to.Set(name, "true")
	case canonical.String:
		to.Set(name, v.Str)
	}
}

// blame marks the control a refusal speaks of: the one it names, or the one that holds what it names.
func blame(fields []Field, p *Problem) bool {
	if p == nil || len(p.Args) == 0 {
		return false
	}
	for i := range fields {
		f := &fields[i]
		path := strings.TrimPrefix(f.Name, "field.")
		named := p.Code == "malformed" && (p.Args[0] == path || strings.HasPrefix(p.Args[0], path+":"))
		if named || f.Value != "" && slices.Contains(p.Args, f.Value) {
			f.Wrong = p.Title
			return true
		}
		if blame(f.Fields, p) {
			return true
		}
	}
	return false
}
