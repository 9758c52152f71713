package witness

import (
	"bytes"
	_ "embed"
	"encoding/json"
)

//go:embed page/page.html
var checker []byte

// Page is a page that checks bundles by itself, from a disk and without a network. words are what it says, by language,
// then key.
func Page(words map[string]map[string]string) []byte {
	text, err := json.Marshal(words) // escapes what would end a script
	if err != nil {
		panic(err) // strings can be written
	}
	return bytes.Replace(checker, []byte("/*WORDS*/{}"), text, 1)
}
