package wire

import (
	"context"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// directCall is a call that was made from a template, and how it went.
type directCall struct {
	template *template
	ask      Ask
	began    time.Time
	as       aws.Credentials
	// denied is why there are no credentials; nothing was sent then.
	denied error

	response *http.Response
	err      error // of the transport
	// refusal is why a body in AWS CBOR, which is read by now, is no page.
	refusal error
}

// call makes a call. It returns nil if nothing was sent because the credentials are
// odd, or another account's, which may have another endpoint: that is for the SDK.
// Where there are none, the SDK is shown why, and not left to ask again: the one who
// gives them may have taken all the time that the call has.
func (t *template) call(ctx context.Context, ask Ask) *directCall {
	c := &directCall{template: t, ask: ask, began: time.Now()}
	if c.as, c.denied = t.credentials.Retrieve(ctx); c.denied != nil {
		return c
	}
	if !c.as.HasKeys() || !signable(c.as.SessionToken) || c.as.AccountID != t.account {
		return nil
	}
	c.response, c.err = t.client.Do(t.newRequest(ctx, ask, c.as, t.newStamp()))
	return c
}

// page fills the page, if the answer is one of those that Kinesis gives. If not,
// the response is as it was for whoever decodes it next, or refusal says why.
func (c *directCall) page(to target, cbor *CBOR) (now time.Time, ok bool) {
	if c.err != nil || c.response == nil || c.response.StatusCode < 200 || c.response.StatusCode >= 300 {
		return time.Time{}, false
	}
	resp := &smithyhttp.Response{Response: c.response}
	if c.template.cbor {
		ok = inCBOR(resp)
		if ok {
			c.refusal = cbor.page(to, resp)
			ok = c.refusal == nil
		}
	} else {
		ok = plainJSON(resp) && fill(to, resp)
	}
	if !ok {
		return time.Time{}, false
	}
	c.response.Body.Close()
	return serverTime(c.response.Header), true
}

// serverTime reads the time of an answer. One that cannot be read is none, as it is
// to the SDK, which tries other forms before the usual one.
func serverTime(header http.Header) time.Time {
	date := header.Get("Date")
	now, err := time.Parse(http.TimeFormat, date)
	if err != nil {
		now, _ = smithyhttp.ParseTime(date)
	}
	return now
}
