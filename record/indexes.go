package record

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// FormatIndexes writes indexes as they stand in addresses: ascending, each once, joined by commas, those that follow one
// another as FROM-TO.
func FormatIndexes(indexes []int64) string {
	list := slices.Compact(slices.Sorted(slices.Values(indexes)))
	var b strings.Builder
	for i := 0; i < len(list); i++ {
		from := i
		for i+1 < len(list) && list[i+1] == list[i]+1 {
			i++
		}
		if b.Len() > 0 {
			b.WriteByte(',')
		}
		fmt.Fprint(&b, list[from])
		if i > from {
			fmt.Fprintf(&b, "-%d", list[i])
		}
	}
	return b.String()
}

// ParseIndexes reads what FormatIndexes writes, of at most so many entries of a record of size.
func ParseIndexes(text string, most int, size int64) (list []int64, err error) {
	for part := range strings.SplitSeq(text, ",") {
		first, last, _ := strings.Cut(part, "-")
		from, err := strconv.ParseInt(first, 10, 64)
		to := from
		if err == nil && last != "" {
			to, err = strconv.ParseInt(last, 10, 64)
		}
		if err != nil || from < 0 || to < from || to >= size || to-from >= int64(most-len(list)) {
			return nil, errors.New("not indexes of this record")
		}
		for i := from; i <= to; i++ {
			list = append(list, i)
		}
	}
	if FormatIndexes(list) != text {
		return nil, errors.New("indexes are written in another way")
	}
	return list, nil
}
