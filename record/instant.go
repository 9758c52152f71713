package record

import "fmt"

// An Instant is a moment in UTC, in milliseconds since 1970-01-01T00:00:00.000Z (proleptic Gregorian,
// no leap seconds), of the years 0001 to 9999. It is arithmetic only: nothing here asks a clock.
type Instant int64

const (
	firstInstant Instant = -62135596800000 // 0001-01-01T00:00:00.000Z
	lastInstant  Instant = 253402300799999 // 9999-12-31T23:59:59.999Z
	msPerDay             = 24 * 60 * 60 * 1000
)

// Day is the UTC day of i, counted from 1970-01-01.
func (i Instant) Day() int64 { return floorDiv(int64(i), msPerDay) }

// AddHours returns the instant n hours after i.
func (i Instant) AddHours(n int64) Instant { return i + Instant(n*60*60*1000) }

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

// DaysFrom1970 counts the days from 1970-01-01 to a date of the Gregorian calendar.
func DaysFrom1970(year, month, day int64) int64 {
	if month <= 2 {
		year--
	}
	era := floorDiv(year, 400)
	yearOfEra := year - era*400
	dayOfYear := (153*((month+9)%12)+2)/5 + day - 1
	return era*146097 + yearOfEra*365 + yearOfEra/4 - yearOfEra/100 + dayOfYear - 719468
}

// DateOf is the inverse of DaysFrom1970.
func DateOf(days int64) (year, month, day int64) {
	days += 719468
	era := floorDiv(days, 146097)
	dayOfEra := days - era*146097
	yearOfEra := (dayOfEra - dayOfEra/1460 + dayOfEra/36524 - dayOfEra/146096) / 365
	dayOfYear := dayOfEra - (365*yearOfEra + yearOfEra/4 - yearOfEra/100)
	m := (5*dayOfYear + 2) / 153
	day, month, year = dayOfYear-(153*m+2)/5+1, m+3, yearOfEra+era*400
	if month > 12 {
		month -= 12
		year++
	}
	return year, month, day
}

// IsDate reports whether there is such a day in the Gregorian calendar, of the years 1 to 9999.
func IsDate(year, month, day int64) bool {
	if year < 1 || year > 9999 || month < 1 || month > 12 || day < 1 || day > 31 {
		return false
	}
	y, m, d := DateOf(DaysFrom1970(year, month, day))
	return y == year && m == month && d == day
}

// AppendText writes i as the record does: 2019-09-06T06:00:00.000Z.
func (i Instant) AppendText(dst []byte) ([]byte, error) {
	year, month, day := DateOf(i.Day())
	ms := int64(i) - i.Day()*msPerDay
	dst = digits(dst, year, 4)
	dst = digits(append(dst, '-'), month, 2)
	dst = digits(append(dst, '-'), day, 2)
	dst = digits(append(dst, 'T'), ms/3600000, 2)
	dst = digits(append(dst, ':'), ms/60000%60, 2)
	dst = digits(append(dst, ':'), ms/1000%60, 2)
	dst = digits(append(dst, '.'), ms%1000, 3)
	return append(dst, 'Z'), nil
}

func digits(dst []byte, n int64, width int) []byte {
	for p := [...]int64{1, 10, 100, 1000}[width-1]; p > 0; p /= 10 {
		dst = append(dst, byte('0'+n/p%10))
	}
	return dst
}

func (i Instant) String() string {
	b, _ := i.AppendText(nil)
	return string(b)
}

// UnmarshalText reads exactly what AppendText writes.
func (i *Instant) UnmarshalText(text []byte) error {
	const shape = "0000-00-00T00:00:00.000Z"
	at, ok := Instant(0), len(text) == len(shape)
	for k := 0; ok && k < len(shape); k++ {
		if shape[k] == '0' {
			ok = text[k] >= '0' && text[k] <= '9'
		} else {
			ok = text[k] == shape[k]
		}
	}
	if ok {
		num := func(from, to int) (n int64) {
			for _, c := range text[from:to] {
				n = n*10 + int64(c-'0')
			}
			return n
		}
		year, month, day := num(0, 4), num(5, 7), num(8, 10)
		hour, minute, second := num(11, 13), num(14, 16), num(17, 19)
		ok = IsDate(year, month, day) && hour < 24 && minute < 60 && second < 60
		at = Instant(((DaysFrom1970(year, month, day)*24+hour)*60+minute)*60+second)*1000 + Instant(num(20, 23))
	}
	if !ok {
		return fmt.Errorf("not an instant as 2019-09-06T06:00:00.000Z: %.40q", text)
	}
	*i = at
	return nil
}

// ParseInstant reads an instant as 2019-09-06T06:00:00.000Z.
func ParseInstant(s string) (i Instant, err error) {
	err = i.UnmarshalText([]byte(s))
	return i, err
}
