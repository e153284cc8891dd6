package handlers

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"korestream/consumer"
)

// byPartition groups events by hour and type, each group in the order given, the
// group of the first event first.
func byPartition(ds []*consumer.Delivery) [][]int {
	var groups [][]int
	at := make(map[string]int)
	for i, d := range ds {
		p := s3Partition(d)
		g, ok := at[p]
		if !ok {
			g = len(groups)
			at[p] = g
			groups = append(groups, nil)
		}
		groups[g] = append(groups[g], i)
	}
	return groups
}

// s3Partition is the folder of an event.
func s3Partition(d *consumer.Delivery) string {
	at := s3Time(d)
	return fmt.Sprintf("date=%s/hour=%s/type=%s/", at.Format(time.DateOnly), at.Format("15"), s3Word(d.Event.Type))
}

func s3Time(d *consumer.Delivery) time.Time {
	if d.Event.Time.IsZero() {
		return d.ArrivedAt.UTC()
	}
	return d.Event.Time.UTC()
}

// s3Word is a text of which nothing in a key can be mistaken.
func s3Word(s string) string {
	const longest = 200
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '.', r == '-', r == '_':
			return r
		}
		return '_'
	}, s[:min(len(s), longest)])
}

// s3Key names the object of events of one partition.
func s3Key(ds []*consumer.Delivery) string {
	h := sha256.New()
	for _, d := range ds {
		fmt.Fprintf(h, "%s/%s/%s/%d/%s\n", d.Stream, d.Shard, d.SequenceNumber, d.SubSequenceNumber, d.Event.ID)
	}
	return s3Partition(ds[0]) + s3Time(ds[0]).Format("20060102T150405Z") + "-" + hex.EncodeToString(h.Sum(nil)[:12]) + ".ndjson"
}

// s3Body is the events one a line. The compressor may be nil.
func s3Body(ds []*consumer.Delivery, c *compressor) ([]byte, error) {
	var lines []byte
	var err error
	for _, d := range ds {
		if lines, err = appendCompact(lines, d.Event.Raw); err != nil {
			return nil, fmt.Errorf("compact event: %w", err)
		}
		lines = append(lines, '\n')
	}
	if c == nil {
		return lines, nil
	}
	var buf bytes.Buffer
	if err := c.compress(&buf, bytes.NewReader(lines)); err != nil {
		return nil, err
	}
	return buf.Bytes(), nil
}
