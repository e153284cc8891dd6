package handlers_test

import (
	"context"
	"crypto/md5"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"korestream/consumer"
	"korestream/event"
	"korestream/handlers"
)

// An event of a SIM goes to a FIFO queue, in the group of the SIM.
func ExampleOpenSQS() {
	endpoint := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var sent struct{ MessageBody, MessageGroupId, MessageDeduplicationId string }
		if err := json.NewDecoder(r.Body).Decode(&sent); err != nil {
			fmt.Println(err)
		}
		fmt.Println(sent.MessageGroupId, sent.MessageDeduplicationId)
		fmt.Println(sent.MessageBody)
		fmt.Fprintf(w, `{"MessageId": "1", "MD5OfMessageBody": "%x"}`, md5.Sum([]byte(sent.MessageBody)))
	}))
	defer endpoint.Close()
	client := sqs.New(sqs.Options{
		Region: "us-east-1", BaseEndpoint: aws.String(endpoint.URL),
		Credentials: credentials.NewStaticCredentialsProvider("id", "secret", ""),
		HTTPClient:  endpoint.Client(),
	})

	cfg := handlers.DefaultSQSConfig()
	cfg.QueueURL = "https://sqs.us-east-1.amazonaws.com/123456789012/events.fifo"
	h, err := handlers.OpenSQS(client, cfg)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer h.Close()

	items, err := event.Decode([]byte(`{"id": "EZ1", "type": "t", "data": {"sim_sid": "HS1"}}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := h.Handle(context.Background(), &consumer.Delivery{Event: items[0].Event}); err != nil {
		fmt.Println(err)
	}
	// Output:
	// HS1 EZ1
	// {"id": "EZ1", "type": "t", "data": {"sim_sid": "HS1"}}
}
