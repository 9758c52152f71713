package web

import (
	"fmt"
	"slices"
	"strings"

	"kurultai/conference"
	"kurultai/record"
)

// An hour of a programme: what is where, and when.
type hour struct {
	day  conference.Date
	time string // as 18:30; "" where none is known
	line Line
	at   string // the place
}

// programmePage is a meeting's programme by day, and by place.
func (s *site) programmePage(v View, in *visit) (any, error) {
	d, id := s.drawer(v, in), conference.MeetingID(in.args["meeting"])
	m, ok := d.s.Meeting(id)
	if !ok {
		return nil, errNotFound
	}
	rest := "meetings/" + string(id) + "/programme"
	p := d.sheet("meeting", rest, d.say("public.programme"))
	d.renewed(&p)
	_, zone := thereAt(m.From.Begins(), d.zone(m))
	p.Eyebrow = []Line{{Text: d.meetingName(id), Address: d.to("meetings/%s", id)}, {Text: d.span(m)}}
	hours := d.hours(m)
	if p.Lead = d.say("page.inorder"); slices.ContainsFunc(hours, func(h hour) bool { return h.time != "" }) {
		p.Lead = d.say("public.times", zone)
	}
	p.Main, p.Side = d.byDay(m, hours), d.byPlace(hours)
	if len(hours) == 0 {
		p.Main = []Section{{ID: "none", Title: d.span(m), Void: d.say("public.noprogramme")}}
	}
	p.Aside = d.say("public.byplace")
	return d.show(p)
}

// hours are the sittings and events of a meeting in order of time; what has no hour stays as it was reported.
func (d *drawer) hours(m conference.Meeting) (list []hour) {
	id := m.MeetingConvened.Meeting
	for _, e := range d.s.Plans(id) {
		h := hour{day: e.Date, time: e.Time, at: d.place(e.Place), line: Line{Text: d.say(planned(e.Type)), Mark: entries(e.Index)}}
		if e.Dress != "" {
			h.line.Meta = append(h.line.Meta, d.say("public.dress", d.label(e.Dress)))
		}
		if h.line.Tag = ""; e.Recorded {
			h.line.Tag, h.line.Tone = d.say("public.tookplace"), "yes"
		}
		if len(e.Procession) > 0 {
			var order []string
			for _, p := range e.Procession {
				order = append(order, d.party(p))
			}
			h.line.Meta = append(h.line.Meta, d.say("public.procession", strings.Join(order, ", ")))
		}
		list = append(list, h)
	}
	for _, f := range d.s.Told(id) {
		if f.Kind() == "MeetingOpened" && f.Event.Reported == nil {
			list = append(list, d.sitting(m, f.At, d.fact(f)))
		} else if h, ok := d.reportedHour(m, f); ok {
			list = append(list, h)
		}
	}
	slices.SortStableFunc(list, func(a, b hour) int { return strings.Compare(string(a.day)+" "+a.time, string(b.day)+" "+b.time) })
	return list
}

// sitting is an hour at which a meeting was opened.
func (d *drawer) sitting(m conference.Meeting, at record.Instant, mark Mark) hour {
	t, _ := thereAt(at, d.zone(m))
	line := Line{Text: d.say("public.sitting"), Mark: mark}
	if m.InSession() && m.Opened != nil && *m.Opened == at {
		line.Here, line.Tag, line.Tone = true, d.say("page.insession"), "now"
	}
	return hour{conference.Date(t.Format("2006-01-02")), t.Format("15:04"), line, d.place(m.Place)}
}

// reportedHour is an event of which reports tell; they may know no hour.
func (d *drawer) reportedHour(m conference.Meeting, f conference.Fact) (hour, bool) {
	at := conference.PlaceID("")
	switch b := f.Body.(type) {
	case *conference.WreathLaid:
		at = b.Place
	case *conference.FlowersLaid:
		at = b.Place
	case *conference.MeetingOpened:
		at = m.Place
	case *conference.AudienceHeld, *conference.MessageRead:
	default:
		return hour{}, false
	}
	if f.Event.Reported == nil {
		return hour{}, false
	}
	h := hour{day: m.From, at: d.place(at), line: Line{Text: d.say("event." + f.Kind()), Small: d.words(f.Event), Tag: d.say("page.reported"), Mark: d.fact(f)}}
	if when := f.Event.Reported.When; len(when.Date) == 16 {
		h.day, h.time = conference.Date(when.Date[:10]), when.Date[11:]
	} else if len(when.Date) == 10 {
		h.day = conference.Date(when.Date)
	}
	return h, true
}

// byDay is a section a day.
func (d *drawer) byDay(m conference.Meeting, hours []hour) (list []Section) {
	for _, h := range hours {
		n := len(list) - 1
		if n < 0 || list[n].ID != "day-"+string(h.day) {
			list = append(list, Section{ID: "day-" + string(h.day), Title: d.date(h.day), Kind: "hours"})
			n++
		}
		line := h.line
		line.No = h.time
		if !strings.Contains(line.Small, h.at) { // what is reported names its place
			line.Small = together(", ", h.at, line.Small)
		}
		list[n].Lines = append(list[n].Lines, line)
	}
	return list
}

// byPlace is a section a place.
func (d *drawer) byPlace(hours []hour) (list []Section) {
	for _, h := range hours {
		if h.at == "" {
			continue
		}
		i := slices.IndexFunc(list, func(s Section) bool { return s.Title == h.at })
		if i < 0 {
			i = len(list)
			list = append(list, Section{ID: fmt.Sprintf("place-%d", i), Title: h.at, Kind: "plain"})
		}
		list[i].Lines = append(list[i].Lines, Line{Text: h.line.Text, Small: together(", ", d.date(h.day), h.time)})
	}
	return list
}
