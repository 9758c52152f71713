package conference

type (
	// FileNote files a note of the secretariat. Its entry is closed: others see a time and a digest.
	FileNote struct {
		Note NoteID `json:"note" jsonschema:"id of the note"`
		Text string `json:"text" jsonschema:"the note"`
	}
	// NoteFiled is what FileNote causes, inside the closed entry.
	NoteFiled FileNote
)

func notes(ed *edition) {
	does(ed, Act{
		Name: "FileNote", Title: "File a note", Help: "Files a note of the secretariat about something. Its entry is closed: others see its time and a digest.",
		Who: []Capacity{Secretary}, Rule: "doc/record.md 4", Refusals: []Code{"id-taken"}, Causes: []string{"NoteFiled"}, Closed: true,
	}, func(s *State, c *Call, f *FileNote) ([]Event, *Refusal) {
		if s.closed.notes.Has(string(f.Note)) {
			return nil, refuse("id-taken", "doc/record.md 5", f.Note)
		}
		e := NoteFiled(*f)
		return []Event{{Body: &e}}, nil
	})
	happens(ed, func(*State, Happened, *NoteFiled) {})
}

// Notes lists the notes on file, with the entries that hold them. The writer alone knows them.
func (s *State) Notes() (list []NoteID) {
	for id := range s.closed.notes.All() {
		list = append(list, NoteID(id))
	}
	return list
}
