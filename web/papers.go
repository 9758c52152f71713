package web

import (
	"context"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"kurultai/conference"
	"kurultai/paper"
)

// papersPage lists what can be had of a meeting as PDF: all that is for the reader.
func (s *site) papersPage(v View, in *visit) (any, error) {
	d, id := s.drawer(v, in), conference.MeetingID(in.args["meeting"])
	m, ok := d.s.Meeting(id)
	if !ok {
		return nil, errNotFound
	}
	p := d.sheet("meeting", "meetings/"+string(id)+"/papers", d.say("public.papers"))
	p.Lead = d.say("public.paperslead")
	p.Eyebrow = []Line{{Text: d.meetingName(id), Address: d.to("meetings/%s", id)}, {Text: d.span(m)}}
	open := Section{ID: "papers", Title: d.say("public.documents"), Kind: "plain"}
	desk := Section{ID: "sheets", Title: d.say("public.papersofdesk"), Kind: "plain"}
	for _, k := range paper.Kinds() {
		line := Line{Text: paper.Title(k.Name, d.l), Address: d.to("meetings/%s/papers/%s.pdf", id, k.Name), Small: "PDF"}
		switch {
		case k.Named() || !in.reader.Sees(k.Audience()):
		case k.Audience() == conference.ToPublic:
			open.Lines = append(open.Lines, line)
		default:
			desk.Lines = append(desk.Lines, line)
		}
	}
	p.Main = []Section{open, desk}
	p.Side = []Section{{ID: "check", Title: d.say("page.verifyit"), Kind: "plain", Lines: []Line{{Text: d.say("check.link"), Address: "/" + d.l.Code + "/verify", Small: d.say("check.titlelead")}}}}
	return d.show(p)
}

// paperFile is one of them. It is set once for a size of the record, a language and a class of readers.
func (s *site) paperFile(v View, in *visit) (any, error) {
	kinds, meeting := paper.Kinds(), conference.MeetingID(in.args["meeting"])
	name, isPDF := strings.CutSuffix(in.args["file"], ".pdf")
	i := slices.IndexFunc(kinds, func(k paper.Kind) bool { return k.Name == name })
	if _, ok := v.State().Meeting(meeting); !ok || !isPDF || i < 0 || kinds[i].Named() {
		return nil, errNotFound
	}
	if !in.reader.Sees(kinds[i].Audience()) {
		return nil, tell(http.StatusForbidden, "public.closed")
	}
	key := strings.Join([]string{in.lang.Code, in.reader.Class(), string(meeting), name, s.keep(v)}, "/")
	body, err := s.press.get(in.Context(), key, v.State().Size, func() ([]byte, error) {
		return kinds[i].Set(v.For(in.reader.Anybody()), paper.Wish{Language: in.lang, Meeting: meeting, Text: s.textsFor(in.Context(), v, in.reader.Anybody())})
	})
	return file{kind: "application/pdf", body: body}, err
}

// A press sets papers: few at once, each once for a size of the record.
type press struct {
	mu   sync.Mutex
	kept map[string]*printed
	busy chan struct{} // holds one for each that is being set
}

// A printed is locked while it is set, so that others wait for it and do not set it again.
type printed struct {
	mu   sync.Mutex
	size int64
	body []byte
}

const (
	maxPrinted = 256              // papers kept
	maxSetSize = 4 << 20          // bytes of one that is kept
	maxTurn    = 10 * time.Second // how long one waits for its turn
)

func newPress() *press { return &press{busy: make(chan struct{}, runtime.GOMAXPROCS(0))} }

// get returns the paper kept under a key if it is of the record's size, else what set makes when its turn has come.
func (p *press) get(ctx context.Context, key string, size int64, set func() ([]byte, error)) ([]byte, error) {
	kept := p.of(key)
	kept.mu.Lock()
	defer kept.mu.Unlock()
	if kept.body != nil && kept.size == size {
		return kept.body, nil
	}
	done, err := waitFor(ctx, p.busy)
	if err != nil {
		return nil, err
	}
	defer done()
	body, err := set()
	if err == nil && len(body) <= maxSetSize {
		kept.size, kept.body = size, body
	}
	return body, err
}

func (p *press) of(key string) *printed {
	p.mu.Lock()
	defer p.mu.Unlock()
	if kept, ok := p.kept[key]; ok {
		return kept
	}
	if p.kept == nil || len(p.kept) >= maxPrinted {
		p.kept = map[string]*printed{}
	}
	p.kept[key] = &printed{}
	return p.kept[key]
}
