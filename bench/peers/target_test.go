package peers_test

import (
	"flag"
	"io"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"korestream/bench/peers"
)

func TestTarget_ReadsTheArgumentsThatItMakes(t *testing.T) {
	t.Parallel()
	want := peers.Target{
		Kinesis: "http://127.0.0.1:1", Dynamo: "http://127.0.0.1:2", Stream: "s", Shards: 512, Records: 1 << 40, Patience: time.Hour,
		Decode: peers.DecodeEvent, Hold: time.Second, Latency: true, Settings: peers.Settings{"a.b": "c=d", "e": ""},
	}
	var got peers.Target
	f := flag.NewFlagSet("consumer", flag.ContinueOnError)
	f.SetOutput(io.Discard)
	got.Flags(f)
	if err := f.Parse(want.Args()); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	for _, bad := range []string{"-decode=xml", "-set=novalue"} {
		if err := f.Parse([]string{bad}); err == nil {
			t.Errorf("%s is taken", bad)
		}
	}
}

func TestDecoder_BothFindTheSameID(t *testing.T) {
	t.Parallel()
	const payload = `{"data":{"id":"inner"},"id":"EZ1","type":"t","source":"s","specversion":"1.0","time":"2025-11-26T09:08:36.3283134+00:00"}`
	for _, d := range []peers.Decoder{peers.DecodeJSON, peers.DecodeEvent} {
		if id, err := d.ID([]byte(payload)); err != nil || id != "EZ1" {
			t.Errorf("%s: got %q, %v, want EZ1", d, id, err)
		}
		if _, err := d.ID([]byte(`{"id":`)); err == nil {
			t.Errorf("%s takes half an event", d)
		}
	}
}
