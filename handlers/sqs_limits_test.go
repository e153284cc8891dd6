package handlers

import (
	"fmt"
	"strings"
	"testing"

	"korestream/consumer"
)

func TestSQS_BatchesStayBelowTheLimitOfARequest(t *testing.T) {
	t.Parallel()
	w := newSQSWorld(t, false, nil)
	s := w.open()
	var ds []*consumer.Delivery
	for i := range 5 {
		ds = append(ds, deliveryOf(t, fmt.Sprintf(`{"id": "EZ%d", "type": "t", "data": {"x": %q}}`, i, strings.Repeat("x", 400_000))))
	}
	if errs := s.HandleBatch(t.Context(), ds); errs != nil {
		t.Fatalf("got %v, want no errors", errs)
	}
	if n := w.front.count("SendMessageBatch"); n != 3 {
		t.Errorf("got %d requests for five events of 400 kB, want 3: two fit in 1 MiB", n)
	}
	wantSQSBodies(t, w, ds)
}

func TestSQS_WhatCanNeverBeSentIsPermanent(t *testing.T) {
	t.Parallel()
	w := newSQSWorld(t, false, nil)
	s := w.open()
	cases := []struct{ name, payload, says string }{
		{"U+FFFF", "{\"id\": \"EZ1\", \"type\": \"t\", \"data\": {\"x\": \"\uffff\"}}", "U+FFFF"},
		{"U+FFFE", "{\"id\": \"EZ1\", \"type\": \"t\", \"data\": {\"x\": \"\ufffe\"}}", "U+FFFE"},
		{"too large", fmt.Sprintf(`{"id": "EZ1", "type": "t", "data": {"x": %q}}`, strings.Repeat("x", MaxSQSMessageBytes)), "1048576"},
	}
	good := deliveryOf(t, `{"id": "EZ2", "type": "t"}`)
	for _, c := range cases {
		bad := deliveryOf(t, c.payload)
		if err := s.Handle(t.Context(), bad); !IsPermanent(err) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: got %v, want a permanent error that says %s", c.name, err, c.says)
		}
		errs := s.HandleBatch(t.Context(), []*consumer.Delivery{bad, good})
		if len(errs) != 2 || !IsPermanent(errs[0]) || errs[1] != nil {
			t.Errorf("%s in a batch: got %v, want it to fail alone", c.name, errs)
		}
	}
	wantSQSBodies(t, w, []*consumer.Delivery{good, good, good})
}

func TestSQS_TheSizeThatTheQueueTakesIsTakenToTheByte(t *testing.T) {
	t.Parallel()
	w := newSQSWorld(t, false, map[string]string{"MaximumMessageSize": "2048"})
	cfg := SQSConfig{QueueURL: w.queue, MaxMessageBytes: 2048}
	s, err := OpenSQS(w.client, cfg)
	if err != nil {
		t.Fatal(err)
	}
	sized := func(n int) *consumer.Delivery {
		d := deliveryOf(t, fmt.Sprintf(`{"id": "EZ1", "type": "t", "data": {"x": %q}}`, strings.Repeat("x", n)))
		return d
	}
	m, err := s.message(t.Context(), sized(0))
	if err != nil {
		t.Fatal(err)
	}
	room := 2048 - m.size()
	if err := s.Handle(t.Context(), sized(room)); err != nil {
		t.Errorf("2,048 bytes: got %v, want no error", err)
	}
	if err := s.Handle(t.Context(), sized(room+1)); !IsPermanent(err) {
		t.Errorf("2,049 bytes: got %v, want a permanent error", err)
	}
	// The queue takes less than we are told: it says so itself, of one event.
	s.cfg.MaxMessageBytes = MaxSQSMessageBytes
	if err := s.Handle(t.Context(), sized(room+1)); !IsPermanent(err) {
		t.Errorf("2,049 bytes, refused by the queue: got %v, want a permanent error", err)
	}
	errs := s.HandleBatch(t.Context(), []*consumer.Delivery{sized(room + 1), sized(room)})
	if len(errs) != 2 || !IsPermanent(errs[0]) || errs[1] != nil {
		t.Errorf("2,049 bytes in a batch, refused by the queue: got %v, want it to fail alone", errs)
	}
}

func TestSQSConfig_NamesFieldAndBound(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		cfg  SQSConfig
		says []string
	}{
		{SQSConfig{MaxMessageBytes: 2048}, []string{"QueueURL"}},
		{SQSConfig{QueueURL: "https://sqs.us-east-1.amazonaws.com/", MaxMessageBytes: 2048}, []string{"QueueURL"}},
		{SQSConfig{QueueURL: "arn:aws:sqs:us-east-1:1:q", MaxMessageBytes: 2048}, []string{"QueueURL"}},
		{SQSConfig{QueueURL: "https://h/1/q", MaxMessageBytes: 1023}, []string{"MaxMessageBytes", "1024", "1048576"}},
		{SQSConfig{QueueURL: "https://h/1/q", MaxMessageBytes: 1048577}, []string{"MaxMessageBytes", "1024", "1048576"}},
		{SQSConfig{QueueURL: "https://h/1/q", MaxMessageBytes: 1048576}, nil},
	} {
		err := c.cfg.Validate()
		if (err == nil) != (c.says == nil) || err != nil && !containsAll(err.Error(), c.says...) {
			t.Errorf("%+v: got %v, want an error that says %v", c.cfg, err, c.says)
		}
	}
	if _, err := OpenSQS(nil, SQSConfig{QueueURL: "https://h/1/q", MaxMessageBytes: 2048}); err == nil {
		t.Error("no client: got no error")
	}
	if cfg := DefaultSQSConfig(); cfg.Validate() == nil {
		t.Error("the default has a queue")
	}
}
