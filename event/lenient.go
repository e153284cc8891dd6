package event

import (
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// lenient reads the scalars of a Connection without insisting on the JSON type
// that the schema gives them: the schema is said to evolve, and one member of an
// unexpected kind should not cost a handler all the others.
var lenient = json.WithUnmarshalers(json.JoinUnmarshalers(
	json.UnmarshalFromFunc(readString),
	json.UnmarshalFromFunc(readInt),
	json.UnmarshalFromFunc(readCode),
	json.UnmarshalFromFunc(readFloat),
	json.UnmarshalFromFunc(readTime),
))

// scalar reads a value as text: a string's text, a number's or boolean's as
// written. It is nil for null only.
func scalar(dec *jsontext.Decoder) ([]byte, error) {
	raw, err := dec.ReadValue()
	if err != nil {
		return nil, err
	}
	switch raw.Kind() {
	case 'n':
		return nil, nil
	case '"':
		return unquote(raw), nil
	case '{', '[':
		return nil, fmt.Errorf("unexpected %s", kindName(byte(raw.Kind())))
	default:
		return raw, nil
	}
}

func readString(dec *jsontext.Decoder, v *string) error {
	text, err := scalar(dec)
	*v = string(text)
	return err
}

// readInt accepts what is an integer however it is written: 2048, "2048", 2.048e3.
func readInt(dec *jsontext.Decoder, v *int64) error {
	text, err := scalar(dec)
	if err != nil || text == nil {
		return err
	}
	if n, err := strconv.ParseInt(string(text), 10, 64); err == nil {
		*v = n
		return nil
	}
	const exact = 1 << 53 // beyond it a float64 skips integers
	f, ok := number(text)
	if !ok || f != math.Trunc(f) || math.Abs(f) > exact {
		return fmt.Errorf("%q is not an integer", shorten(text))
	}
	*v = int64(f)
	return nil
}

func readCode(dec *jsontext.Decoder, v *ErrorCode) error {
	n := int64(*v)
	err := readInt(dec, &n)
	*v = ErrorCode(n)
	return err
}

func readFloat(dec *jsontext.Decoder, v *float64) error {
	text, err := scalar(dec)
	if err != nil || text == nil {
		return err
	}
	f, ok := number(text)
	if !ok {
		return fmt.Errorf("%q is not a number", shorten(text))
	}
	*v = f
	return nil
}

// number reads a number as JSON writes it; strconv alone would also take NaN,
// infinities and hexadecimal.
func number(text []byte) (float64, bool) {
	if v := jsontext.Value(text); v.Kind() != '0' || !v.IsValid() {
		return 0, false
	}
	f, err := strconv.ParseFloat(string(text), 64)
	return f, err == nil
}

func readTime(dec *jsontext.Decoder, v *time.Time) error {
	text, err := scalar(dec)
	*v = parseTime(string(text))
	return err
}

// shorten bounds what an error message repeats of the input.
func shorten(text []byte) []byte {
	if len(text) > maxNameInError {
		return text[:maxNameInError]
	}
	return text
}
