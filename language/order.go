package language

import (
	"golang.org/x/text/collate"
	textlanguage "golang.org/x/text/language"
)

// Order compares names as lists in the language are ordered. It may be used by one goroutine at a time.
func (l *Language) Order() func(a, b string) int {
	tag := textlanguage.Make(l.Code)
	return collate.New(tag).CompareString
}
