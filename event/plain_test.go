package event_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"korestream/event"
)

// odd are what may be in a string, or may not, that takes more than a look at
// its marks.
var odd = []string{"\"", "\\", `\"`, `\\`, `\u0041`, `\ud83d\ude00`, `\ud83d`, "\x00", "\x1f", "\x7f", "\x80", "é", "\xc3", "😀", "\xed\xa0\x80"}

// borders are payloads with strings that reach from one word of marks, or one
// window of them, to the next, with something odd just there.
func borders() [][]byte {
	var all [][]byte
	frame := len(`{"id":"1","type":"t","x":"`)
	for _, b := range []struct{ border, around int }{{64, 9}, {128, 9}, {1088, 2}, {4088, 2}, {8176, 1}} {
		for at := b.border - b.around; at <= b.border+b.around; at++ {
			for _, o := range odd {
				text := strings.Repeat("x", at-frame) + o + strings.Repeat("y", at%70)
				for _, form := range []string{`{"id":"1","type":"t","x":"%s"}`, `{"id":"1","type":"t","x":"%s`, `[{"id":"1","type":"t","x":"%s"},{"id":"2","type":"t","x":"y"}]`} {
					all = append(all, fmt.Appendf(nil, form, text))
				}
			}
		}
	}
	return all
}

func TestDecoder_ReadsStringsAcrossTheBordersOfItsMarks(t *testing.T) {
	t.Parallel()
	var d event.Decoder
	for _, payload := range borders() {
		var fresh event.Decoder
		compare(t, &fresh, payload)
		compare(t, &d, []byte(`{"id":"1","type":"t","x":""}`)) // its shape is that of them all
		compare(t, &d, payload)
	}
}

func TestDecoder_ReadsOneSourceAfterAnotherOfTheSameLength(t *testing.T) {
	t.Parallel()
	var d event.Decoder
	for i := range 40 {
		text := bytes.Repeat([]byte("x"), 40)
		text[i] = '"'
		compare(t, &d, fmt.Appendf(nil, `{"id":"1","type":"t","x":"%s"}`, text))
		text[i] = 'x'
		compare(t, &d, fmt.Appendf(nil, `{"id":"1","type":"t","x":"%s"}`, text))
	}
}
