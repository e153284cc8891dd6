package event

import "time"

// parseTime returns the zero time for what is not a time of RFC 3339.
func parseTime(text string) time.Time {
	if t, ok := quickTime(text); ok {
		return t
	}
	t, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		return time.Time{}
	}
	return t.UTC()
}

// quickTime reads the usual forms of RFC 3339, those with every digit in its
// place: 2025-11-26T09:11:44 with up to nine fractional digits, and Z or an
// offset. What it does not read may be a time all the same.
func quickTime(text string) (time.Time, bool) {
	const length = len("2006-01-02T15:04:05")
	if len(text) <= length || text[4] != '-' || text[7] != '-' || text[10] != 'T' || text[13] != ':' || text[16] != ':' {
		return time.Time{}, false
	}
	century, year := twoDigits(text, 0), twoDigits(text, 2)
	month, day := twoDigits(text, 5), twoDigits(text, 8)
	hour, minute, second := twoDigits(text, 11), twoDigits(text, 14), twoDigits(text, 17)
	if century < 0 || year < 0 || month < 1 || month > 12 || day < 1 || day > 31 ||
		uint(hour) > 23 || uint(minute) > 59 || uint(second) > 59 {
		return time.Time{}, false
	}
	nano, i := fraction(text, length)
	offset, ok := zone(text, i)
	if !ok {
		return time.Time{}, false
	}
	t := time.Date(100*century+year, time.Month(month), day, hour, minute, second-offset, nano, time.UTC)
	return t, day <= 28 || day <= daysIn(time.Month(month), 100*century+year)
}

// twoDigits returns the number that two digits write, less than 0 if they are none.
func twoDigits(text string, i int) int {
	tens, ones := text[i]-'0', text[i+1]-'0'
	if tens > 9 || ones > 9 {
		return -1
	}
	return int(tens)*10 + int(ones)
}

// fraction reads the fraction of a second at i, if there is one. With more than
// nine digits it stops before them.
func fraction(text string, i int) (nano, next int) {
	if i == len(text) || text[i] != '.' {
		return 0, i
	}
	unit := 100_000_000
	for next = i + 1; next < len(text) && text[next]-'0' <= 9 && unit > 0; next++ {
		nano += int(text[next]-'0') * unit
		unit /= 10
	}
	if next == i+1 {
		return 0, i
	}
	return nano, next
}

// zone reads the end of the text, Z or an offset, as seconds east of UTC.
func zone(text string, i int) (int, bool) {
	switch {
	case i == len(text)-1 && text[i] == 'Z':
		return 0, true
	case i != len(text)-len("+00:00") || text[i+3] != ':' || text[i] != '+' && text[i] != '-':
		return 0, false
	}
	hours, minutes := twoDigits(text, i+1), twoDigits(text, i+4)
	if uint(hours) > 23 || uint(minutes) > 59 {
		return 0, false
	}
	seconds := hours*3600 + minutes*60
	if text[i] == '-' {
		return -seconds, true
	}
	return seconds, true
}

// daysIn returns how many days a month has.
func daysIn(m time.Month, year int) int {
	return time.Date(year, m+1, 0, 0, 0, 0, 0, time.UTC).Day()
}
