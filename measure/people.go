package measure

import (
	"bytes"
	"fmt"
)

// People is a table of participants as a secretary sends it, in CSV: so many rows of invented names, so many to a party, the
// first of each its head.
func People(rows, party int) []byte {
	var text bytes.Buffer
	text.WriteString("name,party,role\n")
	for i := range rows {
		fmt.Fprintf(&text, "Person %d of a long list,Party %d,%s\n", i, i/party, map[bool]string{true: "head", false: "staff"}[i%party == 0])
	}
	return text.Bytes()
}
