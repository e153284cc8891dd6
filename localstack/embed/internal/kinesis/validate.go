package kinesis

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"korestream/localstack/embed/internal/awsjson"
)

// checks collects what is wrong with a request's members, and words it as AWS
// does.
type checks struct{ failed []string }

// maxReported is how many failures AWS reports at once.
const maxReported = 10

func (c *checks) fail(member, value, constraint string) {
	if len(c.failed) < maxReported {
		c.failed = append(c.failed, "Value "+value+" at '"+member+"' failed to satisfy constraint: "+constraint)
	}
}

func (c *checks) err() error {
	switch n := len(c.failed); n {
	case 0:
		return nil
	case 1:
		return awsjson.Errorf(codeValidation, "1 validation error detected: %s", c.failed[0])
	default:
		return awsjson.Errorf(codeValidation, "%d validation errors detected: %s", n, strings.Join(c.failed, "; "))
	}
}

const notNull = "Member must not be null"

func quote(s string) string { return "'" + s + "'" }

// required fails if the member is absent.
func required[T any](c *checks, member string, v *T) bool {
	if v == nil {
		c.fail(member, "null", notNull)
	}
	return v != nil
}

// length fails if a string is outside the bounds; absent is fine.
func (c *checks) length(member string, v *string, least, most int) {
	if v == nil {
		return
	}
	switch n := utf8.RuneCountInString(*v); {
	case n < least:
		c.fail(member, quote(*v), "Member must have length greater than or equal to "+strconv.Itoa(least))
	case n > most:
		c.fail(member, quote(*v), "Member must have length less than or equal to "+strconv.Itoa(most))
	}
}

// within fails if a number is outside the bounds; absent is fine.
func (c *checks) within(member string, v *int, least, most int) {
	if v == nil {
		return
	}
	switch {
	case *v < least:
		c.fail(member, quote(strconv.Itoa(*v)), "Member must have value greater than or equal to "+strconv.Itoa(least))
	case *v > most:
		c.fail(member, quote(strconv.Itoa(*v)), "Member must have value less than or equal to "+strconv.Itoa(most))
	}
}

// pattern is a regular expression as the service's model has it; it is matched
// against all of a value.
type pattern struct {
	text string
	re   *regexp.Regexp
}

func newPattern(text string) pattern {
	return pattern{text, regexp.MustCompile(`^(?:` + text + `)$`)}
}

// The patterns of the service's model. Go has no repetition above 1,000, and
// none here needs one.
var (
	namePattern        = newPattern(`[a-zA-Z0-9_.-]+`)
	sequencePattern    = newPattern(`0|([1-9]\d{0,128})`)
	hashKeyPattern     = newPattern(`0|([1-9]\d{0,38})`)
	streamARNPattern   = newPattern(`arn:aws.*:kinesis:.*:\d{12}:stream/\S+`)
	consumerARNPattern = newPattern(`^(arn):aws.*:kinesis:.*:\d{12}:.*stream\/[a-zA-Z0-9_.-]+\/consumer\/[a-zA-Z0-9_.-]+:[0-9]+`)
	resourceARNPattern = newPattern(`arn:aws.*:kinesis:.*:\d{12}:.*stream/\S+`)
)

func (c *checks) matches(member string, v *string, p pattern) {
	if v != nil && !p.re.MatchString(*v) {
		c.fail(member, quote(*v), "Member must satisfy regular expression pattern: "+p.text)
	}
}

// name checks the name of a stream, shard or consumer; absent is fine.
func (c *checks) name(member string, v *string) {
	if v == nil {
		return
	}
	c.matches(member, v, namePattern)
	c.length(member, v, 1, 128)
}

func (c *checks) requiredName(member string, v *string) {
	if required(c, member, v) {
		c.name(member, v)
	}
}

// oneOf fails if a value is not among those of the model; absent is not fine.
func (c *checks) oneOf(member string, v *string, values ...string) {
	if required(c, member, v) && !slices.Contains(values, *v) {
		c.fail(member, quote(*v), "Member must satisfy enum value set: ["+strings.Join(values, ", ")+"]")
	}
}

// target names a stream by its name, its ARN or both, as most operations take
// it. It is embedded in their requests.
type target struct {
	StreamName *string
	StreamARN  *string
}

// streamTarget checks the members of a target.
func (c *checks) target(t target) {
	c.name("streamName", t.StreamName)
	if t.StreamARN != nil {
		c.length("streamARN", t.StreamARN, 1, 2048)
		c.matches("streamARN", t.StreamARN, streamARNPattern)
	}
}

// shardNumber reads a shard ID, which AWS also takes without its prefix.
func shardNumber(id string) (uint32, bool) {
	if _, after, ok := strings.Cut(id, "-"); ok {
		id = after
	}
	n, err := strconv.ParseUint(id, 10, 31)
	return uint32(n), err == nil
}

// fullShardID is the form of a shard ID in answers; what is no ID stays as it is.
func fullShardID(id string) string {
	if n, ok := shardNumber(id); ok {
		return shardID(n)
	}
	return id
}

// streamNameOf returns the name in a stream's ARN, which is also the beginning
// of its consumers' ARNs.
func streamNameOf(arn string) string {
	_, name, _ := strings.Cut(arn, ":stream/")
	name, _, _ = strings.Cut(name, "/")
	return name
}

func (s *Service) arnOf(stream string) string {
	return fmt.Sprintf("arn:aws:kinesis:%s:%s:stream/%s", s.opts.Region, s.opts.Account, stream)
}
