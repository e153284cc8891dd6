package wire

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
	"time"

	smithytime "github.com/aws/smithy-go/time"
)

// writings are the ways in which n milliseconds may be written as seconds, those
// of Kinesis among them.
func writings(n int64) []string {
	seconds := strconv.FormatFloat(float64(n)/1000, 'f', -1, 64)
	scientific := strings.Replace(strconv.FormatFloat(float64(n)/1000, 'E', -1, 64), "E+0", "E", 1)
	return []string{
		fmt.Sprintf("%d.%03d", n/1000, n%1000), seconds, scientific, strings.ToLower(scientific),
		fmt.Sprintf("%d.%03dE0", n/1000, n%1000), fmt.Sprintf("%d.%03d000E3", n/1_000_000, n/1000%1000),
		fmt.Sprintf("%d.%03d000", n/1000, n%1000), fmt.Sprintf("%d.%03d4", n/1000, n%1000),
		strconv.FormatInt(n/1000, 10), strconv.FormatInt(n, 10) + "E-3",
	}
}

// wantEpoch checks that text is read as the SDK reads it if it is read at all, and
// tells whether it is.
func wantEpoch(t *testing.T, text string) bool {
	t.Helper()
	ms, end := epoch([]byte(text), 0)
	if end < 0 {
		return false
	}
	float, err := strconv.ParseFloat(text[:end], 64)
	if err != nil {
		t.Fatalf("%s: read up to %d, which is no number: %v", text, end, err)
	}
	if want := smithytime.ParseEpochSeconds(float); end != len(text) || ms != want.UnixMilli() {
		t.Fatalf("%s: got %d up to %d, the SDK reads %d", text, ms, end, want.UnixMilli())
	}
	return true
}

func TestEpoch_IsWhatTheSDKReads(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	for i := range int64(10_000) {
		n := r.Int64N(1 << (20 + i%30))
		for _, near := range []int64{n, exactAfter + i - 1000, exactBefore - i + 1000} {
			for _, text := range writings(near) {
				wantEpoch(t, text)
			}
		}
	}
}

func TestEpoch_ReadsWhatKinesisWrites(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(3, 4))
	for range 20_000 {
		n := exactAfter + 1 + r.Int64N(exactBefore-exactAfter-1)
		for _, text := range writings(n)[:5] {
			if !wantEpoch(t, text) {
				t.Fatalf("%s is left to the slow way", text)
			}
		}
	}
}

func TestEpoch_LeavesTheRest(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"", "x", "-1764148304", "01764148304", "1764148304.", "1764148304.x", "1764148304.1234", "1764148304e", "1764148304.123e+0",
		"1.764148304E", "1.764148304E+9", "1.764148304E", "1.764148304E09", "1.764148304E10", "1764148304.123000", "0", "0.5", "1e9", "1099511627.776", "2147483648",
		"17641483041764148304", "1.7641483041764148304", "1764148304000000000E9", strings.Repeat("1", 40),
	} {
		if ms, end := epoch([]byte(text), 0); end >= 0 {
			t.Errorf("%q: got %d up to %d, want it left", text, ms, end)
		}
	}
}

func TestTimestamp_IsTheSameTimeEitherWay(t *testing.T) {
	t.Parallel()
	s := scanner{text: []byte(" 1764148304.123,")}
	got, ok := s.timestamp()
	if want := time.Unix(0, 1764148304123*1e6).UTC(); !ok || got != want || s.at != len(s.text)-1 {
		t.Errorf("got %v up to %d, want %v", got, s.at, want)
	}
}
