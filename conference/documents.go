package conference

// documentsState is papers of the body: symbols, versions, circulation, classification.
type documentsState struct{}

// A Document is a paper of the body under its symbol.
type Document struct {
	Symbol Symbol
	Index  int64 // entry that changed it last
}

// Document returns a paper.
func (s *State) Document(symbol Symbol) (Document, bool) { return Document{}, false }

func documents(ed *edition) {}
