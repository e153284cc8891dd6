package embed

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"maps"
	"net/http"
	"strconv"
	"strings"
	"time"

	"korestream/localstack/embed/internal/awsjson"
)

// The content types of AWS JSON.
const (
	json10 = "application/x-amz-json-1.0"
	json11 = "application/x-amz-json-1.1"
)

// maxBody bounds a request's body. The largest is a PutRecords of 10 MiB in
// base64, or a BatchWriteItem of 16 MiB.
const maxBody = 24 << 20

// answer is what is sent for one request.
type answer struct {
	status int
	header http.Header
	body   []byte
	stream *awsjson.Stream // instead of body
	cut    bool            // the connection breaks in the middle of body
}

// answerJSON runs one request in AWS JSON.
func (e *Endpoint) answerJSON(r *http.Request) (*answer, error) {
	if r.Method == http.MethodGet {
		return e.healthy(), nil
	}
	svc, operation, refused := e.route(r)
	if refused != nil {
		return e.refuse(svc, refused), nil
	}
	body, err := readBody(r)
	if err != nil {
		return e.refuse(svc, err), nil
	}
	if e.faults.active.Load() == 0 {
		return e.run(r.Context(), svc, operation, body), nil
	}
	req := request{service: svc.name, operation: operation}
	req.resource, req.shard = svc.locate(operation, body)
	fault, delay := e.faults.strikeRequest(req)
	if err := sleep(r.Context(), delay); err != nil {
		return nil, err
	}
	return e.runFaulty(r.Context(), svc, req, fault, body)
}

// runFaulty runs an operation that a fault, unless it is nil, has hit.
func (e *Endpoint) runFaulty(ctx context.Context, svc *service, req request, fault *Fault, body []byte) (*answer, error) {
	if fault == nil {
		return e.run(ctx, svc, req.operation, body), nil
	}
	if fault.Kind == CutConnection {
		a := e.run(ctx, svc, req.operation, body)
		a.cutOff()
		return a, nil
	}
	if fault.Applied {
		e.run(ctx, svc, req.operation, body)
	}
	if fault.Kind == Hang {
		<-ctx.Done()
		return nil, context.Cause(ctx)
	}
	return e.refuse(svc, e.failure(fault, req)), nil
}

// run calls the service.
func (e *Endpoint) run(ctx context.Context, svc *service, operation string, body []byte) *answer {
	value, err := svc.backend.Call(ctx, operation, body)
	if err != nil {
		return e.refuse(svc, err)
	}
	a := e.head(http.StatusOK, svc.contentType)
	switch v := value.(type) {
	case nil:
		// Kinesis answers nothing at all, DynamoDB an empty object.
		if svc.checksum {
			a.body = []byte("{}")
		}
	case awsjson.Raw:
		a.body = v
	case *awsjson.Stream:
		a.stream = v
		a.header.Set("Content-Type", v.ContentType)
		return a
	default:
		if a.body, err = json.Marshal(v); err != nil {
			return e.refuse(svc, fmt.Errorf("encode the answer of %s: %w", operation, err))
		}
	}
	a.finish(svc)
	return a
}

// finish adds what depends on the body.
func (a *answer) finish(svc *service) {
	a.header.Set("Content-Length", strconv.Itoa(len(a.body)))
	if svc.checksum {
		a.header.Set("X-Amz-Crc32", strconv.FormatUint(uint64(crc32.ChecksumIEEE(a.body)), 10))
	}
}

// head begins an answer.
func (e *Endpoint) head(status int, contentType string) *answer {
	h := http.Header{}
	h.Set("X-Amzn-Requestid", e.requestID())
	h.Set("Date", e.Now().UTC().Format(http.TimeFormat))
	h.Set("Content-Type", contentType)
	return &answer{status: status, header: h}
}

// requestID returns an ID that no other answer of the endpoint has. It has the
// form of AWS's; deterministic ones make test logs comparable.
func (e *Endpoint) requestID() string {
	n := e.requests.Add(1)
	return fmt.Sprintf("%08x-%04x-4000-8000-%012x", n>>32, n>>16&0xffff, n&0xffff)
}

// refuse answers an error.
func (e *Endpoint) refuse(svc *service, cause error) *answer {
	var failed *awsjson.Error
	if !errors.As(cause, &failed) {
		failed = &awsjson.Error{Status: http.StatusInternalServerError, Code: "InternalFailure", Message: cause.Error()}
	}
	members := map[string]any{}
	maps.Copy(members, failed.Fields)
	members["__type"] = svc.errorType(failed.Code)
	if failed.Message != "" {
		members["message"] = failed.Message
	}
	a := e.head(failed.Status, svc.contentType)
	body, err := json.Marshal(members)
	if err != nil {
		body = []byte(`{"__type":"InternalFailure"}`)
		a.status = http.StatusInternalServerError
	}
	a.body = body
	a.finish(svc)
	return a
}

// coralErrors are those of the framework of AWS's services, whose types have
// its name where types have one.
var coralErrors = map[string]string{
	"SerializationException":              "com.amazon.coral.service#",
	"UnknownOperationException":           "com.amazon.coral.service#",
	"AccessDeniedException":               "com.amazon.coral.service#",
	"MissingAuthenticationTokenException": "com.amazon.coral.service#",
	"ValidationException":                 "com.amazon.coral.validate#",
	"ThrottlingException":                 "com.amazon.coral.availability#",
}

// errorType returns an error's code as the service names it.
func (s *service) errorType(code string) string {
	if s.space == "" || strings.Contains(code, "#") {
		return code
	}
	if space, ok := coralErrors[code]; ok {
		return space + code
	}
	return s.space + code
}

// healthy answers health checks.
func (e *Endpoint) healthy() *answer {
	a := e.head(http.StatusOK, "application/json")
	a.body = []byte(`{"status":"running"}`)
	a.header.Set("Content-Length", strconv.Itoa(len(a.body)))
	return a
}

// unnamed stands for the service of a request that names none.
var unnamed = &service{contentType: json11}

func unknownOperation() *awsjson.Error {
	return &awsjson.Error{Status: http.StatusBadRequest, Code: "UnknownOperationException"}
}

// route returns the service and operation that a request is for.
func (e *Endpoint) route(r *http.Request) (*service, string, error) {
	prefix, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	svc := e.services[prefix]
	if r.Method != http.MethodPost || svc == nil || operation == "" {
		return unnamed, "", unknownOperation()
	}
	if r.Header.Get("Authorization") == "" && r.URL.Query().Get("X-Amz-Signature") == "" {
		return svc, "", awsjson.Errorf("MissingAuthenticationTokenException", "Missing Authentication Token")
	}
	return svc, operation, nil
}

func readBody(r *http.Request) ([]byte, error) {
	if r.Body == nil {
		return nil, awsjson.Serialization("")
	}
	var b bytes.Buffer
	if n := r.ContentLength; n > 0 && n <= maxBody {
		b.Grow(int(n) + bytes.MinRead)
	}
	n, err := b.ReadFrom(io.LimitReader(r.Body, maxBody+1))
	switch {
	case err != nil:
		return nil, awsjson.Serialization("")
	case n > maxBody:
		return nil, &awsjson.Error{Status: http.StatusRequestEntityTooLarge, Code: "RequestEntityTooLargeException"}
	}
	return b.Bytes(), nil
}

// sleep waits for d, or until the context ends.
func sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-timer.C:
		return nil
	}
}
