package web

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"kurultai/conference"
	"kurultai/paper"
	"kurultai/record"
	"kurultai/record/canonical"
)

// The registry of a delegation or of the secretariat: sealed notes in and out, as this node knows them, and the pages on
// which they are written and opened. Text and subject are encrypted and decrypted by the script of the page, on the device
// of whoever writes or reads; this node is never sent them.
//
//	/LANG/registry                 notes in and out, deadlines, receipts; ?office=Head/xl of one of several offices, ?q= found
//	/LANG/registry/write           a note is written, ?answers=N to another
//	/LANG/registry/keys            the keys on deposit; one is made
//	/LANG/registry/N               a note
//	/LANG/registry/N/DIGEST        one of its ciphertexts
//	/LANG/registry/N/opening       what its closed entry holds (doc/record.md section 4)
//	/LANG/registry/all.json        the registry and the keys for programs
//	/LANG/registry/due.ics, .atom  deadlines, for a calendar and a reader of feeds

type (
	// RegistryView is a correspondent's registry and the keys on deposit, for programs.
	RegistryView struct {
		Origin string    `json:"origin"`
		As     string    `json:"as"`
		For    string    `json:"for,omitempty"` // absent: the secretariat
		Next   string    `json:"next"`          // a number that is free in its series
		Keys   []KeyView `json:"keys"`          // of all, withdrawn ones too
		Notes  []NoteView
	}
	// KeyView is a key on deposit.
	KeyView struct {
		Index       int64  `json:"index"`
		Party       string `json:"party,omitempty"`
		Recipient   string `json:"recipient"`
		Fingerprint string `json:"fingerprint"`
		Use         string `json:"use"`
		Stands      bool   `json:"stands"` // notes may be encrypted to it now
	}
	// NoteView is a note as its registry knows it.
	NoteView struct {
		Index       int64      `json:"index"`
		At          string     `json:"at"`
		From        string     `json:"from,omitempty"`
		Number      string     `json:"number"`
		Form        string     `json:"form"`
		Date        string     `json:"date"`
		To          []string   `json:"to,omitempty"`
		Secretariat bool       `json:"secretariat,omitempty"`
		Answers     int64      `json:"answers,omitempty"`
		Refers      int64      `json:"refers,omitempty"`
		Paper       string     `json:"paper,omitempty"`
		ReplyBy     string     `json:"replyBy,omitempty"`
		Mark        string     `json:"mark"`
		Passing     string     `json:"passing"`
		Plain       string     `json:"plain"`
		Copies      []string   `json:"copies"` // digests of the ciphertexts its reader's keys open
		Keys        []int64    `json:"keys"`   // it was encrypted to, now or later
		Holders     []string   `json:"holders"`
		Receipts    []string   `json:"receipts,omitempty"` // who confirmed; the secretariat is ""
		Asked       []AskedKey `json:"asked,omitempty"`    // keys for which a copy is wanted
		Withdrawn   int64      `json:"withdrawn,omitempty"`
		Overdue     bool       `json:"overdue,omitempty"`
	}
	// AskedKey is one for which somebody asks for a copy of a note.
	AskedKey struct {
		Key   int64  `json:"key"`
		Party string `json:"party,omitempty"`
	}
)

// An errand is a reader at a registry: whose, and in which office.
type errand struct {
	*drawer
	turn   *turn
	office conference.Office
	others []conference.Office // in which the reader keeps registries, this one among them
	now    record.Instant
}

func (e *errand) party() conference.PartyID { return e.office.For }

// name is a correspondent's.
func (e *errand) name(p conference.PartyID) string {
	if p == "" {
		return e.say("paper.secretariat")
	}
	return e.drawer.party(p)
}

// at is an address of the registry.
func (e *errand) at(rest string, query ...string) string {
	q := url.Values{}
	if len(e.others) > 1 {
		q.Set("office", value(e.office))
	}
	for i := 0; i+1 < len(query); i += 2 {
		q.Set(query[i], query[i+1])
	}
	address := "/" + e.l.Code + "/registry" + rest
	if len(q) > 0 {
		address += "?" + q.Encode()
	}
	return address
}

// form is the address of an act's form, filled in.
func (e *errand) form(act string, fields ...string) string {
	q := url.Values{"office": {value(e.office)}, "from": {"registry"}}
	for i := 0; i+1 < len(fields); i += 2 {
		q.Set("field."+fields[i], fields[i+1])
	}
	return "/" + e.l.Code + "/act/" + act + "?" + q.Encode()
}

// value is an office as forms have it: Head/xl, Secretary.
func value(o conference.Office) string {
	return strings.TrimSuffix(string(o.Capacity)+"/"+string(o.For), "/")
}

// writers keep registries.
var writers = []conference.Capacity{conference.Head, conference.Delegate, conference.ObserverHead, conference.Secretary}

// keepsRegistry lists the offices in which a person writes and reads sealed notes, the first of each correspondent.
func keepsRegistry(s *conference.State, p conference.PersonID, at record.Instant) (list []conference.Office) {
	for _, c := range writers {
		for _, o := range s.OfficesOf(p, at) {
			if o.Capacity == c && !slices.ContainsFunc(list, func(x conference.Office) bool { return x.For == o.For }) {
				list = append(list, o)
			}
		}
	}
	return list
}

// errand says whose registry is asked for.
func (s *site) errand(v *turn) (*errand, error) {
	if !v.in {
		return nil, tell(http.StatusUnauthorized, "page.signin")
	}
	_, rest, _ := strings.Cut(strings.Trim(v.r.URL.Path, "/"), "/")
	d := s.drawer(v.view, &visit{Request: v.r, lang: v.lang, reader: v.view.Reader(), rest: rest})
	e := &errand{drawer: d, turn: v, now: s.Desk.Now()}
	e.others = keepsRegistry(d.s, v.Person, e.now)
	if len(e.others) == 0 {
		return nil, tell(http.StatusForbidden, "registry.none")
	}
	e.office = e.others[0]
	if asked := v.r.URL.Query().Get("office"); asked != "" {
		i := slices.IndexFunc(e.others, func(o conference.Office) bool { return value(o) == asked })
		if i < 0 {
			return nil, tell(http.StatusForbidden, "registry.none")
		}
		e.office = e.others[i]
	}
	return e, nil
}

func (s *site) registryPage(v *turn) error {
	e, err := s.errand(v)
	if err != nil {
		return err
	}
	switch parts := v.parts[1:]; {
	case len(parts) == 0:
		return s.show(v, "sheet", e.list())
	case len(parts) == 1 && parts[0] == "write":
		return s.writeNote(e)
	case len(parts) == 1 && parts[0] == "keys":
		return s.showKeys(e)
	case len(parts) == 1 && parts[0] == "all.json":
		sendJSON(v.w, v.r, e.view())
		return nil
	case len(parts) == 1 && parts[0] == "due.ics":
		return e.send("text/calendar; charset=utf-8", e.calendar())
	case len(parts) == 1 && parts[0] == "due.atom":
		return e.send("application/atom+xml", e.feed())
	case len(parts) == 1 || len(parts) == 2:
		n, ok := e.note(parts[0])
		if !ok {
			return errNotFound
		}
		if len(parts) == 1 {
			return s.showNote(e, n)
		}
		return s.noteFile(e, n, parts[1])
	}
	return errNotFound
}

func (e *errand) send(kind string, body []byte) error {
	e.turn.w.Header().Set("Content-Type", kind)
	send(e.turn.w, e.turn.r, body, nil)
	return nil
}

// note finds a note of the registry by the number of its entry.
func (e *errand) note(text string) (conference.Note, bool) {
	index, err := strconv.ParseInt(text, 10, 64)
	n, ok := e.s.SealedNote(index)
	return n, ok && err == nil && n.HeldBy(e.party()) && strconv.FormatInt(index, 10) == text
}

// noteFile is a ciphertext, or what the closed entry holds. Of a note that was withdrawn its sender alone is given them.
func (s *site) noteFile(e *errand, n conference.Note, name string) error {
	if n.Withdrawn > 0 && n.Party != e.party() {
		return &conference.Refusal{Code: "note-withdrawn", Args: []string{fmt.Sprint(n.Index), fmt.Sprint(n.Withdrawn)}, Rule: "practice"}
	}
	if name == "opening" {
		text, err := e.turn.view.Entry(e.turn.r.Context(), n.Index)
		if err != nil {
			return err
		}
		entry, err := record.ParseEntry(string(text), n.Index)
		if err != nil || s.Closed == nil {
			return errors.Join(errNotFound, err)
		}
		opening, err := s.Closed(e.turn.r.Context(), entry.Closed)
		if err != nil {
			return err
		}
		return e.send("application/octet-stream", opening)
	}
	for _, c := range e.s.CopiesFor(n, e.party()) {
		if string(c.Digest) == name {
			b, err := e.turn.view.Blob(e.turn.r.Context(), c.Digest)
			if err != nil {
				return err
			}
			e.turn.w.Header().Set("Content-Disposition", fmt.Sprintf(`attachment; filename="note-%d.age"`, n.Index))
			return e.send("application/octet-stream", b)
		}
	}
	return errNotFound
}

// RegistryOf is the registry of the holder of an office at an instant, and the keys on deposit; today is the day at the seat.
func RegistryOf(origin string, s *conference.State, o conference.Office, today conference.Date, now record.Instant) RegistryView {
	v := RegistryView{Origin: origin, As: string(o.Capacity), For: string(o.For), Next: nextNumber(s, o.For, today), Keys: []KeyView{}, Notes: []NoteView{}}
	for _, k := range s.Recipients() {
		v.Keys = append(v.Keys, KeyView{k.Index, string(k.Party), k.Recipient, fingerprint(k.Recipient), string(k.Use), k.Withdrawn == 0 && s.HolderStays(k, now)})
	}
	for _, n := range s.Registry(o.For) {
		v.Notes = append(v.Notes, noteView(s, n, o.For, now))
	}
	return v
}

func (e *errand) view() RegistryView {
	return RegistryOf(e.v.Origin(), e.s, e.office, e.today(), e.now)
}

// fingerprint is what people compare of a key, as kurultai sealed keys shows it: the first ten bytes of the SHA-256 of its
// text, in groups of four digits.
func fingerprint(recipient string) string {
	sum, err := canonical.DecodeBytes(string(record.DigestOf([]byte(recipient))))
	if err != nil {
		panic(err) // it is ours
	}
	var groups []string
	for ; len(groups) < 5; sum = sum[2:] {
		groups = append(groups, fmt.Sprintf("%x", sum[:2]))
	}
	return strings.Join(groups, " ")
}

func noteView(s *conference.State, n conference.Note, reader conference.PartyID, now record.Instant) NoteView {
	v := NoteView{Index: n.Index, At: n.At.String(), From: string(n.Party), Number: n.Number, Form: string(n.Form), Date: string(n.Date), To: text(n.To), Secretariat: n.Secretariat,
		Answers: n.NoteSent.Answers, Refers: n.Refers, Paper: string(n.Paper), ReplyBy: string(n.ReplyBy), Mark: string(n.Mark), Passing: string(n.Passing), Plain: string(n.Plain),
		Copies: []string{}, Holders: []string{}, Withdrawn: n.Withdrawn, Overdue: n.Overdue(now), Keys: n.Keys}
	for _, c := range s.CopiesFor(n, reader) {
		v.Copies = append(v.Copies, string(c.Digest))
	}
	for _, c := range n.Passed {
		v.Keys = append(slices.Clone(v.Keys), c.Keys...)
	}
	for _, p := range holders(n) {
		v.Holders = append(v.Holders, string(p))
	}
	for _, r := range n.Receipts {
		v.Receipts = append(v.Receipts, string(r.Party))
	}
	for _, a := range n.Asked {
		if !a.Done {
			v.Asked = append(v.Asked, AskedKey{a.Key, string(a.Party)})
		}
	}
	return v
}

// holders are those who were sent a note or had it passed on, the addressees first.
func holders(n conference.Note) (list []conference.PartyID) {
	add := func(to []conference.PartyID, secretariat bool) {
		if secretariat {
			to = append(slices.Clone(to), "")
		}
		for _, p := range to {
			if !slices.Contains(list, p) {
				list = append(list, p)
			}
		}
	}
	add(n.To, n.Secretariat)
	for _, c := range n.Passed {
		add(c.To, c.Secretariat)
	}
	return list
}

// nextNumber is one that is free in the series of the correspondent: the next of those that begin with a number, with the
// year behind it.
func nextNumber(s *conference.State, of conference.PartyID, today conference.Date) string {
	year, most := today[:4], int64(0)
	for _, n := range s.Registry(of) {
		head, tail, _ := strings.Cut(n.Number, "/")
		if k, err := strconv.ParseInt(head, 10, 64); err == nil && n.Party == of && tail == string(year) {
			most = max(most, k)
		}
	}
	return fmt.Sprintf("%d/%s", most+1, year)
}

// list is the page of the registry.
func (e *errand) list() Sheet {
	p := e.sheet("registry", "registry", e.say("registry.title"))
	p.Eyebrow = []Line{{Text: e.name(e.party())}}
	p.Lead = e.say("registry.lead")
	q := e.turn.r.URL.Query().Get("q")
	in := Section{ID: "in", Title: e.say("registry.in"), Kind: "table", Void: e.say("page.nothing"), Heads: []string{e.say("registry.number"), e.say("registry.from"), e.say("registry.handling"), e.say("field.replyBy"), e.say("registry.receipt")}}
	out := Section{ID: "out", Title: e.say("registry.out"), Kind: "table", Void: e.say("page.nothing"), Heads: []string{e.say("registry.number"), e.say("registry.to"), e.say("registry.handling"), e.say("field.replyBy"), e.say("registry.receipt")}}
	var confirm, due, overdue, wanted int
	for _, n := range slices.Backward(e.s.Registry(e.party())) {
		_, given := n.Receipt(e.party())
		mine := n.Party == e.party()
		if !mine && !given && n.Withdrawn == 0 {
			confirm++
		}
		if n.ReplyBy != "" && len(n.AnsweredBy) == 0 && n.Withdrawn == 0 {
			due++
		}
		if n.Overdue(e.now) {
			overdue++
		}
		for _, a := range n.Asked {
			if !a.Done && a.Party != e.party() {
				wanted++
			}
		}
		if !e.finds(n, q) {
			continue
		}
		if mine {
			out.Rows = append(out.Rows, e.row(n, Line{Text: e.names(holders(n))}, e.receipts(n)))
		} else {
			in.Rows = append(in.Rows, e.row(n, e.correspondent(n.Party), e.receipt(n, given)))
		}
	}
	p.Sums = []Sum{{e.say("registry.toconfirm"), confirm, false}, {e.say("registry.answersdue"), due, false}, {e.say("registry.overdue"), overdue, overdue > 0}, {e.say("registry.wanted"), wanted, false}}
	acts := Section{ID: "do", Title: e.say("registry.do"), Kind: "acts", Acts: []NowAct{{Title: e.say("registry.write"), Address: e.at("/write")}, {Title: e.say("registry.keys"), Address: e.at("/keys")}}}
	find := Section{ID: "find", Title: e.say("public.search"), Kind: "find", Find: &Form{Action: e.at(""), Name: "q", Type: "search", Label: e.say("registry.find"), Value: q, Button: e.say("public.search")}}
	p.Main = []Section{acts, in, out}
	p.Side = []Section{find, e.registries(), e.reminders(), {ID: "seen", Title: e.say("registry.seen"), Kind: "text", Lines: []Line{{Text: e.say("registry.seenall")}, {Text: e.say("registry.seennode")}, {Text: e.say("registry.seenkeys")}}}}
	p.Main, p.Side = full(p.Main), full(p.Side)
	return p
}

// full leaves out sections that have nothing to show.
func full(list []Section) []Section {
	return slices.DeleteFunc(list, func(s Section) bool { return s.Empty() && s.Void == "" })
}

// registries are those of the reader's other offices.
func (e *errand) registries() Section {
	s := Section{ID: "offices", Title: e.say("registry.others"), Kind: "plain"}
	for _, o := range e.others {
		if o != e.office {
			s.Lines = append(s.Lines, Line{Text: e.name(o.For), Address: "/" + e.l.Code + "/registry?office=" + url.QueryEscape(value(o))})
		}
	}
	return s
}

func (e *errand) reminders() Section {
	return Section{ID: "reminders", Title: e.say("registry.reminders"), Kind: "plain", Lines: []Line{{Text: e.say("registry.calendar"), Address: e.at("/due.ics")}, {Text: e.say("registry.feed"), Address: e.at("/due.atom")}}}
}

// finds reports whether a note is looked for: by number, correspondent, day or mark.
func (e *errand) finds(n conference.Note, q string) bool {
	about := folded(strings.Join([]string{n.Number, e.name(n.Party), e.names(holders(n)), string(n.Date), string(n.ReplyBy), e.word("notemark", string(n.Mark)), e.word("noteform", string(n.Form)), string(n.Paper), fmt.Sprint(n.Index)}, " "))
	for _, part := range strings.Fields(folded(q)) {
		if !strings.Contains(about, part) {
			return false
		}
	}
	return true
}

func (e *errand) names(list []conference.PartyID) string {
	var names []string
	for _, p := range list {
		names = append(names, e.name(p))
	}
	return strings.Join(names, ", ")
}

func (e *errand) correspondent(p conference.PartyID) Line {
	if p == "" {
		return Line{Text: e.name(p)}
	}
	return e.partyLine(p)
}

// row is a note in a table.
func (e *errand) row(n conference.Note, who, receipt Line) []Line {
	first := Line{Text: n.Number, Address: e.at(fmt.Sprintf("/%d", n.Index)), Small: together(" · ", e.word("noteform", string(n.Form)), e.date(n.Date)), Meta: e.thread(n)}
	if n.Withdrawn > 0 {
		first.Tag, first.Tone = e.say("event.NoteWithdrawn"), "no"
	}
	return []Line{first, who, {Text: e.word("notemark", string(n.Mark)), Small: e.say("registry.passing", e.word("passing", string(n.Passing)))}, e.deadline(n), receipt}
}

// thread is what a note answers and refers to.
func (e *errand) thread(n conference.Note) (list []string) {
	for _, ref := range []struct {
		index int64
		key   string
	}{{n.Answers, "registry.answers"}, {n.Refers, "registry.refers"}} {
		if earlier, ok := e.s.SealedNote(ref.index); ok && ref.index != 0 {
			list = append(list, e.say(ref.key, e.numbered(earlier)))
		}
	}
	if n.Paper != "" {
		list = append(list, e.say("registry.refers", string(n.Paper)))
	}
	return list
}

// numbered is a note's number with whose it is.
func (e *errand) numbered(n conference.Note) string { return n.Number + " (" + e.name(n.Party) + ")" }

func (e *errand) deadline(n conference.Note) Line {
	if n.ReplyBy == "" {
		return Line{}
	}
	line := Line{Text: e.date(n.ReplyBy)}
	switch {
	case len(n.AnsweredBy) > 0:
		line.Tag, line.Tone = e.say("registry.answered"), "yes"
	case n.Overdue(e.now):
		line.Tag, line.Tone = e.say("registry.late"), "no"
	}
	return line
}

// receipt is that of the registry's own correspondent.
func (e *errand) receipt(n conference.Note, given bool) Line {
	if r, _ := n.Receipt(e.party()); given {
		return Line{Tag: e.say("registry.confirmed"), Tone: "yes", Small: e.when(r.At, e.s.Body.Zone)}
	}
	if n.Withdrawn > 0 {
		return Line{}
	}
	return Line{Tag: e.say("registry.unconfirmed"), Tone: "wait"}
}

// receipts counts those of the addressees.
func (e *errand) receipts(n conference.Note) Line {
	line := Line{Text: e.say("registry.count", fmt.Sprint(len(n.Receipts)), fmt.Sprint(len(holders(n))))}
	if i := slices.IndexFunc(n.Asked, func(a conference.NoteRequest) bool { return !a.Done && a.Party != e.party() }); i >= 0 {
		line.Tag, line.Tone = e.say("registry.wantedby", e.name(n.Asked[i].Party)), "wait"
	}
	return line
}

// A NotePage is a note, or the form of a new one, or the keys: a page whose script encrypts and decrypts.
type NotePage struct {
	Sheet
	Data     string // JSON for the script
	Commands []string
	// of a note
	Note  bool
	Again []Option // keys it can be encrypted to anew
	// of a form
	Write                  bool
	Number, Today          string
	To                     []Option // correspondents; Here: chosen
	Without                []string // who has no key
	Forms, Marks, Passings []Option
	Answers                int64
	Reference              string
	Earlier                []Option
	// of keys
	Keys bool
}

// data is what the script of a page works with.
type data struct {
	RegistryView
	Lang    string            `json:"lang"`
	Note    *NoteView         `json:"note,omitempty"`
	Words   map[string]string `json:"words"`
	Most    int               `json:"most"` // bytes of a pack
	Deposit string            `json:"deposit"`
	Place   string            `json:"place"` // of the registry, for addresses behind it
	Query   string            `json:"query"`
	Me      string            `json:"me"`
}

// mostPack is as sealed has it: what is encrypted to as many keys as a note may have fits into what may be sent.
const mostPack = 5<<20 - 128<<10

func (e *errand) data(n *NoteView) string {
	d := data{RegistryView: e.view(), Lang: e.l.Code, Note: n, Words: map[string]string{}, Most: mostPack, Deposit: e.form("DepositRecipient"), Place: "/" + e.l.Code + "/registry", Me: string(e.turn.Person)}
	_, d.Query, _ = strings.Cut(e.at(""), "?")
	d.RegistryView.Notes = nil
	for _, key := range []string{"working", "nokey", "wrong", "checked", "large", "noaddressee", "short", "old", "here", "failed", "passphrase"} {
		d.Words[key] = e.say("registry.js." + key)
	}
	text, err := json.Marshal(d)
	if err != nil {
		panic(err) // the types are ours
	}
	return string(text)
}

func (e *errand) page(rest, title string) NotePage {
	p := NotePage{Sheet: e.sheet("registry", "registry"+rest, title)}
	p.Script, p.Eyebrow = true, []Line{{Text: e.say("registry.title"), Address: e.at("")}}
	return p
}

func (e *errand) choices(kind string, words string, here string) (list []Option) {
	for _, w := range strings.Fields(words) {
		list = append(list, Option{w, e.word(kind, w), w == here})
	}
	return list
}

// writeNote is the page on which a note is written.
func (s *site) writeNote(e *errand) error {
	p := e.page("/write", e.say("registry.write"))
	p.Write, p.Number, p.Today = true, nextNumber(e.s, e.party(), e.today()), string(e.today())
	p.Lead = e.say("registry.writelead")
	chosen := map[conference.PartyID]bool{}
	q := e.turn.r.URL.Query()
	if n, ok := e.note(q.Get("answers")); ok {
		p.Answers, p.Reference = n.Index, e.numbered(n)
		chosen[n.Party] = true
	}
	for _, party := range e.correspondents() {
		keys := e.s.RecipientsOf(party, e.now)
		if len(keys) == 0 {
			p.Without = append(p.Without, e.name(party))
			continue
		}
		p.To = append(p.To, Option{string(party), e.name(party), chosen[party]})
	}
	for _, n := range slices.Backward(e.s.Registry(e.party())) {
		p.Earlier = append(p.Earlier, Option{fmt.Sprint(n.Index), e.numbered(n), false})
	}
	p.Forms = e.choices("noteform", "verbale letter paper", "verbale")
	p.Marks = e.choices("notemark", "ordinary restricted confidential personal", "restricted")
	p.Passings = e.choices("passing", "nobody addressees holders", "nobody")
	p.Commands = []string{fmt.Sprintf("kurultai sealed send -url %s -key OFFICER.key -number %s -to PARTY -subject TEXT NOTE.txt", origin(e.s), p.Number)}
	p.Data = e.data(nil)
	return s.show(e.turn, "note", p)
}

// origin is where people sign in, for a command.
func origin(s *conference.State) string {
	if at := s.SignInAt(); len(at.Origins) > 0 {
		return at.Origins[0]
	}
	return "URL"
}

// correspondents are all to whom the registry's own may write.
func (e *errand) correspondents() (list []conference.PartyID) {
	for _, p := range e.s.Parties() {
		if p.ID != e.party() {
			list = append(list, p.ID)
		}
	}
	slices.SortFunc(list, func(a, b conference.PartyID) int { return e.l.Compare(e.name(a), e.name(b)) })
	if e.party() != "" {
		list = append(list, "")
	}
	return list
}

// showNote is the page of a note.
func (s *site) showNote(e *errand, n conference.Note) error {
	p := e.page(fmt.Sprintf("/%d", n.Index), n.Number)
	p.Note = n.Withdrawn == 0 || n.Party == e.party()
	p.Eyebrow = append(p.Eyebrow, Line{Text: e.name(n.Party)}, Line{Text: e.word("noteform", string(n.Form))}, Line{When: e.moment(n.At, e.s.Body.Zone), Mark: entries(n.Index)})
	if n.Withdrawn > 0 {
		p.Eyebrow = append(p.Eyebrow, Line{Tag: e.say("event.NoteWithdrawn"), Tone: "no", Mark: entries(n.Withdrawn)})
	}
	facts := Section{ID: "facts", Title: e.say("registry.facts"), Kind: "facts", Lines: []Line{
		{No: e.say("registry.from"), Text: e.name(n.Party), Small: e.person(n.Person)},
		{No: e.say("registry.to"), Text: e.names(holders(n))},
		{No: e.say("field.date"), Text: e.date(n.Date)},
		{No: e.say("registry.handling"), Text: e.word("notemark", string(n.Mark)), Small: e.say("registry.passing", e.word("passing", string(n.Passing)))},
	}}
	if n.ReplyBy != "" {
		line := e.deadline(n)
		line.No = e.say("field.replyBy")
		facts.Lines = append(facts.Lines, line)
	}
	for _, ref := range e.references(n) {
		facts.Lines = append(facts.Lines, ref)
	}
	facts.Lines = append(facts.Lines, Line{No: e.say("registry.digest"), Text: string(n.Plain), Mono: true})
	p.Main = full([]Section{e.noteActs(n)})
	p.Side = full([]Section{facts, e.history(n)})
	for _, k := range e.s.Recipients() {
		if e.s.HolderStays(k, e.now) && k.Withdrawn == 0 && !opened(n, k.Index) {
			asked := slices.ContainsFunc(n.Asked, func(a conference.NoteRequest) bool { return !a.Done && a.Key == k.Index })
			if e.mayAdd(n, k.Party) {
				p.Again = append(p.Again, Option{fmt.Sprint(k.Index), e.name(k.Party) + " · " + e.word("keyuse", string(k.Use)) + " · " + fingerprint(k.Recipient), asked})
			}
		}
	}
	if n.Withdrawn > 0 {
		p.Again = nil
	}
	p.Commands = []string{fmt.Sprintf("kurultai sealed open -url %s -key OFFICER.key -identity KEYFILE %d", origin(e.s), n.Index)}
	view := noteView(e.s, n, e.party(), e.now)
	p.Data = e.data(&view)
	return s.show(e.turn, "note", p)
}

// opened reports whether a note was encrypted to a key.
func opened(n conference.Note, key int64) bool {
	return slices.Contains(n.Keys, key) || slices.ContainsFunc(n.Passed, func(c conference.Passing) bool { return slices.Contains(c.Keys, key) })
}

// mayAdd reports whether who keeps the registry may encrypt a note for a correspondent: as the act PassNote decides.
func (e *errand) mayAdd(n conference.Note, p conference.PartyID) bool {
	return n.HeldBy(p) || n.Party == e.party() || n.Passing == "holders" || n.Passing == "addressees" && n.AddressedTo(e.party())
}

func (e *errand) references(n conference.Note) (list []Line) {
	add := func(index int64, key string) {
		if other, ok := e.s.SealedNote(index); ok && index != 0 && other.HeldBy(e.party()) {
			list = append(list, Line{No: e.say(key), Text: e.numbered(other), Address: e.at(fmt.Sprintf("/%d", index))})
		}
	}
	add(n.Answers, "field.answers")
	add(n.Refers, "field.refers")
	if n.Paper != "" {
		list = append(list, Line{No: e.say("field.refers"), Text: string(n.Paper), Address: e.to("documents/%s", escaped(n.Paper))})
	}
	for _, index := range n.AnsweredBy {
		add(index, "registry.answeredby")
	}
	return list
}

// noteActs leads to what may be done about a note.
func (e *errand) noteActs(n conference.Note) Section {
	s := Section{ID: "acts", Title: e.say("registry.do"), Kind: "acts"}
	if n.Withdrawn > 0 {
		return s
	}
	id := fmt.Sprint(n.Index)
	if n.Receives(e.party()) {
		if _, given := n.Receipt(e.party()); !given {
			s.Acts = append(s.Acts, NowAct{Title: e.say("act.AcknowledgeNote"), Address: e.form("AcknowledgeNote", "note", id)})
		}
	}
	s.Acts = append(s.Acts, NowAct{Title: e.say("registry.reply"), Address: e.at("/write", "answers", id)})
	for _, k := range e.s.RecipientsOf(e.party(), e.now) {
		if !opened(n, k.Index) && !slices.ContainsFunc(n.Asked, func(a conference.NoteRequest) bool { return a.Key == k.Index }) {
			s.Acts = append(s.Acts, NowAct{Title: e.say("act.AskNote"), About: fingerprint(k.Recipient), Address: e.form("AskNote", "note", id, "key", fmt.Sprint(k.Index))})
		}
	}
	if n.Party == e.party() {
		s.Acts = append(s.Acts, NowAct{Title: e.say("act.WithdrawNote"), Address: e.form("WithdrawNote", "note", id)})
	}
	return s
}

// history is what became of a note: receipts, copies, requests.
func (e *errand) history(n conference.Note) Section {
	s := Section{ID: "history", Title: e.say("registry.history"), Kind: "plain", Void: e.say("page.nothing")}
	add := func(index int64, at record.Instant, text, small string) {
		s.Lines = append(s.Lines, Line{Text: text, Small: small, When: e.moment(at, e.s.Body.Zone), Mark: entries(index)})
	}
	for _, r := range n.Receipts {
		add(r.Index, r.At, e.say("event.NoteAcknowledged"), e.name(r.Party))
	}
	for _, c := range n.Passed {
		to := slices.Clone(c.To)
		if c.Secretariat {
			to = append(to, "")
		}
		var keys []string
		for _, k := range c.Keys {
			r, _ := e.s.Recipient(k)
			keys = append(keys, fingerprint(r.Recipient))
		}
		add(c.Index, c.At, e.say("event.NotePassed"), together(" · ", together(" → ", e.name(c.Party), e.names(to)), strings.Join(keys, ", ")))
	}
	for _, a := range n.Asked {
		add(a.Index, a.At, e.say("event.NoteAsked"), e.name(a.Party))
	}
	slices.SortStableFunc(s.Lines, func(a, b Line) int { return cmp.Compare(a.Mark.Entries[0], b.Mark.Entries[0]) })
	return s
}

// showKeys is the page of the keys on deposit.
func (s *site) showKeys(e *errand) error {
	p := e.page("/keys", e.say("registry.keystitle"))
	p.Keys = true
	p.Lead = e.say("registry.keyslead")
	own := Section{ID: "own", Title: e.say("registry.ownkeys"), Kind: "table", Void: e.say("page.nothing"), Heads: []string{e.say("registry.fingerprint"), e.say("field.use"), e.say("registry.vouched"), e.say("registry.state")}}
	all := Section{ID: "all", Title: e.say("registry.allkeys"), Kind: "table", Void: e.say("page.nothing"), Heads: []string{e.say("registry.fingerprint"), e.say("page.party"), e.say("registry.vouched"), e.say("registry.state")}}
	for _, k := range e.s.Recipients() {
		first := Line{Text: fingerprint(k.Recipient), Mono: true, Small: k.Recipient, Mark: entries(k.Index), ID: "k" + fmt.Sprint(k.Index)}
		second := e.correspondent(k.Party)
		row := []Line{first, second, e.vouchedFor(k), e.stateOf(k)}
		if k.Party == e.party() {
			use := Line{Text: e.word("keyuse", string(k.Use))}
			if k.Holder != "" {
				use.Small = e.person(k.Holder)
			}
			row[1] = use
			if k.Withdrawn == 0 {
				row[3].Meta = nil
				row[3].Address, row[3].Text = e.form("WithdrawRecipient", "key", fmt.Sprint(k.Index)), e.say("act.WithdrawRecipient")
			}
			own.Rows = append(own.Rows, row)
			continue
		}
		all.Rows = append(all.Rows, row)
	}
	p.Main = []Section{own, all}
	p.Side = []Section{{ID: "compare", Title: e.say("registry.compare"), Kind: "text", Lines: []Line{{Text: e.say("registry.comparehelp")}, {Text: "kurultai sealed keys -data COPY", Mono: true}}}}
	p.Commands = []string{"kurultai sealed keygen -o note.key"}
	p.Data = e.data(nil)
	return s.show(e.turn, "note", p)
}

// vouchedFor says by what the act that deposited a key was attested, and who vouches for that.
func (e *errand) vouchedFor(k conference.Recipient) Line {
	entry, _, _, err := e.entry(e.turn.r.Context(), k.Index)
	if err != nil || len(entry.Attestations) == 0 {
		return Line{Text: e.say("registry.unattested")}
	}
	credential := entry.Attestations[0].Credential
	if own, ok := e.s.PartyKeyOf(k.Party); ok && own.Credential == credential {
		return Line{Tag: e.say("signin.passed", e.name(k.Party)), Tone: "yes"}
	}
	passkey, _ := e.s.Passkey(credential)
	if passkey.Countersigned != "" {
		return Line{Tag: e.vouched(passkey), Tone: "yes"}
	}
	return Line{Tag: e.vouched(passkey), Tone: "wait"}
}

func (e *errand) stateOf(k conference.Recipient) Line {
	switch {
	case k.Withdrawn > 0:
		return Line{Tag: e.say("event.RecipientWithdrawn"), Tone: "no", Small: e.word("why", string(k.Why)), Mark: entries(k.Withdrawn)}
	case !e.s.HolderStays(k, e.now):
		return Line{Tag: e.say("registry.left"), Tone: "no"}
	}
	return Line{Tag: e.say("registry.stands"), Tone: "yes"}
}

// due are the notes whose deadline is still open, by day.
func (e *errand) due() (list []conference.Note) {
	for _, n := range e.s.Registry(e.party()) {
		if n.ReplyBy != "" && len(n.AnsweredBy) == 0 && n.Withdrawn == 0 {
			list = append(list, n)
		}
	}
	slices.SortStableFunc(list, func(a, b conference.Note) int { return cmp.Compare(a.ReplyBy, b.ReplyBy) })
	return list
}

// reminder is what a calendar or a feed says of a deadline: number and correspondents, never what a note is about.
func (e *errand) reminder(n conference.Note) string {
	who := e.name(n.Party)
	if n.Party == e.party() {
		who = e.names(holders(n))
	}
	return e.say("registry.reminder", n.Number, who)
}

// calendar is the open deadlines as days of a calendar (RFC 5545).
func (e *errand) calendar() []byte {
	var b bytes.Buffer
	c := paper.Calendar{W: &b}
	c.Begin()
	for _, n := range e.due() {
		day := time.UnixMilli(int64(n.ReplyBy.Begins())).UTC()
		c.Line("BEGIN", "VEVENT")
		c.Text("UID", fmt.Sprintf("note-%d@%s", n.Index, e.v.Origin()))
		c.Line("DTSTAMP", time.UnixMilli(int64(n.At)).UTC().Format("20060102T150405Z"))
		c.Line("DTSTART;VALUE=DATE", day.Format("20060102"))
		c.Text("SUMMARY", e.reminder(n))
		c.Line("BEGIN", "VALARM")
		c.Line("ACTION", "DISPLAY")
		c.Text("DESCRIPTION", e.reminder(n))
		c.Line("TRIGGER", "-P1D")
		c.Line("END", "VALARM")
		c.Line("END", "VEVENT")
	}
	c.End()
	return b.Bytes()
}

// feed is the open deadlines as a feed (RFC 4287).
func (e *errand) feed() []byte {
	f := paper.Feed{Lang: e.l.Code, ID: paper.FeedID(e.v.Origin(), "registry/"+string(e.party())), Title: e.say("registry.title") + ": " + e.name(e.party()), Updated: e.s.Last.String(), Author: in(e.s.Body.Names, e.l, "Kurultai")}
	for _, n := range e.due() {
		f.Entries = append(f.Entries, paper.FeedEntry{ID: paper.FeedID(e.v.Origin(), fmt.Sprintf("note/%d", n.Index)), Title: e.reminder(n), Updated: n.At.String(), Link: paper.FeedLink{Href: e.at(fmt.Sprintf("/%d", n.Index))}, Content: e.date(n.ReplyBy)})
	}
	return f.Bytes()
}
