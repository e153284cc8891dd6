package attr

import (
	"math/big"
	"regexp"
	"strconv"
	"strings"
)

// The range of numbers, see
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ServiceQuotas.html#limits-data-types
const (
	maxDigits   = 38
	maxExponent = 125 // of the first digit
	minExponent = -130
)

// decimal is a number: unscaled times ten to the power of exp.
type decimal struct {
	unscaled *big.Int
	exp      int
}

var numberForm = regexp.MustCompile(`^([+-]?)([0-9]*)(?:\.([0-9]*))?(?:[eE]([+-]?[0-9]{1,6}))?$`)

func parse(n string) (decimal, error) {
	m := numberForm.FindStringSubmatch(n)
	if m == nil || m[2] == "" && m[3] == "" {
		return decimal{}, invalid("The parameter cannot be converted to a numeric value: %s", n)
	}
	d := decimal{unscaled: new(big.Int), exp: -len(m[3])}
	d.unscaled.SetString(m[1]+m[2]+m[3], 10)
	if m[4] != "" {
		e, err := strconv.Atoi(m[4])
		if err != nil {
			return decimal{}, invalid("The parameter cannot be converted to a numeric value: %s", n)
		}
		d.exp += e
	}
	return d, nil
}

// text is the number without an exponent and without needless zeros. The error
// says that it is out of range.
func (d decimal) text() (string, error) {
	if d.unscaled.Sign() == 0 {
		return "0", nil
	}
	digits := new(big.Int).Abs(d.unscaled).String()
	trimmed := strings.TrimRight(digits, "0")
	exp := d.exp + len(digits) - len(trimmed)
	switch first := exp + len(trimmed) - 1; {
	case len(trimmed) > maxDigits:
		return "", invalid("Attempting to store more than 38 significant digits in a Number")
	case first > maxExponent:
		return "", invalid("Number overflow. Attempting to store a number with magnitude larger than supported range")
	case first < minExponent:
		return "", invalid("Number underflow. Attempting to store a number with magnitude smaller than supported range")
	}
	sign := ""
	if d.unscaled.Sign() < 0 {
		sign = "-"
	}
	switch point := len(trimmed) + exp; {
	case exp >= 0:
		return sign + trimmed + strings.Repeat("0", exp), nil
	case point > 0:
		return sign + trimmed[:point] + "." + trimmed[point:], nil
	default:
		return sign + "0." + strings.Repeat("0", -point) + trimmed, nil
	}
}

// Canonical returns the one form that a number is kept in: "1.50" is "1.5" and
// "1E2" is "100". The error is a ValidationException.
func Canonical(n string) (string, error) {
	d, err := parse(n)
	if err != nil {
		return "", err
	}
	return d.text()
}

// AddNumbers returns a + b; the error says that the result is out of range.
func AddNumbers(a, b string) (string, error) { return combine(a, b, (*big.Int).Add) }

// SubNumbers returns a - b; the error says that the result is out of range.
func SubNumbers(a, b string) (string, error) { return combine(a, b, (*big.Int).Sub) }

func combine(a, b string, op func(z, x, y *big.Int) *big.Int) (string, error) {
	x, y, err := align(a, b)
	if err != nil {
		return "", err
	}
	return decimal{op(new(big.Int), x.unscaled, y.unscaled), x.exp}.text()
}

// align gives two numbers the same exponent.
func align(a, b string) (x, y decimal, err error) {
	if x, err = parse(a); err != nil {
		return x, y, err
	}
	if y, err = parse(b); err != nil {
		return x, y, err
	}
	return x.lower(y.exp), y.lower(x.exp), nil
}

// lower returns the same number with an exponent of at most exp.
func (d decimal) lower(exp int) decimal {
	if d.exp <= exp {
		return d
	}
	factor := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(d.exp-exp)), nil)
	return decimal{new(big.Int).Mul(d.unscaled, factor), exp}
}

// CompareNumbers orders two numbers in canonical form: -1, 0 or 1.
func CompareNumbers(a, b string) int {
	x, y, err := align(a, b)
	if err != nil {
		return strings.Compare(a, b)
	}
	return x.unscaled.Cmp(y.unscaled)
}
