package kinesis

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

func TestFilter_GoesByWhenShardsWereOpen(t *testing.T) {
	t.Parallel()
	s := newStub(t, nil)
	s.call("CreateStream", `{"StreamName":"kore","ShardCount":1}`)
	s.pass(time.Hour)
	s.call("SplitShard", `{"StreamName":"kore","ShardToSplit":"`+shardID(0)+`","NewStartingHashKey":"1000"}`)
	s.pass(time.Hour)
	s.call("MergeShards", `{"StreamName":"kore","ShardToMerge":"`+shardID(2)+`","AdjacentShardToMerge":"`+shardID(1)+`"}`)
	s.pass(time.Hour)
	at := func(typ string, hours float64) string {
		return fmt.Sprintf(`{"Type":%q,"Timestamp":%.3f}`, typ, float64(after(int(hours*3600)))/1000)
	}
	check := func(filter, want string) {
		t.Helper()
		ids := s.shardIDs(`{"StreamName":"kore","ShardFilter":` + filter + `}`)
		got := strings.ReplaceAll(strings.Join(ids, " "), "shardId-00000000000", "")
		if got != want {
			t.Errorf("%s: got shards %s, want %s", filter, got, want)
		}
	}
	check(`{"Type":"FROM_TRIM_HORIZON"}`, "0 1 2 3")
	check(`{"Type":"AT_TRIM_HORIZON"}`, "0")
	check(`{"Type":"AT_LATEST"}`, "3")
	check(`{"Type":"AFTER_SHARD_ID","ShardId":"shardId-000000000001"}`, "2 3")
	check(at("AT_TIMESTAMP", 0.5), "0")
	check(at("AT_TIMESTAMP", 1), "0 1 2") // both ends count
	check(at("AT_TIMESTAMP", 1.5), "1 2")
	check(at("AT_TIMESTAMP", 3), "3")
	check(at("FROM_TIMESTAMP", 1.5), "1 2 3")
	check(at("FROM_TIMESTAMP", -100), "0 1 2 3")
	if e := s.refused("ListShards", `{"StreamName":"kore","ShardFilter":`+at("AT_TIMESTAMP", 4)+`}`); e.Code != codeInvalidArgument {
		t.Errorf("a time to come: got %v, want %s", e, codeInvalidArgument)
	}
	s.pass(22*time.Hour + time.Second) // the first shard closed 24 hours ago
	check(`{"Type":"FROM_TRIM_HORIZON"}`, "1 2 3")
	check(`{"Type":"AT_TRIM_HORIZON"}`, "1 2")
	s.pass(time.Hour)
	check(`{"Type":"AT_TRIM_HORIZON"}`, "3")
}

func TestRetention_WhatExpiredStaysSo(t *testing.T) {
	t.Parallel()
	s := newStub(t, nil)
	s.call("CreateStream", `{"StreamName":"kore","ShardCount":1}`)
	s.call("PutRecord", `{"StreamName":"kore","PartitionKey":"k","Data":"eA=="}`)
	s.call("SplitShard", `{"StreamName":"kore","ShardToSplit":"`+shardID(0)+`","NewStartingHashKey":"1000"}`)
	s.call("IncreaseStreamRetentionPeriod", `{"StreamName":"kore","RetentionPeriodHours":72}`)
	s.pass(48 * time.Hour)
	if got := len(s.call("GetRecords", `{"ShardIterator":"`+s.horizonOf(shardID(0))+`"}`).Records); got != 1 {
		t.Errorf("records after 48 of 72 hours: got %d, want 1", got)
	}
	s.call("DecreaseStreamRetentionPeriod", `{"StreamName":"kore","RetentionPeriodHours":24}`)
	if got := s.shardIDs(`{"StreamName":"kore"}`); len(got) != 2 {
		t.Errorf("shards after 48 of 24 hours: got %v, want the children", got)
	}
	s.call("IncreaseStreamRetentionPeriod", `{"StreamName":"kore","RetentionPeriodHours":72}`)
	if got := s.shardIDs(`{"StreamName":"kore"}`); len(got) != 2 {
		t.Errorf("shards once the period has grown again: got %v, want the children", got)
	}
}
