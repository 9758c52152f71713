package record_test

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"kurultai/record"
)

func TestIndexesAreWrittenInOneWay(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		list := rapid.SliceOfN(rapid.Int64Range(0, 99), 1, 40).Draw(t, "indexes")
		text := record.FormatIndexes(list)
		got, err := record.ParseIndexes(text, 100, 100)
		if want := slices.Compact(slices.Sorted(slices.Values(list))); err != nil || !slices.Equal(got, want) {
			t.Fatalf("%s: %v %v", text, got, err)
		}
	})
	rows := 0
	for _, text := range []string{"", "-", "-1", "1-", "2-1", "1-2-3", "01", "1,1", "2,1", "1,2", "1-1", "10", "0-9", "1,", " 1", "9223372036854775808", "0-9223372036854775807", "+1"} {
		rows++
		if got, err := record.ParseIndexes(text, 5, 10); err == nil {
			t.Errorf("%q: %v", text, got)
		}
	}
	if rows == 0 || record.FormatIndexes([]int64{7, 3, 4, 5, 9}) != "3-5,7,9" {
		t.Error(record.FormatIndexes([]int64{7, 3, 4, 5, 9}))
	}
}
