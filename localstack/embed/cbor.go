package embed

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"mime"
	"net/http"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws/protocol/eventstream"
	"github.com/fxamacker/cbor/v2"

	"korestream/localstack/embed/internal/awsjson"
)

// cbor11 is the content type of AWS CBOR, in which AWS's SDK for Java speaks to
// Kinesis. It has the members of AWS JSON, but data are bytes, and times count
// milliseconds: https://github.com/aws/aws-sdk-java-v2/issues/4661
const cbor11 = "application/x-amz-cbor-1.1"

// answer runs one request. It fails only if the request's context ends first.
//
// Services know AWS JSON only. A request in AWS CBOR is made one in AWS JSON, and
// its answer CBOR again.
func (e *Endpoint) answer(r *http.Request) (*answer, error) {
	if !inCBOR(r) {
		return e.answerJSON(r)
	}
	body, err := readBody(r)
	if err == nil {
		body, err = fromCBOR(body)
	}
	if err != nil {
		body = nil // which the service cannot read either, and says so
	}
	plain := r.WithContext(r.Context())
	plain.Body, plain.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	a, err := e.answerJSON(plain)
	if err != nil {
		return nil, err
	}
	return a, a.toCBOR()
}

func inCBOR(r *http.Request) bool {
	typ, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	return err == nil && typ == cbor11 && strings.HasPrefix(r.Header.Get("X-Amz-Target"), kinesisTarget+".")
}

// toCBOR makes the answer one in AWS CBOR.
func (a *answer) toCBOR() error {
	if a.stream != nil {
		a.stream = eventsToCBOR(a.stream)
		return nil
	}
	if len(a.body) > 0 {
		body, err := toCBOR(a.body)
		if err != nil {
			return err
		}
		a.body = body
	}
	a.header.Set("Content-Type", cbor11)
	a.header.Set("Content-Length", strconv.Itoa(len(a.body)))
	return nil
}

// decoding reads what the SDKs write. A time comes out as if it counted seconds.
var decoding = must(cbor.DecOptions{
	DefaultMapType: reflect.TypeFor[map[string]any](), TimeTagToAny: cbor.TimeTagToTime, MaxArrayElements: maxBody, MaxMapPairs: maxBody,
}.DecMode())

func must(m cbor.DecMode, err error) cbor.DecMode {
	if err != nil {
		panic(err)
	}
	return m
}

// fromCBOR makes AWS JSON of AWS CBOR.
func fromCBOR(body []byte) ([]byte, error) {
	var members map[string]any
	if err := decoding.Unmarshal(body, &members); err != nil {
		return nil, fmt.Errorf("read CBOR: %w", err)
	}
	return json.Marshal(fromMember("", members))
}

// isTime tells whether a member of that name is a time.
func isTime(name string) bool { return strings.HasSuffix(name, "Timestamp") }

// fromMember is a member of a request as AWS JSON has it. Bytes become base64 by
// themselves.
func fromMember(name string, v any) any {
	switch v := v.(type) {
	case map[string]any:
		for name, member := range v {
			v[name] = fromMember(name, member)
		}
	case []any:
		for i := range v {
			v[i] = fromMember(name, v[i])
		}
	case time.Time:
		return seconds(v.Unix())
	case uint64:
		if isTime(name) {
			return seconds(int64(min(v, math.MaxInt64)))
		}
	}
	return v
}

// seconds makes seconds of the milliseconds that a time counts.
func seconds(millis int64) json.Number {
	return json.Number(fmt.Sprintf("%d.%03d", millis/1000, max(millis%1000, 0)))
}

// toCBOR makes AWS CBOR of AWS JSON.
func toCBOR(body []byte) ([]byte, error) {
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	var members map[string]any
	if err := d.Decode(&members); err != nil {
		return nil, fmt.Errorf("read an answer: %w", err)
	}
	value, err := toMember("", members)
	if err != nil {
		return nil, err
	}
	return cbor.Marshal(value)
}

// toMember is a member of an answer as AWS CBOR has it.
func toMember(name string, v any) (_ any, err error) {
	switch v := v.(type) {
	case map[string]any:
		for name, member := range v {
			if v[name], err = toMember(name, member); err != nil {
				return nil, err
			}
		}
		return v, nil
	case []any:
		for i := range v {
			if v[i], err = toMember(name, v[i]); err != nil {
				return nil, err
			}
		}
		return v, nil
	case json.Number:
		return toNumber(name, v)
	case string:
		if name == "Data" {
			return base64.StdEncoding.DecodeString(v)
		}
	}
	return v, nil
}

func toNumber(name string, n json.Number) (any, error) {
	if whole, err := n.Int64(); err == nil && !isTime(name) {
		return whole, nil
	}
	f, err := n.Float64()
	if err != nil {
		return nil, fmt.Errorf("read a number: %w", err)
	}
	if !isTime(name) {
		return f, nil
	}
	return cbor.Tag{Number: 1, Content: int64(math.Round(f * 1000))}, nil
}

// eventsToCBOR makes the payloads of a stream of events AWS CBOR.
func eventsToCBOR(s *awsjson.Stream) *awsjson.Stream {
	return &awsjson.Stream{ContentType: s.ContentType, Run: func(ctx context.Context, w io.Writer) error {
		return s.Run(ctx, &eventWriter{w: w})
	}}
}

// eventWriter is given whole frames, or the half of one before the connection
// breaks, which passes as it is.
type eventWriter struct {
	w     io.Writer
	frame bytes.Buffer
}

func (e *eventWriter) Write(frame []byte) (int, error) {
	m, err := eventstream.NewDecoder().Decode(bytes.NewReader(frame), nil)
	if err != nil {
		return e.w.Write(frame)
	}
	if m.Payload, err = toCBOR(m.Payload); err != nil {
		return 0, err
	}
	m.Headers.Set(":content-type", eventstream.StringValue(cbor11))
	e.frame.Reset()
	if err := eventstream.NewEncoder().Encode(&e.frame, m); err != nil {
		return 0, fmt.Errorf("write an event: %w", err)
	}
	if _, err := e.w.Write(e.frame.Bytes()); err != nil {
		return 0, err
	}
	return len(frame), nil
}
