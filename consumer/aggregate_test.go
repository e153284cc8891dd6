package consumer

import (
	"bytes"
	"crypto/md5"
	"errors"
	"fmt"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"
)

// aggregateOf builds a KPL aggregate of user records with the given partition
// keys and data, as the KPL lays it out.
func aggregateOf(users ...userRecord) []byte {
	var body []byte
	for _, u := range users {
		body = protowire.AppendTag(body, fieldPartitionKeys, protowire.BytesType)
		body = protowire.AppendString(body, u.partitionKey)
	}
	for _, u := range users {
		if u.hashKey != "" {
			body = protowire.AppendTag(body, fieldHashKeys, protowire.BytesType)
			body = protowire.AppendString(body, u.hashKey)
		}
	}
	hash := uint64(0)
	for i, u := range users {
		var rec []byte
		rec = protowire.AppendTag(rec, fieldRecordPartitionKey, protowire.VarintType)
		rec = protowire.AppendVarint(rec, uint64(i))
		if u.hashKey != "" {
			rec = protowire.AppendTag(rec, fieldRecordHashKey, protowire.VarintType)
			rec = protowire.AppendVarint(rec, hash)
			hash++
		}
		rec = protowire.AppendTag(rec, fieldRecordData, protowire.BytesType)
		rec = protowire.AppendBytes(rec, u.data)
		body = protowire.AppendTag(body, fieldRecords, protowire.BytesType)
		body = protowire.AppendBytes(body, rec)
	}
	return seal(body)
}

// seal puts magic and checksum around a message.
func seal(body []byte) []byte {
	sum := md5.Sum(body)
	return bytes.Join([][]byte{aggregateMagic, body, sum[:]}, nil)
}

func user(key, data string) userRecord { return userRecord{partitionKey: key, data: []byte(data)} }

func TestDeaggregate_ReturnsUserRecordsInOrder(t *testing.T) {
	t.Parallel()
	in := []userRecord{user("a", "one"), user("b", "two"), {partitionKey: "c", hashKey: "42", data: []byte("three")}}
	got, err := deaggregate(aggregateOf(in...))
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != len(in) {
		t.Fatalf("got %d user records, want %d", len(got), len(in))
	}
	for i, u := range got {
		if u.index != int64(i) || u.partitionKey != in[i].partitionKey || u.hashKey != in[i].hashKey || !bytes.Equal(u.data, in[i].data) {
			t.Errorf("user record %d: got %+v, want %+v", i, u, in[i])
		}
	}
}

func TestDeaggregate_RefusesWhatIsMalformed(t *testing.T) {
	t.Parallel()
	good := aggregateOf(user("a", "one"))
	record := func(fields ...[]byte) []byte {
		body := protowire.AppendTag(nil, fieldPartitionKeys, protowire.BytesType)
		body = protowire.AppendString(body, "only")
		body = protowire.AppendTag(body, fieldRecords, protowire.BytesType)
		return seal(protowire.AppendBytes(body, bytes.Join(fields, nil)))
	}
	varint := func(field protowire.Number, v uint64) []byte {
		return protowire.AppendVarint(protowire.AppendTag(nil, field, protowire.VarintType), v)
	}
	data := protowire.AppendString(protowire.AppendTag(nil, fieldRecordData, protowire.BytesType), "x")
	tests := []struct {
		name string
		in   []byte
		want string
	}{
		{"magic only", aggregateMagic, "too short"},
		{"checksum wrong", append(good[:len(good)-1:len(good)-1], good[len(good)-1]^1), "checksum"},
		{"truncated message", seal(good[4 : len(good)-18]), "malformed"},
		{"partition key index past the table", record(varint(fieldRecordPartitionKey, 1), data), "partition key 1 of a table of 1"},
		{"partition key index huge", record(varint(fieldRecordPartitionKey, 1<<63), data), "of a table of 1"},
		{"hash key index without a table", record(varint(fieldRecordPartitionKey, 0), varint(fieldRecordHashKey, 0), data), "explicit hash key 0 of a table of 0"},
		{"no partition key", record(data), "missing"},
		{"no data", record(varint(fieldRecordPartitionKey, 0)), "missing"},
		{"length past the end", seal([]byte{0x1a, 0x7f, 0x00}), "malformed"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := deaggregate(tt.in)
			if !errors.Is(err, errAggregate) || !strings.Contains(fmt.Sprint(err), tt.want) {
				t.Errorf("got error %v, want errAggregate with %q", err, tt.want)
			}
		})
	}
}

func TestHashRange_HoldsOnlyItsKeys(t *testing.T) {
	t.Parallel()
	const half = "170141183460469231731687303715884105728" // 2^127
	lower := newHashRange("0", "170141183460469231731687303715884105727")
	upper := newHashRange(half, "340282366920938463463374607431768211455")
	tests := []struct {
		name string
		user userRecord
		low  bool
	}{
		{"explicit key in the lower half", userRecord{hashKey: "0"}, true},
		{"explicit key at the border", userRecord{hashKey: half}, false},
		{"md5 of a is 0cc1…", user("a", ""), true},
		{"md5 of b is 92eb…", user("b", ""), false},
		{"unreadable explicit key falls back to md5", userRecord{hashKey: "x", partitionKey: "a"}, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := lower.holds(tt.user); got != tt.low {
				t.Errorf("lower half holds it: got %v, want %v", got, tt.low)
			}
			if got := upper.holds(tt.user); got == tt.low {
				t.Errorf("upper half holds it: got %v, want %v", got, !tt.low)
			}
			if !(hashRange{}).holds(tt.user) {
				t.Error("an unknown range must hold everything")
			}
		})
	}
}

func FuzzDeaggregate(f *testing.F) {
	f.Add(aggregateOf(user("a", "one"), user("b", "two"))[4:])
	f.Add([]byte{0x1a, 0x03, 0x08, 0x09, 0x1a})
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, body []byte) {
		in := seal(body)
		got, err := deaggregate(in)
		if err != nil {
			if !errors.Is(err, errAggregate) {
				t.Fatalf("error %v does not wrap errAggregate", err)
			}
			return
		}
		total := 0
		for i, u := range got {
			total += len(u.data)
			if u.index != int64(i) {
				t.Fatalf("user record %d has index %d", i, u.index)
			}
		}
		if total > len(in) {
			t.Fatalf("user records hold %d bytes, the record has %d", total, len(in))
		}
	})
}
