package event

import "time"

// parseTime returns the zero time for what is not a time of RFC 3339.
func parseTime(text string) time.Time { return new(calendar).time(text) }

// calendar reads times. It remembers when the last day that it read began,
// which most of the next times share.
type calendar struct {
	day      [len(time.DateOnly)]byte
	midnight int64
}

// time is parseTime.
func (c *calendar) time(text string) time.Time {
	if t, ok := c.quick(text); ok {
		return t
	}
	t, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		return time.Time{}
	}
	return t.UTC()
}

// quick reads the usual forms of RFC 3339, those with every digit in its
// place: 2025-11-26T09:11:44 with up to nine fractional digits, and Z or an
// offset. What it does not read may be a time all the same.
func (c *calendar) quick(text string) (time.Time, bool) {
	const length = len("2006-01-02T15:04:05")
	if len(text) <= length || text[10] != 'T' || text[13] != ':' || text[16] != ':' {
		return time.Time{}, false
	}
	hour, minute, second := twoDigits(text, 11), twoDigits(text, 14), twoDigits(text, 17)
	if uint(hour) > 23 || uint(minute) > 59 || uint(second) > 59 || !c.turn(text[:len(c.day)]) {
		return time.Time{}, false
	}
	nano, i := fraction(text, length)
	offset, ok := zone(text, i)
	if !ok {
		return time.Time{}, false
	}
	return time.Unix(c.midnight+int64(hour*3600+minute*60+second-offset), int64(nano)).UTC(), true
}

// turn makes day, written as 2025-11-26, the calendar's day if it is one.
func (c *calendar) turn(day string) bool {
	if day == string(c.day[:]) {
		return true
	}
	century, year := twoDigits(day, 0), twoDigits(day, 2)
	month, ofMonth := twoDigits(day, 5), twoDigits(day, 8)
	if century < 0 || year < 0 || day[4] != '-' || day[7] != '-' || month < 1 || month > 12 || ofMonth < 1 ||
		ofMonth > daysIn(time.Month(month), 100*century+year) {
		return false
	}
	copy(c.day[:], day)
	c.midnight = time.Date(100*century+year, time.Month(month), ofMonth, 0, 0, 0, 0, time.UTC).Unix()
	return true
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
	if nano, ok := sevenDigits(text[i+1:]); ok {
		return nano, i + 8
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

// sevenDigits reads the fraction of a second as KORE writes it, in steps of 100
// ns with the zone behind it, all digits at once.
func sevenDigits(text string) (nano int, ok bool) {
	if len(text) < 8 || text[7]-'0' <= 9 {
		return 0, false
	}
	// The lowest byte is the first digit. Each is less than ten if adding what
	// makes ten overflow a half byte does not, and its upper half is that of '0'.
	x := uint64(text[0])<<8 | uint64(text[1])<<16 | uint64(text[2])<<24 | uint64(text[3])<<32 |
		uint64(text[4])<<40 | uint64(text[5])<<48 | uint64(text[6])<<56 | '0'
	const zeros, upper = 0x3030303030303030, 0xf0f0f0f0f0f0f0f0
	if x&upper != zeros || (x+0x0606060606060606)&upper != zeros {
		return 0, false
	}
	x -= zeros
	x = (x*10 + x>>8) & 0x00ff00ff00ff00ff
	x = (x*100 + x>>16) & 0x0000ffff0000ffff
	return int(x*10_000+x>>32) & 0xffffffff * 100, true
}

// zone reads the end of the text, Z or an offset, as seconds east of UTC.
func zone(text string, i int) (int, bool) {
	switch {
	case text[i:] == "+00:00": // as KORE writes it
		return 0, true
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
