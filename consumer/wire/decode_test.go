package wire_test

import (
	"fmt"
	"strings"
	"testing"
)

// wrap is an answer with one record that has the given members.
func wrap(members string) string {
	return `{"Records":[{` + members + `}],"NextShardIterator":"it","MillisBehindLatest":0}`
}

func TestDecode_OrdinaryAnswersAreOurs(t *testing.T) {
	t.Parallel()
	tests := map[string]string{
		"none":             `{"Records":[],"NextShardIterator":"it","MillisBehindLatest":0}`,
		"end":              `{"ChildShards":[{"ShardId":"s1","ParentShards":["s0"],"HashKeyRange":{"StartingHashKey":"0","EndingHashKey":"9"}},{"ShardId":"s2"}],"MillisBehindLatest":0,"Records":[]}`,
		"end by null":      `{"NextShardIterator":null,"Records":[]}`,
		"order":            `{"MillisBehindLatest":12,"NextShardIterator":"x","Records":[{"PartitionKey":"p","Data":"aGk=","SequenceNumber":"1","EncryptionType":"KMS"}]}`,
		"white space":      " {\n\t\"Records\" : [ { \"Data\" : \"aGk=\" , \"SequenceNumber\" : \"1\" } , { } ] } \r\n",
		"unknown members":  wrap(`"Data":"aGk=","New":{"a":[1,-2.5e+7,true,false,null,"\u00e9"],"b":{}},"SequenceNumber":"1"`),
		"nulls":            wrap(`"Data":null,"SequenceNumber":null,"PartitionKey":null,"ApproximateArrivalTimestamp":null,"EncryptionType":null`),
		"empty data":       wrap(`"Data":"","SequenceNumber":"1"`),
		"escapes":          wrap(`"Data":"aG\/\u002b\/w==","SequenceNumber":"\"1\\\/\b\f\n\r\t","PartitionKey":"\ud83d\ude00 \u0416"`),
		"raw text":         wrap(`"PartitionKey":"Ж😀` + "\xff\x80" + `"`),
		"line end in data": wrap(`"Data":"aG\nk\r="`),
		"trailing bits":    wrap(`"Data":"aGl="`),
		"long key":         wrap(`"PartitionKey":"` + strings.Repeat("k", 5000) + `"`),
		"large record":     string(body(1, 300<<10)),
		"many records":     string(body(300, 1083)),
	}
	for _, s := range []string{"0", "1763100000", "1763100000.123", "1.763100000123E9", "-1.5", "1e-3", "0.0009", "-0", "1E+2", "1763100000.9999999", "1e18", "-1e300", "123456789012345678901234567890"} {
		tests["time "+s] = wrap(`"ApproximateArrivalTimestamp":` + s)
	}
	for name, text := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if wantSame(t, []byte(text)) {
				t.Error("the SDK had to decode it")
			}
		})
	}
}

func TestDecode_OddAnswersAreTheSDKs(t *testing.T) {
	t.Parallel()
	tests := map[string]string{
		"empty":                  ``,
		"no object":              `[]`,
		"null":                   `null`,
		"no records":             `{"NextShardIterator":"it"}`,
		"records are null":       `{"Records":null}`,
		"null record":            `{"Records":[null]}`,
		"bytes behind":           `{"Records":[]}x`,
		"cut":                    `{"Records":[{"Data":"aGk="},`,
		"cut in data":            `{"Records":[{"Data":"aGk`,
		"comma":                  `{"Records":[],}`,
		"member twice":           wrap(`"Data":"aGk=","Data":"aG8="`),
		"member and null":        wrap(`"Data":"aGk=","Data":null`),
		"escaped name":           wrap(`"\u0044ata":"aGk="`),
		"bad base64":             wrap(`"Data":"a*k="`),
		"short base64":           wrap(`"Data":"aGk"`),
		"unpadded":               wrap(`"Data":"` + strings.Repeat("A", 1001) + `"`),
		"raw line end":           wrap("\"Data\":\"aGk\n=\""),
		"four raw line ends":     wrap("\"Data\":\"aGk=\n\n\n\n\""),
		"quote in data":          wrap(`"Data":"aGk\"="`),
		"bad escape":             wrap(`"PartitionKey":"\x"`),
		"bad escape of no use":   wrap(`"New":"\u12g4"`),
		"half an escape of none": wrap(`"New":"\`),
		"half a pair":            wrap(`"PartitionKey":"\ud83d"`),
		"bad utf-8 escaped":      wrap(`"PartitionKey":"\n` + "\xff" + `"`),
		"control":                wrap("\"PartitionKey\":\"\x01\""),
		"data is a number":       wrap(`"Data":1`),
		"number is a string":     wrap(`"SequenceNumber":1`),
		"time is a string":       wrap(`"ApproximateArrivalTimestamp":"NaN"`),
		"time beyond":            wrap(`"ApproximateArrivalTimestamp":1e999`),
		"leading zero":           wrap(`"ApproximateArrivalTimestamp":01`),
		"no fraction":            wrap(`"ApproximateArrivalTimestamp":1.`),
		"behind a fraction":      `{"Records":[],"MillisBehindLatest":1.5}`,
		"behind beyond":          `{"Records":[],"MillisBehindLatest":9223372036854775808}`,
		"child of a wrong kind":  `{"Records":[],"ChildShards":[{"HashKeyRange":7}]}`,
		"deep":                   wrap(`"New":` + strings.Repeat("[", 100) + strings.Repeat("]", 100)),
	}
	for name, text := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if !wantSame(t, []byte(text)) {
				t.Error("ours decoded it")
			}
		})
	}
}

func TestDecode_CutAnywhereIsRefused(t *testing.T) {
	t.Parallel()
	whole := body(2, 100)
	for n := range len(whole) {
		if !wantSame(t, whole[:n]) {
			t.Fatalf("ours decoded the first %d bytes of %d", n, len(whole))
		}
	}
}

func TestDecode_EveryLengthOfData(t *testing.T) {
	t.Parallel()
	for size := range 300 {
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			if wantSame(t, body(3, size)) {
				t.Error("the SDK had to decode it")
			}
		})
	}
}
