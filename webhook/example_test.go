package webhook_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"go.uber.org/zap"

	"korestream/webhook"
)

// This is the older example on KORE's page: the body is signed without its white
// space.
func ExampleSign() {
	fmt.Println(webhook.Sign("a35974bdf1c769b8bb", "POST", "https://testendpoint.com", []byte(`{"field1":"value1","field2":"value2"}`)))
	// Output: d21c555b37789cdb9433a85760d326f0c637d5c17676b8dc49918ec629c67d59
}

func ExampleSignedURL() {
	fmt.Println(webhook.SignedURL("https://testendpoint.com?foo1=bar1&foo2=bar2"))
	fmt.Println(webhook.SignedURL("https://testendpoint.com/k/#cbs=kore"))
	// Output:
	// https://testendpoint.com
	// https://testendpoint.com/k/
}

// printed is a stream that shows what is put.
type printed struct{}

func (printed) PutRecords(_ context.Context, in *kinesis.PutRecordsInput, _ ...func(*kinesis.Options)) (*kinesis.PutRecordsOutput, error) {
	for _, r := range in.Records {
		fmt.Printf("%s: %s\n", *r.PartitionKey, r.Data)
	}
	return &kinesis.PutRecordsOutput{Records: make([]types.PutRecordsResultEntry, len(in.Records))}, nil
}

func ExampleHandler() {
	cfg := webhook.DefaultConfig()
	cfg.Stream, cfg.URL = "kore-events", "https://hooks.example.com/kore"
	secrets, err := webhook.OpenSecrets("", "next-secret, secret12345", zap.NewNop())
	if err != nil {
		panic(err)
	}
	h, err := webhook.NewHandler(cfg, printed{}, secrets)
	if err != nil {
		panic(err)
	}

	const body = `[{"data":{"sim_sid":"HS1"},"id":"EZ1","type":"com.kore.iot.supersim.connection.data-session.started"}]`
	for range 2 { // KORE repeats a request if its answer was lost
		r := httptest.NewRequest(http.MethodPost, cfg.URL, strings.NewReader(body))
		r.Header.Set("Content-Type", "application/json; charset=utf-8")
		r.Header.Set(webhook.HeaderToken, "one for the request and its repeats")
		r.Header.Set(webhook.HeaderSignature, webhook.Sign("secret12345", "POST", cfg.URL, []byte(body)))
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		fmt.Println(w.Code, h.Stats().Put)
		if err := h.Wait(context.Background()); err != nil { // the token is remembered
			panic(err)
		}
	}
	// Output:
	// HS1: {"data":{"sim_sid":"HS1"},"id":"EZ1","type":"com.kore.iot.supersim.connection.data-session.started"}
	// 200 1
	// 200 1
}
