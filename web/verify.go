package web

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"kurultai/conference"
	"kurultai/language"
	"kurultai/paper"
	"kurultai/paper/examine"
	"kurultai/record"
)

// Verifying a signed paper that somebody brings. The file is read into memory, examined there, and let go: nothing of it
// is written down. The verdict is decided by package examine and by the record alone.

const (
	maxChecked    = 16 << 20         // bytes of a file that is examined
	maxReceiving  = 8                // files that are received and examined at once
	maxUpload     = 30 * time.Second // how long a file may take to arrive
	checksAtOnce  = 30               // by one address: a hall is one
	checksEach    = 1                // a second, by one address
	maxNameShown  = 80               // characters of a file's name
	maxFoundShown = 24               // findings of a kind that a page lists
)

// A Chooser asks for a file.
type Chooser struct{ Action, Label, Help, Button string }

// settleVerify gives the page its addresses.
func (s *site) settleVerify(mux *http.ServeMux) {
	s.checks.every, s.checks.burst = checksEach, checksAtOnce
	s.receiving = make(chan struct{}, maxReceiving)
	s.examining = make(chan struct{}, runtime.GOMAXPROCS(0))
	mux.HandleFunc("POST /{lang}/verify", func(w http.ResponseWriter, r *http.Request) {
		l, ok := language.Get(r.PathValue("lang"))
		if !ok {
			s.fail(w, r, errNotFound)
			return
		}
		body, status, err := s.verified(w, r, l)
		if err != nil {
			s.fail(w, r, err)
			return
		}
		ownPage(w, l)
		w.WriteHeader(status)
		w.Write(body)
	})
}

// verifyPage asks for a file.
func (s *site) verifyPage(v View, in *visit) (any, error) {
	d := s.drawer(v, in)
	p := d.sheet("record", "verify", d.say("check.title"))
	p.Lead = d.say("check.titlelead")
	p.Main, p.Side = []Section{d.chooser("check.choosehead")}, []Section{d.aboutCheck()}
	if q := in.URL.Query(); q.Has("root") {
		said, err := d.rootOn(in.Context(), q.Get("size"), q.Get("root"))
		if err != nil {
			return nil, err
		}
		p.Eyebrow = []Line{{Tag: said.Tag, Tone: said.Tone}}
		first := []Section{{ID: "root", Title: d.say("check.root"), Kind: "plain", Lines: []Line{said}}}
		if q.Has("entries") {
			stated, err := d.stated(in.Context(), q.Get("entries"))
			if err != nil {
				return nil, err
			}
			first = append(first, stated)
		}
		p.Main = append(first, p.Main...)
	}
	return d.show(p)
}

// mostStated is how many entries a paper's code names at most.
const mostStated = 200

// stated lists the entries on which a paper rests, to which its code led: each with its witnesses, all with their proof.
func (d *drawer) stated(ctx context.Context, text string) (Section, error) {
	list, err := record.ParseIndexes(text, mostStated, d.s.Size)
	if err != nil {
		return Section{}, errNotFound
	}
	out := Section{ID: "stated", Title: d.say("check.stated"), Kind: "plain"}
	if d.site.Marks != nil {
		out.Link = Link{Address: "/bundle/" + text, Text: d.say("page.bundle")}
	}
	for _, index := range list {
		line, _, _, err := d.site.line(ctx, d.teller, index)
		if err != nil {
			return out, err
		}
		shown := Line{Text: together(": ", line.Title, line.Words), Address: line.Address, Mark: Mark{Entries: []int64{index}}}
		shown.Tag, shown.Tone = d.witnesses(index)
		out.Lines = append(out.Lines, shown)
	}
	return out, nil
}

// witnesses says how many have cosigned an entry, where anybody is asked.
func (d *drawer) witnesses(index int64) (words, tone string) {
	if d.site.Marks == nil {
		return "", ""
	}
	switch have, need, of := d.site.Marks(index); {
	case need < 1:
		return "", ""
	case have >= need:
		return d.say("page.witnessed", number(d.l, have), number(d.l, of)), "yes"
	default:
		return d.say("page.cosigning", number(d.l, have), number(d.l, of), number(d.l, need)), "wait"
	}
}

// rootOn compares the size and root of a paper, to which its code led, with those of the record.
func (d *drawer) rootOn(ctx context.Context, size, root string) (Line, error) {
	n, err := strconv.ParseInt(size, 10, 64)
	if err != nil || n < 1 || strconv.FormatInt(n, 10) != size {
		return Line{}, errNotFound
	}
	if n > d.s.Size {
		return Line{Tag: d.say("check.rootunknown"), Tone: "wait", Text: d.say("check.rootunknownlead", number(d.l, n))}, nil
	}
	v, err := d.site.record.At(ctx, n)
	if err != nil {
		return Line{}, err
	}
	if v.Checkpoint().Root.String() != root {
		return Line{Tag: d.say("check.rootother"), Tone: "no", Text: d.say("check.roototherlead", number(d.l, n))}, nil
	}
	return Line{Tag: d.say("check.rootsame"), Tone: "yes", Text: d.say("check.rootsamelead", number(d.l, n))}, nil
}

func (d *drawer) chooser(head string) Section {
	size := number(d.l, maxChecked>>20)
	return Section{ID: "choose", Title: d.say(head), Kind: "choose", Choose: &Chooser{"/" + d.l.Code + "/verify", d.say("check.choose"), d.say("check.upto", size), d.say("check.button")}}
}

func (d *drawer) aboutCheck() Section {
	return Section{ID: "about", Title: d.say("check.about"), Kind: "text", Lines: []Line{{Text: d.say("check.about.list")}, {Text: d.say("check.about.keeps")}, {Text: d.say("check.about.self")}}}
}

// verified receives a file and says what it is.
func (s *site) verified(w http.ResponseWriter, r *http.Request, l *language.Language) (body []byte, status int, err error) {
	if !s.checks.allow(s.address(r)) {
		w.Header().Set("Retry-After", "1")
		return nil, 0, tell(http.StatusTooManyRequests, "page.toomany")
	}
	done, err := waitFor(r.Context(), s.receiving)
	if err != nil {
		return nil, 0, err
	}
	defer done()
	in := &visit{Request: r, lang: l, rest: "verify"}
	if who, ok := s.who(r); ok {
		st := s.record.View().State()
		in.reader = st.Reader(who, st.Last)
	}
	c := &check{drawer: s.drawer(s.record.View().For(in.reader), in)}
	status = http.StatusOK
	if c.name, c.file, err = receive(w, r); err != nil {
		var no brought
		if !errors.As(err, &no) {
			return nil, 0, err
		}
		c.verdict, status = no.verdict, no.status
	} else if err = c.examine(r.Context()); err != nil {
		return nil, 0, err
	}
	made, err := c.show()
	body, _ = made.([]byte)
	return body, status, err
}

// waitFor takes a place among few, or says that all are busy. done gives it back.
func waitFor(ctx context.Context, places chan struct{}) (done func(), err error) {
	turn := time.NewTimer(maxTurn)
	defer turn.Stop()
	select {
	case places <- struct{}{}:
		return func() { <-places }, nil
	case <-ctx.Done():
		return nil, fmt.Errorf("waiting for a place: %w", ctx.Err())
	case <-turn.C:
		return nil, tell(http.StatusServiceUnavailable, "public.busy")
	}
}

// brought is a file that is none to examine.
type brought struct {
	verdict string
	status  int
}

func (b brought) Error() string { return b.verdict }

// receive reads the file of a form into memory.
func receive(w http.ResponseWriter, r *http.Request) (name string, file []byte, err error) {
	limits := http.NewResponseController(w)
	limits.SetReadDeadline(time.Now().Add(maxUpload)) // where it cannot be set, the server's own limit holds
	defer limits.SetReadDeadline(time.Time{})
	r.Body = http.MaxBytesReader(w, r.Body, maxChecked+maxForm)
	form, err := r.MultipartReader()
	if err != nil {
		return "", nil, tell(http.StatusUnsupportedMediaType, "signin.notunderstood")
	}
	var large *http.MaxBytesError
	for {
		part, err := form.NextPart()
		switch {
		case errors.Is(err, io.EOF):
			return "", nil, brought{"none", http.StatusBadRequest}
		case errors.As(err, &large):
			return "", nil, brought{"large", http.StatusRequestEntityTooLarge}
		case err != nil:
			return "", nil, tell(http.StatusBadRequest, "signin.notunderstood")
		case part.FormName() == "file":
			return fileOf(part)
		}
	}
}

func fileOf(part *multipart.Part) (name string, file []byte, err error) {
	name = shownName(part.FileName())
	file, err = io.ReadAll(io.LimitReader(part, maxChecked+1))
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large) || len(file) > maxChecked:
		return name, nil, brought{"large", http.StatusRequestEntityTooLarge}
	case err != nil:
		return name, nil, tell(http.StatusBadRequest, "signin.notunderstood")
	case len(file) == 0:
		return name, nil, brought{"none", http.StatusBadRequest}
	case !strings.HasPrefix(string(file[:min(len(file), 5)]), "%PDF-"):
		return name, nil, brought{"notpdf", http.StatusUnsupportedMediaType}
	}
	return name, file, nil
}

// shownName is the name of a file without what cannot be seen, or turns the direction of writing.
func shownName(name string) string {
	runes := []rune(strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return -1
	}, name))
	if len(runes) > maxNameShown {
		runes = append(runes[:maxNameShown-1], '…')
	}
	return string(runes)
}

// A check is a file and what it turned out to be.
type check struct {
	*drawer
	name    string
	file    []byte
	verdict string   // a key below check.verdict
	args    []string // of what the verdict says
	report  *examine.Report
	named   []paper.Authority
	of      conference.Instrument // whose paper it begins with
	issued  int64                 // entry that issued it, 0: none did
	held    bool                  // the record holds what stands on it
	more    int                   // signatures that the record holds beyond those on it
	common  int                   // bytes from its beginning that are those of the record's
}

// taken says of a field at what time its certificate is to have been valid: when the record took the signature, which was
// looked at then; where the record holds none of the kind, now.
func (c *check) taken(ctx context.Context) (func(field string) time.Time, error) {
	now, at := time.UnixMilli(int64(c.site.hour(c.v))), map[string]time.Time{}
	if c.held {
		for _, x := range c.of.Entered {
			b, err := c.v.Entry(ctx, x.Index)
			if err != nil {
				return nil, err
			}
			e, err := record.ParseEntry(string(b), x.Index)
			if err != nil {
				return nil, err
			}
			at[x.Field] = time.UnixMilli(int64(e.At))
		}
	}
	return func(field string) time.Time {
		if t, ok := at[field]; ok {
			return t
		}
		return now
	}, nil
}

// tones of verdicts; those not named are "no".
var checkTones = map[string]string{"good": "yes", "partly": "yes", "issued": "yes", "older": "wait", "unsigned": "wait", "foreign": "wait", "plain": "wait", "none": "wait", "large": "wait", "notpdf": "wait", "encrypted": "wait", "unread": "wait"}

// examine finds out what the file is.
func (c *check) examine(ctx context.Context) error {
	done, err := waitFor(ctx, c.site.examining)
	if err != nil {
		return err
	}
	defer done()
	known := false
	if c.of, known = paper.IssuedAs(c.s, c.file); known {
		c.issued = c.of.Paper
	} else if p, ok := c.s.Issued(record.DigestOf(c.file)); ok {
		c.issued = p.Index
	}
	var roots []examine.Root
	if known {
		if c.named, err = paper.Authorities(ctx, c.v); err != nil {
			return err
		}
		for _, a := range c.named {
			roots = append(roots, c.root(a))
		}
	}
	var signed *paper.Signing
	if known {
		if signed, err = paper.SigningOf(ctx, archiveOf(c.site, c.v), c.of.Instrument); err != nil {
			return err
		}
		c.more, c.held = signed.Holds(c.file)
		c.common = sameBytes(c.file, signed.Paper.Bytes())
	}
	taken, err := c.taken(ctx)
	if err != nil {
		return err
	}
	if c.report, err = examine.ExamineKept(c.file, roots, taken); err != nil {
		c.unread(err, known)
		return nil
	}
	c.decide(known)
	return nil
}

// sameBytes counts the bytes from the beginning that are the same.
func sameBytes(a, b []byte) int {
	n := min(len(a), len(b))
	for i := range n {
		if a[i] != b[i] {
			return i
		}
	}
	return n
}

// archiveOf is a view as papers of instruments are made from.
func archiveOf(s *site, v View) paper.Archive { return paper.NewArchive(v, s.record.At) }

func (c *check) root(a paper.Authority) examine.Root {
	r := examine.Root{Party: c.signer(a.Party), Certificate: a.Certificate, Timestamps: a.Use == conference.ForTime}
	if !r.Timestamps {
		r.Fields = c.of.FieldsOf(a.Party)
	}
	return r
}

// signer names a party, or the depositary.
func (d *drawer) signer(p conference.PartyID) string {
	if p == "" {
		return d.say("capacity.Depositary")
	}
	return d.party(p)
}

// unread is the verdict on a file that cannot be examined.
func (c *check) unread(err error, known bool) {
	why := examine.Unread(err)
	c.verdict, c.args = "unread", []string{why.In(c.l)}
	switch {
	case known:
		c.verdict = "damaged"
	case why.Code == "file-encrypted":
		c.verdict, c.args = "encrypted", nil
	}
}

// decide is the verdict on a file that was examined.
func (c *check) decide(known bool) {
	r := c.report
	broken, anchors := 0, 0
	for _, s := range r.Signatures {
		for _, p := range s.Problems {
			if ofAnchors(p) {
				anchors++
			} else {
				broken++
			}
		}
	}
	refused := slices.ContainsFunc(r.Revisions, func(v examine.Revision) bool { return len(v.Refused) > 0 })
	stray := slices.ContainsFunc(r.Problems, func(f examine.Finding) bool { return f.Code != "not-signed" })
	signed := len(r.Signatures) > 0
	switch {
	case refused || stray:
		c.verdict = "changed"
	case broken > 0 || known && anchors > 0:
		c.verdict = "broken"
	case known && !c.held:
		c.verdict = "ahead"
	case known && c.more > 0 && signed:
		c.verdict, c.args = "older", []string{number(c.l, int64(c.more))}
	case known && !signed:
		c.verdict = "unsigned"
	case known && len(r.Unsigned) > 0:
		n := int64(len(r.Signatures))
		c.verdict, c.args = "partly", []string{number(c.l, n), number(c.l, n+int64(len(r.Unsigned)))}
	case known:
		c.verdict = "good"
	case signed:
		c.verdict = "foreign"
	case c.issued > 0:
		c.verdict, c.args = "issued", []string{number(c.l, c.issued)}
	default:
		c.verdict = "plain"
	}
}

// ofAnchors reports whether a finding says that nobody named whose certificates count.
func ofAnchors(f examine.Finding) bool {
	return f.Code == "no-trust-anchor" || f.Code == "no-anchor-for-field"
}

// show is the page: the verdict first, then what it rests on.
func (c *check) show() (any, error) {
	tone := checkTones[c.verdict]
	if tone == "" {
		tone = "no"
	}
	if c.verdict == "large" {
		c.args = []string{number(c.l, maxChecked>>20)}
	}
	p := c.sheet("record", "verify", c.say("check.verdict."+c.verdict))
	p.Lead = c.say("check.lead."+c.verdict, c.args...)
	p.Eyebrow = []Line{{Tag: c.say("check.tone." + tone), Tone: tone}}
	if c.name != "" {
		p.Eyebrow = append(p.Eyebrow, Line{Text: c.name})
	}
	if c.report == nil {
		p.Main, p.Side = []Section{c.chooser("check.another")}, []Section{c.facts(), c.aboutCheck()}
		return c.drawer.show(p)
	}
	p.Main = []Section{c.todo(), c.signatures(), c.changes(), c.warnings()}
	p.Side = []Section{c.facts(), c.chooser("check.another"), c.aboutCheck()}
	return c.drawer.show(p)
}

// capital begins a sentence with a large letter. Georgian has none for that; the Turkic i keeps its dot.
func capital(l *language.Language, text string) string {
	for i, r := range text {
		if l.Code == "tr" || l.Code == "az" {
			return string(unicode.TurkishCase.ToTitle(r)) + text[i+len(string(r)):]
		}
		if unicode.Is(unicode.Georgian, r) {
			return text
		}
		return string(unicode.ToTitle(r)) + text[len(string(r)):]
	}
	return text
}

// todo says what a person should do about what is wrong.
func (c *check) todo() Section {
	s := Section{ID: "todo", Title: c.say("check.todo"), Kind: "text"}
	var wrong []examine.Finding
	for _, x := range c.report.Signatures {
		for _, p := range x.Problems {
			if c.of.Paper > 0 || !ofAnchors(p) {
				wrong = append(wrong, p)
			}
		}
	}
	for _, v := range c.report.Revisions {
		wrong = append(wrong, v.Refused...)
	}
	if c.verdict == "changed" {
		wrong = append(wrong, c.report.Problems...)
	}
	for _, text := range examine.Remedies(wrong, c.l) {
		s.Lines = append(s.Lines, Line{Text: text})
	}
	return s
}

// signatures are who signed what and when, what came after each, and who has yet to sign.
func (c *check) signatures() Section {
	s := Section{ID: "signatures", Title: c.say("public.signatures"), Kind: "table", Heads: []string{c.say("page.party"), c.say("check.by"), c.say("check.when"), c.say("check.after")}}
	for _, x := range c.report.Signatures {
		s.Rows = append(s.Rows, []Line{c.whose(x), c.by(x), c.when(x), c.behind(x)})
	}
	for _, field := range c.report.Unsigned {
		line := c.ofField(field)
		s.Rows = append(s.Rows, []Line{line, {Tag: c.say("public.awaited"), Tone: "wait"}, {}, {}})
	}
	return s
}

// partyOf is whose field it is on the paper of the instrument, if it is one of this record.
func (c *check) partyOf(field string) (conference.PartyID, bool) {
	if c.of.Paper == 0 {
		return "", false
	}
	for _, p := range append(slices.Clone(c.of.Signatories), "") {
		if slices.Contains(c.of.FieldsOf(p), field) {
			return p, true
		}
	}
	return "", false
}

func (c *check) ofField(field string) Line {
	p, ok := c.partyOf(field)
	switch {
	case !ok:
		return Line{Text: c.say("check.field", field)}
	case p == "":
		return Line{Text: c.signer(""), Small: c.say("check.field", field)}
	}
	line := c.partyLine(p)
	line.Small = c.say("check.field", field)
	return line
}

func (c *check) whose(x examine.Signature) Line {
	if x.Timestamp {
		return Line{Text: c.say("check.stamp"), Small: c.say("check.field", x.Field)}
	}
	line := c.ofField(x.Field)
	if x.Certifies {
		line.Meta = append(line.Meta, c.say("paper.certifies"))
	}
	return line
}

// by is who signed, and whether that holds.
func (c *check) by(x examine.Signature) Line {
	line := Line{Text: c.say("check.nocertificate"), Tag: c.say("check.holds"), Tone: "yes"}
	if x.Certificate != nil && x.Certificate.Subject.CommonName != "" {
		line.Text = shownName(x.Certificate.Subject.CommonName)
	}
	trusted, sound := true, true
	for _, p := range x.Problems {
		if ofAnchors(p) {
			trusted = false
			if c.of.Paper == 0 {
				continue // said once, in the verdict
			}
		} else {
			sound = false
		}
		line.Meta = append(line.Meta, capital(c.l, p.In(c.l)))
	}
	switch {
	case !sound:
		line.Tag, line.Tone = c.say("check.holdsnot"), "no"
	case !trusted:
		line.Tag, line.Tone = c.say("check.intact"), "wait"
	case !x.Timestamp:
		p, _ := c.partyOf(x.Field)
		line.Small = c.say("check.chain")
		for _, a := range c.named {
			if a.Party == p && a.Use == conference.ForSignatures {
				line.Mark = entries(a.Index)
			}
		}
	}
	return line
}

// when is when a signature was made: by an authority for time stamps, else by the record that holds it.
func (c *check) when(x examine.Signature) Line {
	if !x.When.IsZero() {
		return Line{When: c.moment(record.Instant(x.When.UnixMilli()), c.s.Body.Zone), Small: together(": ", c.say("check.bystamp"), x.Clock)}
	}
	if p, ok := c.partyOf(x.Field); ok && x.Covers > 0 && c.common >= x.Covers-1 { // but for a line end behind it
		for _, e := range c.of.Entered {
			if e.Party == p {
				return Line{When: c.entered(e.Index), Small: c.say("check.byrecord"), Mark: entries(e.Index)}
			}
		}
	}
	return Line{Text: c.say("check.notime")}
}

// behind is what came after a signature: how many more, and what else.
func (c *check) behind(x examine.Signature) Line {
	var line Line
	signed := 0
	for _, r := range c.report.Behind(x) {
		for _, f := range r.Lawful {
			switch f.Code {
			case "field-signed", "document-certified":
				signed++
			case "nothing-changed":
			default:
				line.Meta = append(line.Meta, capital(c.l, f.In(c.l)))
			}
		}
		for _, f := range r.Refused {
			line.Meta = append(line.Meta, capital(c.l, f.In(c.l)))
			line.Tag, line.Tone = c.say("check.changed"), "no"
		}
	}
	line.Text = c.say("check.aftern", number(c.l, int64(signed)))
	if signed == 0 {
		line.Text = c.say("check.afternone")
		if len(line.Meta) > 0 {
			line.Text = ""
		}
	}
	if n := len(line.Meta); n > 3 {
		line.Meta = append(line.Meta[:3], c.say("check.andmore", number(c.l, int64(n-3))))
	}
	return line
}

// changes are what was changed that may not be.
func (c *check) changes() Section {
	s := Section{ID: "changes", Title: c.say("check.changes"), Kind: "plain", Void: c.say("check.unchanged")}
	for _, f := range c.report.Problems {
		if f.Code != "not-signed" {
			s.Lines = append(s.Lines, Line{Text: capital(c.l, f.In(c.l)), Tag: c.say("check.notallowed"), Tone: "no"})
		}
	}
	for i, v := range c.report.Revisions {
		for _, f := range v.Refused {
			s.Lines = append(s.Lines, Line{Text: capital(c.l, f.In(c.l)), Tag: c.say("check.notallowed"), Tone: "no", Small: c.say("check.revision", number(c.l, int64(i+1)))})
		}
	}
	switch {
	case len(c.report.Signatures) == 0:
		s.Void = ""
	case c.otherBytes():
		s.Void = c.say("check.nottold")
	}
	return c.few(s)
}

// otherBytes reports whether a signature is of other bytes than those before it: what was changed then leaves no trace.
func (c *check) otherBytes() bool {
	return slices.ContainsFunc(c.report.Signatures, func(x examine.Signature) bool {
		return slices.ContainsFunc(x.Problems, func(f examine.Finding) bool { return f.Code == "cms" || f.Code == "range-end" || f.Code == "range-gap" })
	})
}

// warnings are what the signers may not have seen.
func (c *check) warnings() Section {
	s := Section{ID: "mind", Title: c.say("check.mind"), Kind: "plain"}
	for _, f := range c.report.Warnings {
		s.Lines = append(s.Lines, Line{Text: capital(c.l, f.In(c.l))})
	}
	return c.few(s)
}

// few keeps a list short.
func (c *check) few(s Section) Section {
	if n := len(s.Lines); n > maxFoundShown {
		s.Lines = append(s.Lines[:maxFoundShown], Line{Text: c.say("check.andmore", number(c.l, int64(n-maxFoundShown)))})
	}
	return s
}

// facts are of the file, and where the record issued it.
func (c *check) facts() Section {
	s := Section{ID: "facts", Title: c.say("check.file"), Kind: "facts"}
	if len(c.file) == 0 {
		return s
	}
	if c.name != "" {
		s.Lines = append(s.Lines, Line{No: c.say("check.name"), Text: c.name})
	}
	s.Lines = append(s.Lines, Line{No: c.say("check.size"), Text: c.say("check.bytes", number(c.l, int64(len(c.file))))})
	issued := Line{No: c.say("check.issued"), Text: c.say("check.notissued")}
	if c.issued > 0 {
		issued = Line{No: c.say("check.issued"), When: c.entered(c.issued), Mark: entries(c.issued)}
	}
	s.Lines = append(s.Lines, issued)
	if c.of.Paper > 0 {
		s.Lines = append(s.Lines, Line{No: c.say("check.instrument"), Text: nameIn(c.of.Title, c.drawer, string(c.of.Instrument)), Address: c.to("instruments/%s", c.of.Instrument)})
	}
	s.Lines = append(s.Lines, Line{No: "SHA-256", Text: fmt.Sprintf("%x", sha256.Sum256(c.file)), Mono: true})
	return s
}
