package handlers

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/google/go-cmp/cmp"

	"korestream/consumer"
)

func TestSQSLetters_EveryPayloadComesBack(t *testing.T) {
	t.Parallel()
	for _, fifo := range []bool{false, true} {
		t.Run(fmt.Sprint("fifo=", fifo), func(t *testing.T) {
			t.Parallel()
			w := newSQSWorld(t, fifo, map[string]string{"MaximumMessageSize": "4096"})
			overflow := newMemoryOverflow()
			all := variousLetters()
			live := w.letters(overflow)
			buryIn(t, live, all[0])
			want := map[string]string{"reason": consumer.ReasonHandler, "handler": "archive", "event_type": sessionUpdated}
			if d := cmp.Diff(want, w.attributesSeen()); d != "" {
				t.Error(d)
			}
			buryIn(t, live, all[1:]...)
			if n := overflow.size(); n != 2 {
				t.Errorf("got %d letters in the overflow, want the 2 that are too large", n)
			}
			s := w.letters(overflow)
			wantLetters(t, s, all...)
			wantLetters(t, s, all...) // again, though they are hidden from others
			closeStore(t, s)

			s = w.letters(overflow)
			for l, err := range s.Letters(t.Context()) {
				if err != nil {
					t.Fatal(err)
				}
				for range 2 {
					if err := s.Remove(t.Context(), l); err != nil {
						t.Errorf("remove %s: %v", l.SequenceNumber, err)
					}
				}
			}
			closeStore(t, s)
			if n := overflow.size(); n != 0 {
				t.Errorf("got %d letters in the overflow, want none", n)
			}
			if n := len(w.receive()); n != 0 {
				t.Errorf("got %d messages in the queue, want none", n)
			}
			buryIn(t, live, all[0]) // given up on again, within the time in which a FIFO queue drops repeats
			wantLetters(t, w.letters(overflow), all[0])
		})
	}
}

func TestSQSLetters_ReadsMoreThanARequestHolds(t *testing.T) {
	t.Parallel()
	w := newSQSWorld(t, false, nil)
	s := w.letters(nil)
	var all []*consumer.DeadLetter
	for i := range 35 {
		all = append(all, letterAt(i))
	}
	buryIn(t, s, all...)
	buryIn(t, s, all[3]) // after a crash, say
	wantLetters(t, s, all...)
	removeAll(t, s, "EZ3\"")
	wantLetters(t, s, append(all[:3:3], all[4:]...)...)
	closeStore(t, s)
	if n := len(w.receive()); n != 34 {
		t.Errorf("got %d messages after Close, want 34 that are visible", n)
	}
}

func TestSQSLetters_HidesWhatItReadsUntilItIsClosed(t *testing.T) {
	t.Parallel()
	w := newSQSWorld(t, false, nil)
	s := w.letters(nil)
	buryIn(t, s, letterAt(1), letterAt(2))
	for range s.Letters(t.Context()) {
		break // the other one was read too
	}
	if n := len(w.receive()); n != 0 {
		t.Errorf("got %d messages while a reader holds them, want none", n)
	}
	closeStore(t, s)
	wantLetters(t, w.letters(nil), letterAt(1), letterAt(2))
}

func TestSQSLetters_WhatIsTooLargeWithoutOverflowIsRefusedWithAdvice(t *testing.T) {
	t.Parallel()
	w := newSQSWorld(t, false, nil)
	s := w.letters(nil)
	l := variousLetters()[4]
	err := s.Bury(t.Context(), l)
	if err == nil || !containsAll(err.Error(), "4096", "overflow", "parked") {
		t.Errorf("got %v, want an error that says why and what to do", err)
	}
	if n := len(w.receive()); n != 0 {
		t.Errorf("got %d messages, want none", n)
	}
}

func TestSQSLetters_LettersWhoseTextIsTooLargeFitToo(t *testing.T) {
	t.Parallel()
	w := newSQSWorld(t, false, map[string]string{"MaximumMessageSize": "4096"})
	overflow := newMemoryOverflow()
	s := w.letters(overflow)
	l := letterAt(1)
	l.Err = errors.New(strings.Repeat("why", 5000))
	buryIn(t, s, l)
	wantLetters(t, s, l)
}

func TestSQSLetters_TryingAgainLeavesOneBodyInTheOverflow(t *testing.T) {
	t.Parallel()
	w := newSQSWorld(t, false, nil)
	overflow := newMemoryOverflow()
	s := w.letters(overflow)
	l := variousLetters()[4]
	overflow.setDown(true)
	if err := s.Bury(t.Context(), l); !errors.Is(err, errSinkDown) {
		t.Errorf("overflow down: got %v, want its error", err)
	}
	overflow.setDown(false)
	w.front.set(func(rw http.ResponseWriter, _ string) bool {
		sqsError(rw, http.StatusBadRequest, "AccessDeniedException")
		return true
	})
	for range 3 {
		if err := s.Bury(t.Context(), l); err == nil {
			t.Error("queue down: got no error")
		}
	}
	w.front.set(nil)
	buryIn(t, s, l)
	if overflow.puts != 1 || len(s.put) != 0 {
		t.Errorf("got %d puts and %d letters remembered, want 1 and 0", overflow.puts, len(s.put))
	}
	buryIn(t, s, l) // another letter of the same ID, with a body of its own
	if n := overflow.size(); n != 2 {
		t.Errorf("got %d bodies, want 2", n)
	}
	wantLetters(t, s, l)
	removeAll(t, s, "")
	if n := overflow.size(); n != 0 {
		t.Errorf("got %d bodies after both were removed, want none", n)
	}
}

func TestSQSLetters_WhatIsNoLetterIsAnErrorAndStays(t *testing.T) {
	t.Parallel()
	w := newSQSWorld(t, false, nil)
	overflow := newMemoryOverflow()
	s := w.letters(overflow)
	for _, body := range []string{"hello", "{}", `{"letter_id": "x", "overflow": "mem:gone"}`} {
		if _, err := w.client.SendMessage(t.Context(), &sqs.SendMessageInput{QueueUrl: &w.queue, MessageBody: aws.String(body)}); err != nil {
			t.Fatal(err)
		}
	}
	buryIn(t, s, letterAt(1))
	got, errs := collect(t, s)
	if len(got) != 1 || len(errs) != 3 {
		t.Errorf("got %d letters and errors %v, want 1 and 3", len(got), errs)
	}
	closeStore(t, s)
	if n := len(w.receive()); n != 4 {
		t.Errorf("got %d messages after Close, want 4", n)
	}
}

func TestSQSLetters_RefusesToRemoveWhatOthersMayHold(t *testing.T) {
	t.Parallel()
	w := newSQSWorld(t, false, nil)
	s := w.letters(nil)
	buryIn(t, s, letterAt(1))
	if err := s.Remove(t.Context(), newLetter(letterAt(1), time.Time{})); !errors.Is(err, errSQSNotHeld) {
		t.Errorf("never read: got %v, want %v", err, errSQSNotHeld)
	}
	got, _ := collect(t, s)
	for _, held := range s.held {
		held[0].until = time.Now().Add(-time.Second)
	}
	if err := s.Remove(t.Context(), got["1"]); !errors.Is(err, errSQSNotHeld) {
		t.Errorf("read too long ago: got %v, want %v", err, errSQSNotHeld)
	}
}

func TestSQSLetters_AnErrorOfTheQueueEndsTheReading(t *testing.T) {
	t.Parallel()
	w := newSQSWorld(t, false, nil)
	s := w.letters(nil)
	buryIn(t, s, letterAt(1))
	reads := 0
	w.front.set(func(rw http.ResponseWriter, operation string) bool {
		if operation == "ReceiveMessage" {
			reads++
		}
		if operation == "DeleteMessage" || operation == "ReceiveMessage" && reads > 1 {
			sqsError(rw, http.StatusBadRequest, "OverLimit")
			return true
		}
		return false
	})
	got, errs := collect(t, s)
	if len(got) != 1 || len(errs) != 1 || !strings.Contains(errs[0].Error(), "OverLimit") {
		t.Errorf("got %d letters and errors %v, want 1 and the queue's error", len(got), errs)
	}
	if err := s.Remove(t.Context(), got["1"]); err == nil {
		t.Error("remove that the queue refused: got no error")
	}
	w.front.set(nil)
	if err := s.Remove(t.Context(), got["1"]); err != nil {
		t.Errorf("remove again: got %v, want no error", err)
	}
}

func TestSQSLetters_NothingIsLostWhileTheQueueIsAway(t *testing.T) {
	t.Parallel()
	w := newSQSWorld(t, false, nil)
	s := w.letters(nil)
	m := newMux(t, s, attempts(1), []Route{to(t, "bad", always(Permanent(errSinkDown)))})
	w.front.down()
	done := make(chan error, 1)
	go func() {
		_, err := m.Dispatch(context.Background(), delivery(t, "EZ1", sessionUpdated))
		done <- err
	}()
	time.Sleep(300 * time.Millisecond)
	select {
	case err := <-done:
		t.Errorf("dispatch ended with %v while nothing can be buried", err)
	default:
	}
	w.front.up(t)
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if got, _ := collect(t, s); len(got) != 1 {
		t.Errorf("got %d letters, want 1", len(got))
	}
}

func TestSQSLettersConfig_NamesFieldAndBound(t *testing.T) {
	t.Parallel()
	good := DefaultSQSLettersConfig()
	good.QueueURL = "https://h/1/q"
	if err := good.Validate(); err != nil {
		t.Errorf("default with a queue: got %v", err)
	}
	for _, c := range []struct {
		change func(*SQSLettersConfig)
		says   string
	}{
		{func(c *SQSLettersConfig) { c.QueueURL = "" }, "QueueURL"},
		{func(c *SQSLettersConfig) { c.MaxMessageBytes = 0 }, "MaxMessageBytes"},
		{func(c *SQSLettersConfig) { c.Visibility = time.Second }, "Visibility must be 30s to 12h"},
		{func(c *SQSLettersConfig) { c.Visibility = 90500 * time.Millisecond }, "whole seconds"},
		{func(c *SQSLettersConfig) { c.Wait = 0 }, "Wait must be 1s to 20s"},
		{func(c *SQSLettersConfig) { c.Wait = 21 * time.Second }, "Wait must be 1s to 20s"},
	} {
		cfg := good
		c.change(&cfg)
		if _, err := OpenSQSLetters(sqs.New(sqs.Options{}), cfg, nil); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("got %v, want an error that says %q", err, c.says)
		}
	}
}
