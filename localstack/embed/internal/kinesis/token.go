package kinesis

import (
	"encoding/base64"
	"encoding/binary"
	"hash/crc64"
	"strconv"
	"strings"
	"time"
)

// Iterators and next tokens carry all they mean, so that the service keeps
// nothing for them. A checksum tells what was made here from what was not.

// tokenKind keeps one operation's tokens from being used with another.
type tokenKind byte

const (
	tokenIterator tokenKind = iota + 1
	tokenStreams
	tokenShards
	tokenConsumers
)

var tokenTable = crc64.MakeTable(crc64.ECMA)

// seal returns an opaque token with the given content.
func seal(kind tokenKind, content []byte) string {
	b := make([]byte, 9, 9+len(content))
	b[8] = byte(kind)
	b = append(b, content...)
	binary.BigEndian.PutUint64(b, crc64.Checksum(b[8:], tokenTable))
	return base64.StdEncoding.EncodeToString(b)
}

// unseal returns the content of a token; false if it is none of this kind.
func unseal(kind tokenKind, token string) ([]byte, bool) {
	b, err := base64.StdEncoding.DecodeString(token)
	if err != nil || len(b) < 9 || b[8] != byte(kind) {
		return nil, false
	}
	return b[9:], crc64.Checksum(b[8:], tokenTable) == binary.BigEndian.Uint64(b)
}

const fieldSeparator = "\x00"

// newToken returns a next token with the given state, which expires.
func (s *Service) newToken(kind tokenKind, state ...string) string {
	made := strconv.FormatInt(s.opts.Now().UnixMilli(), 10)
	return seal(kind, []byte(made+fieldSeparator+strings.Join(state, fieldSeparator)))
}

// readToken returns the state of a next token, of which there is at least one
// part.
func (s *Service) readToken(kind tokenKind, token string) ([]string, error) {
	content, ok := unseal(kind, token)
	if !ok {
		return nil, invalidArgument("Invalid NextToken.")
	}
	parts := strings.Split(string(content), fieldSeparator)
	made, err := strconv.ParseInt(parts[0], 10, 64)
	if err != nil || len(parts) < 2 {
		return nil, invalidArgument("Invalid NextToken.")
	}
	if s.opts.Now().Sub(time.UnixMilli(made)) > tokenLife {
		return nil, expiredToken()
	}
	return parts[1:], nil
}
