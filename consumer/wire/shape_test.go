package wire_test

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"korestream/consumer/wire"
)

// shapedRecords are records in the orders that are known, with and without what
// they may lack, and one at the bounds of what is learnt.
func shapedRecords() []string {
	return []string{
		`{"SequenceNumber":"49545115243490985018280067714973144582180062593244200961","ApproximateArrivalTimestamp":1764148304.123,"Data":"` + body64(data(100)) + `","PartitionKey":"HS0123456789abcdef"}`,
		`{"ApproximateArrivalTimestamp":1.764148304123E9,"Data":"` + body64(data(101)) + `","PartitionKey":"k","SequenceNumber":"4954"}`,
		`{"ApproximateArrivalTimestamp":1764148304,"Data":"aGVsbG8gd29ybGQh","EncryptionType":"KMS","PartitionKey":"k","SequenceNumber":"1"}`,
		`{"SequenceNumber":"1","New":{"a":[1,"x"]},"Data":"aGVsbG8gd29ybGQ=","PartitionKey":"k","EncryptionType":null}`,
		` { "Data" : "aGVsbG8gd29ybA==", "ApproximateArrivalTimestamp" : 1 , "PartitionKey" : null }`,
		`{"New":"` + strings.Repeat("n", 241) + `","PartitionKey":"k"}`,
	}
}

// data is n bytes whose base64 has all of its letters.
func data(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i * 37)
	}
	return b
}

var recordMember = regexp.MustCompile(`"(\w+)" ?: ?("[^"]*"|[0-9.E]+|null|\{[^}]*\})`)

// near returns records that differ from one in one of its members: how that is
// written, what is before and behind it, and where it ends.
func near(record string) []string {
	var all []string
	for _, m := range recordMember.FindAllStringSubmatchIndex(record, -1) {
		head, member, tail := record[:m[0]], record[m[0]:m[1]], record[m[1]:]
		name, value := record[m[2]:m[3]], record[m[4]:m[5]]
		for _, other := range []string{
			``, `null`, `true`, `7`, `-1.5`, `1e3`, `01`, `1.`, `1764148304.1234`, `1.764148304E+9`, `99999999999999999999`, `"NaN"`, `""`, `"`, `"aGk="`, `"aGk"`, `"a\/k="`,
			`"a\"k="`, "\"aG\nk=\"", "\"aGk=\n\"", "\"aGk=\n\n\n\n\"", "\"aGk\x00\"", `"ÄÖÜ"`, "\"\xff\xfe\"", `"\u00e9\n"`, `"\ud800"`, `"\x"`, `{}`, `[]`, `{"a":1}`,
			value + value, value + `,"x":1`, `"` + body64(data(200)) + `"`, `"` + body64(data(70<<10)) + `"`,
		} {
			all = append(all, head+`"`+name+`":`+other+tail)
		}
		for _, name := range []string{name + "x", name[1:], strings.ToLower(name), `\u0044ata`, "Data", "SequenceNumber", "PartitionKey", "EncryptionType", "ApproximateArrivalTimestamp"} {
			all = append(all, head+`"`+name+`":`+value+tail)
		}
		all = append(all, head, head+member, head+tail, head+member+","+member+tail, head+" "+member+tail, head+member+" "+tail, head+member+"}"+tail, head+member+",}", head+member+"}")
	}
	return all
}

// inARow is an answer with the records given.
func inARow(records ...string) []byte {
	return []byte(`{"Records":[` + strings.Join(records, ",") + `],"NextShardIterator":"it","MillisBehindLatest":0}`)
}

func TestShape_WhatIsComparedIsWhatTheSDKReads(t *testing.T) {
	t.Parallel()
	for _, learnt := range shapedRecords() {
		for _, record := range near(learnt) {
			wantSame(t, inARow(learnt, record, learnt, record))
		}
	}
}

func TestShape_EveryLengthOfDataIsCompared(t *testing.T) {
	t.Parallel()
	const record = `{"SequenceNumber":"1","Data":"%s"}`
	for n := range 300 {
		one := fmt.Sprintf(record, body64(data(n)))
		wantSame(t, inARow(fmt.Sprintf(record, body64(data(3))), one, one))
		wantCompared(t, fmt.Sprintf(record, ""), one, true)
	}
	// Over the ends of chunks, and beyond what one has.
	var all []string
	for n := range 100 {
		all = append(all, fmt.Sprintf(record, body64(data(n*n))), fmt.Sprintf(record, body64(data(1000-n))))
	}
	for _, n := range []int{64<<10 - 1, 64 << 10, 64<<10 + 1, 100 << 10, 10} {
		all = append(all, fmt.Sprintf(record, body64(data(n))))
	}
	wantSame(t, inARow(all...))
}

// wantCompared checks whether a record is compared with one that was learnt, and
// that it is what the SDK reads either way.
func wantCompared(t *testing.T, learnt, record string, want bool) {
	t.Helper()
	pool := wire.NewPool(testKept)
	var page wire.Page
	if !wire.Decode(inARow(learnt), &page, pool) {
		t.Fatalf("%.200s was refused", learnt)
	}
	page.Release()
	if got := wire.Compares(inARow(record), &page, pool); got != want {
		t.Errorf("%.200s behind %.200s: compared is %v, want %v", record, learnt, got, want)
	}
	page.Release()
	wantSame(t, inARow(learnt, record, learnt))
}

func TestShape_RecordsOfTheSameShapeAreCompared(t *testing.T) {
	t.Parallel()
	const learnt = `{"ApproximateArrivalTimestamp":1.764148304123E9,"Data":"aGk=","PartitionKey":"k","SequenceNumber":"4954"}`
	tests := map[string]string{
		"space before":   ` {"ApproximateArrivalTimestamp":1.7E9,"Data":"aGk=","PartitionKey":"k","SequenceNumber":"1"}`,
		"other scalars":  `{"ApproximateArrivalTimestamp":1.7E9,"Data":"","PartitionKey":"","SequenceNumber":"1"}`,
		"no ASCII":       `{"ApproximateArrivalTimestamp":1.7E9,"Data":"aGk=","PartitionKey":"Ж😀` + "\xff" + `","SequenceNumber":"1"}`,
		"another time":   `{"ApproximateArrivalTimestamp":-1.5e-3,"Data":"aGk=","PartitionKey":"k","SequenceNumber":"1"}`,
		"a time in 2100": `{"ApproximateArrivalTimestamp":4102444800.007,"Data":"aGk=","PartitionKey":"k","SequenceNumber":"1"}`,
		"a long key":     `{"ApproximateArrivalTimestamp":1.7E9,"Data":"aGk=","PartitionKey":"` + strings.Repeat("k", 5000) + `","SequenceNumber":"1"}`,
		"much data":      `{"ApproximateArrivalTimestamp":1.7E9,"Data":"` + body64(data(200<<10)) + `","PartitionKey":"k","SequenceNumber":"1"}`,
	}
	for name, record := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			wantCompared(t, learnt, record, true)
		})
	}
	for _, record := range shapedRecords()[:5] {
		wantCompared(t, record, record, true)
	}
}

func TestShape_OtherRecordsAreReadFromTheirBeginning(t *testing.T) {
	t.Parallel()
	const learnt = `{"SequenceNumber":"4954","ApproximateArrivalTimestamp":1764148304.123,"Data":"aGk=","PartitionKey":"k"}`
	tests := map[string]string{
		"another order":       `{"Data":"aGk=","ApproximateArrivalTimestamp":1764148304.123,"SequenceNumber":"4954","PartitionKey":"k"}`,
		"a member less":       `{"SequenceNumber":"4954","Data":"aGk=","PartitionKey":"k"}`,
		"a member more":       `{"SequenceNumber":"4954","ApproximateArrivalTimestamp":1764148304.123,"Data":"aGk=","PartitionKey":"k","EncryptionType":"KMS"}`,
		"a member twice":      `{"SequenceNumber":"4954","SequenceNumber":"4954","ApproximateArrivalTimestamp":1764148304.123,"Data":"aGk=","PartitionKey":"k"}`,
		"null":                `{"SequenceNumber":"4954","ApproximateArrivalTimestamp":1764148304.123,"Data":null,"PartitionKey":"k"}`,
		"white space":         `{"SequenceNumber":"4954","ApproximateArrivalTimestamp":1764148304.123,"Data": "aGk=","PartitionKey":"k"}`,
		"an escaped key":      `{"SequenceNumber":"4954","ApproximateArrivalTimestamp":1764148304.123,"Data":"aGk=","PartitionKey":"k\u00e9"}`,
		"escaped data":        `{"SequenceNumber":"4954","ApproximateArrivalTimestamp":1764148304.123,"Data":"aG\/\/","PartitionKey":"k"}`,
		"line end in data":    "{\"SequenceNumber\":\"4954\",\"ApproximateArrivalTimestamp\":1764148304.123,\"Data\":\"aG\\nk=\",\"PartitionKey\":\"k\"}",
		"an escaped name":     `{"SequenceNumber":"4954","ApproximateArrivalTimestamp":1764148304.123,"\u0044ata":"aGk=","PartitionKey":"k"}`,
		"an unknown name":     `{"SequenceNumber":"4954","ApproximateArrivalTimestamp":1764148304.123,"data":"aGk=","PartitionKey":"k"}`,
		"a number for a text": `{"SequenceNumber":4954,"ApproximateArrivalTimestamp":1764148304.123,"Data":"aGk=","PartitionKey":"k"}`,
		"a text for a number": `{"SequenceNumber":"4954","ApproximateArrivalTimestamp":"1764148304.123","Data":"aGk=","PartitionKey":"k"}`,
		"no base64":           `{"SequenceNumber":"4954","ApproximateArrivalTimestamp":1764148304.123,"Data":"aG*=","PartitionKey":"k"}`,
		"a control character": "{\"SequenceNumber\":\"4954\",\"ApproximateArrivalTimestamp\":1764148304.123,\"Data\":\"aGk=\",\"PartitionKey\":\"k\x01\"}",
		"a leading zero":      `{"SequenceNumber":"4954","ApproximateArrivalTimestamp":01764148304.123,"Data":"aGk=","PartitionKey":"k"}`,
		"much before escapes": `{"SequenceNumber":"4954","ApproximateArrivalTimestamp":1764148304.123,"Data":"` + body64(data(100<<10)) + `","PartitionKey":"\""}`,
		"empty":               `{}`,
	}
	for name, record := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			wantCompared(t, learnt, record, false)
		})
	}
}

func TestShape_WhatCouldNotBeComparedIsNotLearnt(t *testing.T) {
	t.Parallel()
	for name, record := range map[string]string{
		"escapes":          `{"PartitionKey":"\"k\"","SequenceNumber":"1"}`,
		"a long text":      `{"New":"` + strings.Repeat("n", 300) + `","PartitionKey":"k"}`,
		"a long text last": `{"PartitionKey":"k","New":"` + strings.Repeat("n", 300) + `"}`,
		"no scalar":        `{"PartitionKey":null}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			wantCompared(t, record, record, false)
		})
	}
}

func TestShape_IsForgottenWithARecordOfAnother(t *testing.T) {
	t.Parallel()
	records := shapedRecords()
	for i := range records {
		for j := range records {
			wantSame(t, inARow(records[i], records[j], records[j], records[i], records[i]))
		}
	}
}

func TestShape_CutAnywhereIsRefused(t *testing.T) {
	t.Parallel()
	for _, record := range shapedRecords() {
		whole := bytes.TrimSuffix(inARow(record, record), []byte("}"))
		for n := len(whole) / 3; n < len(whole); n++ {
			if !wantSame(t, whole[:n]) {
				t.Fatalf("ours decoded the first %d bytes of %d", n, len(whole))
			}
		}
	}
}

// FuzzGetRecords_InARow decodes what it finds behind a record whose shape was
// learnt.
func FuzzGetRecords_InARow(f *testing.F) {
	for _, learnt := range shapedRecords() {
		f.Add(learnt, learnt)
		for _, record := range near(learnt) {
			if len(record) < 1<<10 {
				f.Add(learnt, record)
			}
		}
	}
	f.Fuzz(func(t *testing.T, learnt, record string) {
		wantSame(t, inARow(learnt, record, learnt, record))
	})
}
