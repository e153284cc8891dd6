package handlers

import (
	"go.uber.org/zap"

	"korestream/consumer"
)

// The keys of log fields that only handlers write; the others are in package
// consumer.
const (
	keyDelay   = "delay"
	keyStack   = "stack"
	keyFinding = "finding"
	keyPath    = "path"
	keyGot     = "got"
	keyWant    = "want"
	keySetting = "setting"
)

// eventFields say which event a line is about, without anything that
// identifies a SIM's owner: no payload, ICCID, IMSI or IMEI.
func eventFields(d *consumer.Delivery) []zap.Field {
	fields := make([]zap.Field, 0, 10)
	fields = append(
		fields,
		zap.String(consumer.KeyEventID, d.Event.ID),
		zap.String(consumer.KeyEventType, d.Event.Type),
		zap.String(consumer.KeyShard, d.Shard),
		zap.String(consumer.KeySequenceNumber, d.SequenceNumber),
	)
	if sid := simSID(d.Event.SIM()); sid != "" {
		fields = append(fields, zap.String(consumer.KeySIM, sid))
	}
	return fields
}

// simSID returns sim when it is a SID. Where an event has none, the event's
// SIM is an ICCID, which must not be logged: SIDs begin with a letter, ICCIDs
// with a digit.
func simSID(sim string) string {
	if sim == "" || (sim[0]|0x20) < 'a' || (sim[0]|0x20) > 'z' {
		return ""
	}
	return sim
}
