package handlers

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"korestream/consumer"
	"korestream/event"
	"korestream/handlers/simstate"
)

// postgresRow is an event on its way into the table.
type postgresRow struct {
	d  *consumer.Delivery
	id string
	// at is when it happened: the envelope's time or, where that has none, the
	// one of its data.
	at time.Time
	// sim is the key of the state, empty when the event says nothing to one.
	sim string
	// stateError is why it does not, though it should.
	stateError string
	// asBytes keeps the payload out of jsonb.
	asBytes bool
}

func newPostgresRow(d *consumer.Delivery) *postgresRow {
	r := &postgresRow{d: d, id: postgresID(d)}
	var alone simstate.State
	says, err := alone.Apply(d.Event)
	if err != nil {
		r.stateError = postgresText(err.Error())
	}
	if r.at = d.Event.Time; r.at.IsZero() {
		r.at = alone.Last.By.At
	}
	if says {
		r.sim = storeKey(d.Event.SIM())
	}
	return r
}

// args are in the order of the columns of the insert.
func (r *postgresRow) args() []any {
	var payload, raw any = string(r.d.Event.Raw), nil
	if r.asBytes {
		payload, raw = nil, r.d.Event.Raw
	}
	return []any{
		r.id, postgresText(r.d.Event.Type), orNull(storeKey(r.d.Event.SIM())), whenNull(r.at), r.d.ArrivedAt,
		r.d.Stream, r.d.Shard, r.d.SequenceNumber, r.d.SubSequenceNumber, payload, raw, orNull(r.stateError),
	}
}

// postgresID is the event's identity. A test event that shares its id with
// others goes by where it came from: a record that is read again gives the same.
func postgresID(d *consumer.Delivery) string {
	if id := d.Event.DedupeID(); id != "" {
		return storeKey(id)
	}
	sum := sha256.Sum256(d.Event.Raw)
	return storeKey(fmt.Sprintf("%s/%s/%s/%s/%d/%x", d.Event.ID, d.Stream, d.Shard, d.SequenceNumber, d.SubSequenceNumber, sum[:8]))
}

// maxStoreKey is well below what fits an index entry, a third of a page. See
// https://www.postgresql.org/docs/current/btree.html.
const maxStoreKey = 512

// storeKey is s, or a hash of it where s cannot be a key. To replace what
// cannot be stored might make two keys one.
func storeKey(s string) string {
	if len(s) <= maxStoreKey && !strings.Contains(s, "\x00") {
		return s
	}
	sum := sha256.Sum256([]byte(s))
	return "sha256:" + hex.EncodeToString(sum[:])
}

// postgresText is s without what text cannot hold.
func postgresText(s string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "\uFFFD")
}

func orNull(s string) any {
	if s == "" {
		return nil
	}
	return s
}

func whenNull(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t
}

// simArgs are in the order of the columns of the update.
func simArgs(sim string, s *simstate.State, state string) []any {
	args := []any{sim, state, orNull(s.ICCID.Value), nil, nil, nil, nil, nil, orNull(s.RAT.Value)}
	if s.Attached.IsKnown() {
		args[3] = s.Attached.Value
	}
	if n := s.Network; n.IsKnown() {
		args[4], args[5], args[6], args[7] = n.Value.MCC, n.Value.MNC, n.Value.Name, n.Value.Country
	}
	if c := s.Session(); c != nil {
		u := c.Usage()
		args = append(args, c.SID, whenNull(c.Start), u.Download, u.Upload, u.Total)
	} else {
		args = append(args, nil, nil, nil, nil, nil)
	}
	if e := s.Error; e.IsKnown() {
		args = append(args, postgresCode(e.Value.Code), e.Value.Message, whenNull(e.By.At))
	} else {
		args = append(args, nil, nil, nil)
	}
	return append(args, s.FlapsPerHour(s.Last.By.At), s.Last.By.ID, s.Last.Value, whenNull(s.Last.By.At))
}

// postgresCode is null for a code that is none and too large for the column.
func postgresCode(c event.ErrorCode) any {
	if int64(c) != int64(int32(c)) {
		return nil
	}
	return int32(c)
}
