package conference

// things adds the kinds of things of the founding parts; other parts add theirs in their own files.
func things(ed *edition) {
	ed.thing("meeting", func(s *State, id string) (int64, bool) { m, ok := s.meetings.Get(id); return m.Index, ok })
	ed.thing("request", func(s *State, id string) (int64, bool) { q, ok := s.requests.Get(id); return q.Index, ok })
	ed.thing("person", func(s *State, id string) (int64, bool) { p, ok := s.persons.Get(id); return p.Index, ok })
	ed.thing("party", func(s *State, id string) (int64, bool) { p, ok := s.parties.Get(id); return p.Index, ok })
	ed.thing("organisation", func(s *State, id string) (int64, bool) { o, ok := s.organisations.Get(id); return o.Index, ok })
	ed.thing("place", func(s *State, id string) (int64, bool) { p, ok := s.places.Get(id); return p.Index, ok })
	ed.thing("source", func(s *State, id string) (int64, bool) { x, ok := s.sources.Get(id); return x.Index, ok })
	ed.thing("body", func(s *State, id string) (int64, bool) { return 0, id == string(s.Body.ID) })
	ed.thing("rules", func(s *State, id string) (int64, bool) {
		return s.RulesAt, s.RulesAt > 0 && id == string(s.Body.ID)
	})
}
