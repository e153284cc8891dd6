package consumer

import (
	"go.uber.org/zap"

	"korestream/consumer/wire"
)

// Protocol says what GetRecords is asked in.
type Protocol string

// The protocols that Kinesis answers GetRecords in.
const (
	// JSON is AWS JSON 1.1, which every endpoint speaks.
	JSON Protocol = "json"
	// CBOR is AWS CBOR 1.1, which AWS's SDK for Java asks in. Its answers are
	// a fifth smaller and cost less to read. An endpoint that does not answer in it
	// is asked in JSON from then on.
	CBOR Protocol = "cbor"
)

// Protocols lists the protocols.
func Protocols() []Protocol { return []Protocol{JSON, CBOR} }

// newCBOR returns what asks in CBOR and finds out whether the endpoint does; nil
// where the protocol is JSON.
func newCBOR(p Protocol, log *zap.Logger) *wire.CBOR {
	if p != CBOR {
		return nil
	}
	return wire.NewCBOR(func(why error) {
		if why != nil {
			log.Warn("reading in JSON from here on: the endpoint does not speak CBOR", zap.NamedError(KeyReason, why))
			return
		}
		log.Info("reading in CBOR")
	})
}
