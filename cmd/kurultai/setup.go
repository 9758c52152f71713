package main

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"

	"kurultai/conference"
	"kurultai/exchange"
	"kurultai/record"
	"kurultai/record/canonical"
	"kurultai/rules"
	"kurultai/rules/bodies"
	"kurultai/secretariat"
	"kurultai/web"
	"kurultai/web/live"
)

// A founder keeps a set-up's draft beside the record that is going to be, in DIR/setup.json, and founds it. The file
// holds names and the codes on cards in the open: it is readable for its owner alone, and End removes it.
type founder struct {
	dir, tripwire string
	ctx           context.Context
	io            streams
	options       web.Options
	founded       func(*house) // hears of the record once it stands

	mu        sync.Mutex
	file      draftFile
	house     *house
	rehearsal *site
	copy      *house
}

// draftFile is what stands in DIR/setup.json.
type draftFile struct {
	Draft  web.Draft `json:"draft"`
	Opened []string  `json:"opened,omitempty"`
	// Seed is what ids, keys, salts and links are drawn from, so that a founding that was interrupted goes on with the
	// same acts. It is there from the moment the founding begins.
	Seed  []byte `json:"seed,omitempty"`
	Began int64  `json:"began,omitempty"` // when, in ms since 1970
	Cards []card `json:"cards,omitempty"` // once it is founded
}

// card is what a person enrols with.
type card struct {
	Name  string `json:"name"`
	Party string `json:"party,omitempty"`
	Role  string `json:"role"`
	Link  string `json:"link"`
}

func draftPath(dir string) string { return filepath.Join(dir, "setup.json") }

// maxDraftFile bounds what is read back, in bytes.
const maxDraftFile = 32 << 20

// inSetup reports whether a set-up is under way in dir, or may begin there: it is empty or missing.
func inSetup(dir string) bool {
	if _, err := os.Stat(draftPath(dir)); err == nil {
		return true
	}
	entries, err := os.ReadDir(dir)
	return errors.Is(err, os.ErrNotExist) || err == nil && len(entries) == 0
}

func openFounder(ctx context.Context, io streams, dir, tripwire string) (*founder, error) {
	f := &founder{dir: dir, tripwire: tripwire, ctx: ctx, io: io}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("making %s: %w", dir, err)
	}
	b, err := readLimited(draftPath(dir), maxDraftFile)
	if errors.Is(err, os.ErrNotExist) {
		return f, nil
	}
	if err == nil {
		err = json.Unmarshal(b, &f.file)
	}
	if err != nil {
		return nil, hinted{fmt.Errorf("reading %s: %w", draftPath(dir), err), "put it back from a backup; or move it away: the set-up then begins anew"}
	}
	return f, nil
}

// keep writes the file whole: beside, then in place.
func (f *founder) keep() error {
	b, err := json.MarshalIndent(f.file, "", " ")
	if err != nil {
		return err
	}
	next := draftPath(f.dir) + ".next"
	os.Remove(next)
	if err := writeSynced(next, b); err != nil {
		return err
	}
	return os.Rename(next, draftPath(f.dir))
}

func (f *founder) Draft() web.Draft {
	f.mu.Lock()
	defer f.mu.Unlock()
	d := f.file.Draft
	b, err := json.Marshal(d) // so that nobody changes ours
	if err == nil {
		d = web.Draft{}
		err = json.Unmarshal(b, &d)
	}
	if err != nil {
		panic(err) // it was read or filled just so
	}
	return d
}

func (f *founder) Save(d web.Draft) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.file.Seed != nil {
		return errors.New("the founding has begun")
	}
	f.file.Draft = d
	return f.keep()
}

func (f *founder) Opened() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.file.Opened)
}

// maxOpened is in how many browsers a set-up may be open; the oldest is closed.
const maxOpened = 8

func (f *founder) Open(hash string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.file.Opened = append(f.file.Opened, hash)
	if len(f.file.Opened) > maxOpened {
		f.file.Opened = f.file.Opened[len(f.file.Opened)-maxOpened:]
	}
	return f.keep()
}

func (f *founder) Shipped() []string { return bodies.Names() }

func (f *founder) RulesOf(name, own string) (*rules.Rules, error) { return rulesOf(name, own) }

func rulesOf(name, own string) (*rules.Rules, error) {
	if name == web.OwnRules {
		r, err := bodies.Read([]byte(own))
		var line *bodies.LineError
		if errors.As(err, &line) {
			return nil, web.RulesProblem{Line: line.Line, Field: line.Field, Kind: line.Kind, Why: line.Error()}
		}
		return r, err
	}
	if r, ok := bodies.Get(name); ok {
		return r, nil
	}
	return nil, fmt.Errorf("no rules are called %q", name)
}

func (f *founder) ReadTable(b []byte) (columns []string, rows []web.TableRow, said []web.RowProblem) {
	t, problems, err := exchange.ReadTable(b)
	var whole exchange.Problem
	if errors.As(err, &whole) {
		problems = []exchange.Problem{whole}
	}
	for _, p := range problems {
		said = append(said, web.RowProblem(p))
	}
	if err != nil {
		return nil, nil, said
	}
	for _, r := range t.Rows {
		rows = append(rows, web.TableRow{Number: r.Number, Cells: r.Cells()})
	}
	return t.Columns, rows, said
}

// A foundingPlan is the acts that put a draft into a record.
type foundingPlan struct {
	d      web.Draft
	seed   exchange.Seed
	began  record.Instant
	origin string
	signIn bool // people sign in at the draft's address, by links; not in a rehearsal
	first  conference.PersonID
	second conference.PersonID
	n      int
	cards  []card
}

func newFounding(d web.Draft, seed []byte, began record.Instant, origin string, signIn bool) *foundingPlan {
	p := &foundingPlan{d: d, seed: exchange.Seed(seed), began: began, origin: origin, signIn: signIn}
	p.first, p.second = conference.PersonID(hex.EncodeToString(p.draw("secretary 1")[:16])), conference.PersonID(hex.EncodeToString(p.draw("secretary 2")[:16]))
	return p
}

// draw makes 32 bytes from the seed, the same each time.
func (p *foundingPlan) draw(what string) []byte {
	h := hmac.New(sha256.New, p.seed[:])
	h.Write([]byte("set-up " + what))
	return h.Sum(nil)
}

// act is an act of the first secretary, or of both.
func (p *foundingPlan) act(name, meeting string, both bool, fields any) *secretariat.Act {
	value, err := fieldsOf(fields)
	if err != nil {
		panic(err) // it was encoded just now
	}
	p.n++
	a := &secretariat.Act{Submitted: record.Submitted{As: string(conference.Secretary), By: string(p.first), Fields: value,
		Key: canonical.EncodeBytes(p.draw(fmt.Sprint("key ", p.n))[:16]), Meeting: meeting, Name: name, Origin: p.origin}}
	if both {
		a.Submitted.With = []record.With{{As: string(conference.Secretary), By: string(p.second)}}
	}
	return a
}

// body are the acts up to the invitations to the first meeting.
func (p *foundingPlan) body() (acts []*secretariat.Act, err error) {
	add := func(name string, fields any) { acts = append(acts, p.act(name, "", false, fields)) }
	d := p.d
	f := conference.FoundBody{ID: conference.BodyID(d.Body.ID), Names: web.NamesOf(d.Body.Names), Seat: d.SeatID(), Zone: d.Body.Zone,
		Offices: []conference.Holding{{Person: p.first, Capacity: conference.Secretary}, {Person: p.second, Capacity: conference.Secretary}}}
	for _, code := range d.Languages() {
		f.Languages = append(f.Languages, conference.Language(code))
	}
	var emblem [][]byte
	if b := d.Body.Emblem; len(b) > 0 {
		f.Emblem, emblem = &record.Blob{Digest: record.DigestOf(b), Size: int64(len(b))}, [][]byte{b}
	}
	add("FoundBody", f)
	acts[0].Blobs = emblem
	acts = append(acts, p.register(p.first, d.Secretaries[0].Names), p.register(p.second, d.Secretaries[1].Names))
	add("NamePlace", conference.NamePlace{Place: d.SeatID(), Type: "city", Names: web.NamesOf(d.Body.Seat)})
	if d.Rules != web.LaterRules {
		r, err := rulesOf(d.Rules, d.Own)
		if err != nil {
			return nil, err
		}
		add("AdoptRules", conference.AdoptRules{Rules: *r, Basis: d.Basis})
	}
	for _, x := range d.Parties {
		source := conference.Term("cldr")
		if x.Notified {
			source = "notified"
		}
		add("NameParty", conference.NameParty{Party: conference.PartyID(x.ID), Short: namesIn(x.Names, d.Languages()), Source: source})
		if x.Observer {
			add("GrantObserver", conference.GrantObserver{Party: conference.PartyID(x.ID), From: conference.Date(x.Since), Basis: conference.Term(x.Basis)})
		} else {
			add("AdmitParty", conference.AdmitParty{Party: conference.PartyID(x.ID), From: conference.Date(x.Since), Basis: conference.Term(x.Basis)})
		}
	}
	if d.PlaceID() != d.SeatID() {
		add("NamePlace", conference.NamePlace{Place: d.PlaceID(), Type: "city", Names: web.NamesOf(d.Meeting.Place)})
	}
	m := d.Meeting
	add("ConveneMeeting", conference.ConveneMeeting{Meeting: d.MeetingID(), Ordinal: m.Ordinal, Place: d.PlaceID(), Host: conference.PartyID(m.Host), From: conference.Date(m.From), To: conference.Date(m.To), Zone: m.Zone})
	for _, x := range d.Parties {
		as := map[bool]string{true: "observer", false: "member"}[x.Observer]
		acts = append(acts, p.act("Invite", string(d.MeetingID()), false, conference.Invite{Party: conference.PartyID(x.ID), As: as}))
	}
	return acts, nil
}

// namesIn are names in the body's languages.
func namesIn(texts map[string]string, codes []string) conference.Names {
	ours := map[string]string{}
	for _, code := range codes {
		ours[code] = texts[code]
	}
	return web.NamesOf(ours)
}

// register enters a person with sealed names.
func (p *foundingPlan) register(id conference.PersonID, texts map[string]string) *secretariat.Act {
	f := conference.RegisterPerson{Person: id}
	var opened []record.Disclosure
	for i, n := range web.NamesOf(texts) {
		salt := canonical.EncodeBytes(p.draw(fmt.Sprint("salt ", id, i))[:16])
		d := record.Disclose(salt, fmt.Sprintf("names.%d.1", i), canonical.Value{Kind: canonical.String, Str: n.Text})
		opened = append(opened, d)
		f.Names = append(f.Names, conference.SealedName{Language: n.Language, Name: record.Sealed{Digest: d.Digest()}})
	}
	a := p.act("RegisterPerson", "", false, f)
	a.Disclosures = opened
	return a
}

// people are the acts from the delegations to the address where people sign in, after a state that body has made.
func (p *foundingPlan) people(s *conference.State) (acts []*secretariat.Act, err error) {
	persons := map[int]conference.PersonID{}
	if len(p.d.People) > 0 {
		planned, err := p.delegations(s)
		if err != nil {
			return nil, err
		}
		for _, a := range planned {
			acts = append(acts, a.Act)
			if a.Act.Submitted.Name == "RegisterPerson" {
				persons[a.Row-2] = conference.PersonID(a.Act.Submitted.Fields.Get("person").Str)
			}
		}
	}
	if chair := p.d.Meeting.Chair; chair > 0 && persons[chair-1] != "" {
		acts = append(acts, p.act("GrantOffice", "", true, conference.GrantOffice{Person: persons[chair-1], Capacity: conference.Chair}))
	}
	if !p.signIn {
		return acts, nil
	}
	for i, who := range []conference.PersonID{p.first, p.second} {
		acts = append(acts, p.invite(who, card{Name: web.NamesOf(p.d.Secretaries[i].Names)[0].Text, Role: "secretary"}))
	}
	for i, r := range p.d.People {
		x, _ := p.d.Party(r.Party)
		acts = append(acts, p.invite(persons[i], card{Name: r.Name, Party: x.ID, Role: web.DraftRole(r.Role)}))
	}
	return append(acts, p.act("NameOrigin", "", true, conference.NameOrigin{Domain: p.d.Domain(), Origins: []string{p.d.Address}})), nil
}

// delegations registers the people and nominates the delegations, as an import of the same list would.
func (p *foundingPlan) delegations(s *conference.State) ([]exchange.Planned, error) {
	var text bytes.Buffer
	out := csv.NewWriter(&text)
	out.Write([]string{"name", "party", "role"})
	for _, r := range p.d.People {
		x, _ := p.d.Party(r.Party)
		out.Write([]string{r.Name, x.ID, web.DraftRole(r.Role)})
	}
	out.Flush()
	t, problems, err := exchange.ReadTable(text.Bytes())
	if err != nil {
		return nil, err
	}
	language := conference.Language(p.d.Script)
	if language == "" {
		language = conference.Language(p.d.Languages()[0])
	}
	desk := exchange.Desk{Origin: p.origin, By: p.first, Meeting: p.d.MeetingID(), Seed: p.seed}
	acts, more := exchange.Participants{Desk: desk, Language: language}.Plan(t, s)
	if problems = append(problems, more...); len(problems) > 0 {
		return nil, fmt.Errorf("the list of people: %s", problems[0])
	}
	return acts, nil
}

// cardLife is how long the codes on cards can be used, in hours: as long as a link may live, but for an hour.
const cardLife = conference.MaxLinkLife*24 - 1

// invite makes the link on a card.
func (p *foundingPlan) invite(who conference.PersonID, c card) *secretariat.Act {
	token := p.draw("link " + string(who))
	c.Link = canonical.EncodeBytes(token)
	p.cards = append(p.cards, c)
	return p.act("InviteToEnrol", "", false, conference.InviteToEnrol{Person: who, Link: record.DigestOf(token), Until: p.began.AddHours(cardLife)})
}

// take has the record take all; where it was interrupted, the acts it has taken are answered with their first receipts.
func (p *foundingPlan) take(ctx context.Context, h *house) (acts int, err error) {
	body, err := p.body()
	if err != nil {
		return 0, err
	}
	if err := h.s.DoWhole(ctx, &secretariat.Whole{Acts: body}); err != nil {
		return 0, err
	}
	planned, err := h.s.View().At(ctx, int64(len(body))) // as it stood then, an act an entry
	if err != nil {
		return 0, err
	}
	people, err := p.people(planned.State())
	if err != nil {
		return 0, err
	}
	if len(people) == 0 {
		return len(body), nil
	}
	return len(body) + len(people), h.s.DoWhole(ctx, &secretariat.Whole{Acts: people})
}

// foundIn founds a draft in a new folder under an origin of a story: to try it, or to rehearse.
func foundIn(ctx context.Context, dir string, d web.Draft, signIn bool) (h *house, acts int, err error) {
	var origin string
	err = makeDir(dir, func(key ed25519.PublicKey) string {
		origin = record.StoryOrigin(d.Body.ID, key)
		return origin
	})
	if err != nil {
		return nil, 0, err
	}
	if h, err = openUnwatched(ctx, dir); err != nil {
		return nil, 0, err
	}
	seed := make([]byte, 32)
	rand.Read(seed)
	if acts, err = newFounding(d, seed, wall(), origin, signIn).take(ctx, h); err != nil {
		return nil, 0, errors.Join(err, h.Close())
	}
	return h, acts, nil
}

// Check founds the body in a folder that is thrown away.
func (f *founder) Check(ctx context.Context, d web.Draft) (int, error) {
	dir, err := os.MkdirTemp("", "kurultai-")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(dir)
	h, acts, err := foundIn(ctx, filepath.Join(dir, "record"), d, true)
	if err != nil {
		return 0, err
	}
	return acts, h.Close()
}

// rehearsalMark names the file that says that a record is a rehearsal.
const rehearsalMark = "rehearsal-of"

// isRehearsal reports whether a record is a copy in which everything may be tried.
func isRehearsal(h *house) bool {
	_, err := os.Stat(filepath.Join(h.dir, rehearsalMark))
	_, story := record.StoryBody(h.log.Origin())
	return err == nil && story
}

func markRehearsal(dir, of string) error {
	return writeSynced(filepath.Join(dir, rehearsalMark), []byte(of+"\n"))
}

// Rehearse makes the copy anew and serves it on a port of its own.
func (f *founder) Rehearse(ctx context.Context, d web.Draft) (string, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.stopRehearsal()
	dir := filepath.Join(f.dir, "rehearsal")
	if err := os.RemoveAll(dir); err != nil {
		return "", err
	}
	ctx = context.WithoutCancel(ctx)
	h, _, err := foundIn(ctx, dir, d, false)
	if err == nil {
		err = markRehearsal(dir, d.Origin())
	}
	if err != nil {
		return "", errors.Join(err, os.RemoveAll(dir))
	}
	s, err := startSite(f.ctx, streams{out: f.io.out, talk: discard{}}, h, "localhost:0", web.Options{})
	if err != nil {
		return "", errors.Join(err, h.Close())
	}
	f.rehearsal, f.copy = s, h
	return s.url, h.nameOrigin(ctx, s.url)
}

func (f *founder) stopRehearsal() {
	if f.rehearsal != nil {
		f.rehearsal.stop()
		f.copy.Close()
		f.rehearsal, f.copy = nil, nil
	}
}

func (f *founder) Rehearsal() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.rehearsal == nil {
		return ""
	}
	return f.rehearsal.url
}

// Found founds the body. What it is made of is written down first, so that it goes on after a crash.
func (f *founder) Found(ctx context.Context, d web.Draft) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	ctx = context.WithoutCancel(ctx)
	if f.file.Seed == nil {
		f.file.Draft, f.file.Seed, f.file.Began = d, make([]byte, 32), int64(wall())
		rand.Read(f.file.Seed)
		if err := f.keep(); err != nil {
			f.file.Seed = nil
			return err
		}
	}
	err := f.goOn(ctx)
	var no *conference.Refusal
	if f.house == nil && errors.As(err, &no) { // nothing is in the record
		f.file.Seed = nil
		err = errors.Join(err, f.keep())
	}
	return err
}

// goOn founds what the file holds, and goes on where that was interrupted.
func (f *founder) goOn(ctx context.Context) error {
	d := f.file.Draft
	if !isRecord(f.dir) { // then the log's key has signed nothing
		if err := errors.Join(os.RemoveAll(filepath.Dir(logKeyPath(f.dir))), makeLogKey(f.dir, func(ed25519.PublicKey) string { return d.Origin() })); err != nil {
			return err
		}
	}
	h, err := openToWrite(f.ctx, f.dir, f.tripwire)
	if err != nil {
		return err
	}
	if f.file.Cards != nil { // all was taken
		f.house = h
		f.founded(h)
		return nil
	}
	p := newFounding(d, f.file.Seed, record.Instant(f.file.Began), h.log.Origin(), true)
	if _, err := p.take(ctx, h); err != nil {
		size := h.s.View().State().Size
		err = errors.Join(err, h.Close())
		if size == 0 {
			return errors.Join(err, f.sweep())
		}
		f.house = nil
		return err
	}
	f.file.Cards = p.cards
	if err := f.keep(); err != nil {
		return errors.Join(err, h.Close())
	}
	f.house = h
	f.founded(h)
	return nil
}

// sweep takes away an empty record.
func (f *founder) sweep() error {
	files, err := filepath.Glob(filepath.Join(f.dir, "record.db*"))
	for _, file := range append(files, filepath.Join(f.dir, "lock")) {
		err = errors.Join(err, os.Remove(file))
	}
	return errors.Join(err, os.RemoveAll(filepath.Dir(logKeyPath(f.dir))))
}

func (f *founder) Founded() *web.Founded {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.house == nil {
		return nil
	}
	st := f.house.s.View().State()
	out := &web.Founded{Origin: f.house.log.Origin(), Verifier: f.house.log.Verifier(), Size: st.Size, Meeting: string(f.file.Draft.MeetingID()), Until: record.Instant(f.file.Began).AddHours(cardLife)}
	for _, c := range f.file.Cards {
		token, _ := canonical.DecodeBytes(c.Link)
		l, _ := st.EnrolmentLink(record.DigestOf(token))
		out.Cards = append(out.Cards, web.FoundedCard{Name: c.Name, Party: c.Party, Role: c.Role, Link: c.Link, Used: l.Used > 0})
	}
	return out
}

// End destroys the draft, the codes and the rehearsal.
func (f *founder) End() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.stopRehearsal()
	f.file = draftFile{}
	return errors.Join(os.RemoveAll(filepath.Join(f.dir, "rehearsal")), os.Remove(draftPath(f.dir)))
}

func (f *founder) close() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.stopRehearsal()
	if f.house != nil {
		f.house.Close()
	}
}

// serveSetup serves the set-up of dir, and the pages of its record from the moment there is one.
func serveSetup(ctx context.Context, io streams, dir, addr, tripwire string, o web.Options, w *ops) error {
	f, err := openFounder(ctx, io, dir, tripwire)
	if err != nil {
		return err
	}
	defer f.close()
	l, err := listen(io, addr)
	if err != nil {
		return err
	}
	o.Live = live.New(live.Config{})
	setup := web.NewSetup(f, o)
	var pages atomic.Pointer[http.Handler]
	w.station.SetUp(dir)
	f.founded = func(h *house) {
		h.ops = w
		p := pagesOf(h, l, o)
		pages.Store(&p)
		w.open(h, o.Live)
	}
	if f.file.Seed != nil {
		if err := f.Found(ctx, f.file.Draft); err != nil {
			return errors.Join(hinted{fmt.Errorf("the founding was interrupted and cannot go on: %w", err), "the same command tries again"}, l.Close())
		}
	}
	s := serveOn(ctx, l, http.HandlerFunc(func(to http.ResponseWriter, r *http.Request) {
		if p := pages.Load(); p != nil && !setup.Mine(r.URL.Path) {
			(*p).ServeHTTP(to, r)
			return
		}
		w.with(f.door(l, setup)).ServeHTTP(to, r)
	}), o.Live)
	defer s.stop()
	w.ready()
	fmt.Fprintf(io.talk, "%s\nopen this address in a browser on this machine: it leads through the set-up, and works once\n", s.url+"/setup/"+setup.Token())
	<-ctx.Done()
	return nil
}

// door lets the set-up be reached under this machine's names and under the one that the draft gives, where a proxy
// passes it on.
func (f *founder) door(l net.Listener, setup http.Handler) http.Handler {
	if !l.Addr().(*net.TCPAddr).IP.IsLoopback() {
		return setup
	}
	return loopbackOnly(setup, func(host string) bool {
		u, err := url.Parse(f.Draft().Address)
		return err == nil && u.Hostname() == host && host != ""
	})
}
