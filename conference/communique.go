package conference

// communiqueState is texts agreed paragraph by paragraph, press releases and records of meetings.
type communiqueState struct{}

func communique(ed *edition) {}
