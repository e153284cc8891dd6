package handlers

import (
	"crypto/md5"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

// sqsMessage is one message on its way. The group and the deduplication id are
// empty for a standard queue.
type sqsMessage struct {
	body        string
	attributes  map[string]types.MessageAttributeValue
	group, once string
}

const sqsString = "String"

// attribute adds an attribute if there is a value and SQS would take it.
func (m *sqsMessage) attribute(name, value string) {
	if value == "" || checkSQSText([]byte(value)) != nil {
		return
	}
	if m.attributes == nil {
		m.attributes = make(map[string]types.MessageAttributeValue)
	}
	m.attributes[name] = types.MessageAttributeValue{DataType: aws.String(sqsString), StringValue: aws.String(value)}
}

// size is what counts against the limit: the body, and the name, type and value
// of each attribute. See
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-message-metadata.html.
func (m *sqsMessage) size() int {
	n := len(m.body)
	for name, a := range m.attributes {
		n += len(name) + len(*a.DataType) + len(*a.StringValue)
	}
	return n
}

func (m *sqsMessage) send(queue string) *sqs.SendMessageInput {
	return &sqs.SendMessageInput{
		QueueUrl: &queue, MessageBody: &m.body, MessageAttributes: m.attributes,
		MessageGroupId: sqsOptional(m.group), MessageDeduplicationId: sqsOptional(m.once),
	}
}

func (m *sqsMessage) entry(id string) types.SendMessageBatchRequestEntry {
	return types.SendMessageBatchRequestEntry{
		Id: &id, MessageBody: &m.body, MessageAttributes: m.attributes,
		MessageGroupId: sqsOptional(m.group), MessageDeduplicationId: sqsOptional(m.once),
	}
}

// errSQSChecksum is for what the queue stored otherwise than it was sent.
var errSQSChecksum = errors.New("the queue's checksum of the body is not that of what was sent")

// checkStored compares the checksum that SQS answers with. It is of the body
// alone, and MD5: it tells of accidents, not of ill will.
func (m *sqsMessage) checkStored(sum *string) error {
	if sum == nil {
		return nil
	}
	if own := md5.Sum([]byte(m.body)); hex.EncodeToString(own[:]) != *sum {
		return errSQSChecksum
	}
	return nil
}

func sqsOptional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func isSQSFIFO(queue string) bool { return strings.HasSuffix(queue, ".fifo") }

// sqsID returns text that is the same for the same text, and that may be a group
// or a deduplication id: 1 to 128 letters, digits and punctuation of ASCII. What
// is not that is hashed. See MessageGroupId and MessageDeduplicationId in
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html.
func sqsID(text string) string {
	const longest = 128
	fits := text != "" && len(text) <= longest
	for i := 0; fits && i < len(text); i++ {
		fits = text[i] > ' ' && text[i] < 0x7f
	}
	if fits {
		return text
	}
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// checkSQSText names the first character that SQS does not take: it refuses some
// requests with such ones and puts U+FFFD in their place in others, and neither
// is what was sent. See MessageBody in
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html.
func checkSQSText(text []byte) error {
	if len(text) == 0 {
		return errors.New("there is no text")
	}
	for i := 0; i < len(text); {
		r, n := utf8.DecodeRune(text[i:])
		switch {
		case r == utf8.RuneError && n == 1:
			return fmt.Errorf("byte %d (0x%02x) is not UTF-8", i, text[i])
		case r < ' ' && r != '\t' && r != '\n' && r != '\r', r == 0xfffe, r == 0xffff:
			return fmt.Errorf("byte %d begins %U, which no message may hold", i, r)
		}
		i += n
	}
	return nil
}
