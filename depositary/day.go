package depositary

import (
	"fmt"

	"kurultai/record"
)

// A Day is a day of the Gregorian calendar, counted from 1970-01-01, which is 0.
type Day int64

// A Date is a day as a clause writes it: 2027-10-14.
type Date string

// Check reports whether there is such a day.
func (d Date) Check() error { _, err := ParseDay(string(d)); return err }

// Day is the day a date names. The date has been checked.
func (d Date) Day() Day { day, _ := ParseDay(string(d)); return day }

// ParseDay reads a day as 2027-10-14.
func ParseDay(s string) (Day, error) {
	bad := fmt.Errorf("%.20q is no day as 2027-10-14", s)
	if len(s) != 10 || s[4] != '-' || s[7] != '-' {
		return 0, bad
	}
	var parts [3]int64
	for i, c := range s {
		part := min(max(0, i-2)/3, 2)
		switch {
		case i == 4 || i == 7:
		case c < '0' || c > '9':
			return 0, bad
		default:
			parts[part] = parts[part]*10 + int64(c-'0')
		}
	}
	if !record.IsDate(parts[0], parts[1], parts[2]) {
		return 0, bad
	}
	return Day(record.DaysFrom1970(parts[0], parts[1], parts[2])), nil
}

func (d Day) String() string {
	y, m, day := record.DateOf(int64(d))
	return fmt.Sprintf("%04d-%02d-%02d", y, m, day)
}

// Date writes the day as a clause does.
func (d Day) Date() Date { return Date(d.String()) }

// AddMonths keeps the day of the month, else takes the month's last: a month after 31 January is 28 or 29 February.
func (d Day) AddMonths(n int64) Day {
	if n == 0 {
		return d
	}
	y, m, day := record.DateOf(int64(d))
	m += n - 1
	y, m = y+m/12, m%12+1
	for ; day > 28 && !record.IsDate(y, m, day); day-- {
	}
	return Day(record.DaysFrom1970(y, m, day))
}

func (d Day) first() Day {
	y, m, _ := record.DateOf(int64(d))
	return Day(record.DaysFrom1970(y, m, 1))
}
