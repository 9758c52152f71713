package story

// LimitLines lowers the size a line may have, and returns what puts it back.
func LimitLines(n int) (restore func()) {
	was := maxLine
	maxLine = n
	return func() { maxLine = was }
}
