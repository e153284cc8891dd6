package kinesis

import (
	"encoding/base64"
	"testing"
	"time"
)

func TestIterator_RoundTrips(t *testing.T) {
	t.Parallel()
	want := iterator{made: epoch.UnixMilli(), stream: 1 << 40, shard: 4711, next: 1 << 50, name: "kore_events.v1-x"}
	if got, ok := parseIterator(want.String()); !ok || got != want {
		t.Errorf("got %+v %v, want %+v", got, ok, want)
	}
}

func TestIterator_RefusesWhatWasNotMadeHere(t *testing.T) {
	t.Parallel()
	good := iterator{made: 1, stream: 2, shard: 3, next: 4, name: "kore"}.String()
	raw, err := base64.StdEncoding.DecodeString(good)
	if err != nil {
		t.Fatal(err)
	}
	for i := range raw {
		raw[i] ^= 1
		if it, ok := parseIterator(base64.StdEncoding.EncodeToString(raw)); ok {
			t.Errorf("bit of byte %d flipped: got %+v, want none", i, it)
		}
		raw[i] ^= 1
	}
	for name, bad := range map[string]string{
		"empty": "", "short": "AAAA", "no base64": "?", "cut": good[:len(good)/4*2],
		"a next token": seal(tokenShards, raw[9:]), "too short inside": seal(tokenIterator, []byte("x")),
	} {
		if it, ok := parseIterator(bad); ok {
			t.Errorf("%s: got %+v, want none", name, it)
		}
	}
}

func TestNextToken_ExpiresAndBelongsToItsOperation(t *testing.T) {
	t.Parallel()
	s := newStub(t, nil)
	s.call("CreateStream", `{"StreamName":"kore","ShardCount":5}`)
	s.call("CreateStream", `{"StreamName":"other","ShardCount":1}`)
	token := s.call("ListShards", `{"StreamName":"kore","MaxResults":2}`).NextToken
	body := `{"NextToken":"` + token + `"}`
	if got := s.refused("ListStreams", body).Code; got != codeInvalidArgument {
		t.Errorf("a token of ListShards for ListStreams: got %s, want %s", got, codeInvalidArgument)
	}
	s.pass(tokenLife)
	if got := s.shardIDs(body); len(got) != 3 || got[0] != shardID(2) {
		t.Errorf("shards after five minutes: got %v, want the last three", got)
	}
	s.pass(time.Millisecond)
	if got := s.refused("ListShards", body).Code; got != codeExpiredNextToken {
		t.Errorf("a token of more than five minutes: got %s, want %s", got, codeExpiredNextToken)
	}
}

func TestNextToken_KeepsTheFilterOfItsListing(t *testing.T) {
	t.Parallel()
	s := newStub(t, nil)
	s.call("CreateStream", `{"StreamName":"kore","ShardCount":4}`)
	s.call("MergeShards", `{"StreamName":"kore","ShardToMerge":"`+shardID(1)+`","AdjacentShardToMerge":"`+shardID(2)+`"}`)
	var got []string
	for body := `{"StreamName":"kore","MaxResults":1,"ShardFilter":{"Type":"AT_LATEST"}}`; ; {
		page := s.call("ListShards", body)
		for _, sh := range page.Shards {
			got = append(got, sh.ShardID)
		}
		if page.NextToken == "" {
			break
		}
		body = `{"MaxResults":1,"NextToken":"` + page.NextToken + `"}`
	}
	if len(got) != 3 || got[0] != shardID(0) || got[1] != shardID(3) || got[2] != shardID(4) {
		t.Errorf("open shards, one a page: got %v, want 0, 3 and 4", got)
	}
}

func TestNextToken_IsOfOneLifeOfAStream(t *testing.T) {
	t.Parallel()
	s := newStub(t, nil)
	s.call("CreateStream", `{"StreamName":"kore","ShardCount":5}`)
	token := s.call("ListShards", `{"StreamName":"kore","MaxResults":2}`).NextToken
	iterator := s.horizonOf(shardID(0))
	s.call("DeleteStream", `{"StreamName":"kore"}`)
	s.call("CreateStream", `{"StreamName":"kore","ShardCount":5}`)
	if got := s.refused("ListShards", `{"NextToken":"`+token+`"}`).Code; got != codeResourceNotFound {
		t.Errorf("a token of the stream before: got %s, want %s", got, codeResourceNotFound)
	}
	if got := s.refused("GetRecords", `{"ShardIterator":"`+iterator+`"}`).Code; got != codeResourceNotFound {
		t.Errorf("an iterator of the stream before: got %s, want %s", got, codeResourceNotFound)
	}
}
