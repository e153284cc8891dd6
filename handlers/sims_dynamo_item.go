package handlers

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"korestream/handlers/simstate"
)

// The attributes of a SIM's item that the handler goes by. The others are there
// for people and their queries.
const (
	simKey     = "sim"       // S, the hash key: the sid or, where there is none, the ICCID
	simVersion = "version"   // N, raised by each write
	simState   = "state"     // B, the state's JSON, gzipped
	simICCID   = "iccid"     // S
	simExpiry  = "expiresAt" // N, Unix seconds: DynamoDB's time to live
)

// maxSIMItem bounds an item, well below what DynamoDB takes, which is 400 KB. The
// largest state stays below it, so that no SIM grows until it cannot be written. See
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html.
const maxSIMItem = 350_000

// simItem is a SIM's item as it was read.
type simItem struct {
	state *simstate.State
	// version is 0 if there was none.
	version int64
}

type dynamoItem = map[string]types.AttributeValue

// errNoSIMItem says that an item is none that a [DynamoSIMs] wrote.
var errNoSIMItem = errors.New("the item has no version or no state: it is not this handler's")

func decodeSIM(item dynamoItem) (*simItem, error) {
	if len(item) == 0 {
		return &simItem{state: new(simstate.State)}, nil
	}
	version, _ := item[simVersion].(*types.AttributeValueMemberN)
	zipped, _ := item[simState].(*types.AttributeValueMemberB)
	if version == nil || zipped == nil {
		return nil, errNoSIMItem
	}
	n, err := strconv.ParseInt(version.Value, 10, 64)
	if err != nil || n < 1 {
		return nil, errNoSIMItem
	}
	s := new(simstate.State)
	r, err := gzip.NewReader(bytes.NewReader(zipped.Value))
	if err == nil {
		err = json.NewDecoder(r).Decode(s)
	}
	if err != nil {
		return nil, fmt.Errorf("decode state: %w", err)
	}
	return &simItem{s, n}, nil
}

// encode returns the item that follows the one that was read.
func (i *simItem) encode(key string, ttl time.Duration) (dynamoItem, error) {
	var zipped bytes.Buffer
	w := gzip.NewWriter(&zipped)
	if err := errors.Join(json.NewEncoder(w).Encode(i.state), w.Close()); err != nil {
		return nil, fmt.Errorf("encode state: %w", err)
	}
	if zipped.Len() > maxSIMItem {
		return nil, Permanent(fmt.Errorf("state has %d bytes, more than the %d of an item", zipped.Len(), maxSIMItem))
	}
	item := simColumns(i.state)
	item[simKey], item[simVersion] = text(key), number(i.version+1)
	item[simState] = &types.AttributeValueMemberB{Value: zipped.Bytes()}
	if ttl > 0 {
		item[simExpiry] = number(time.Now().Add(ttl).Unix())
	}
	return item, nil
}

// simColumns are what else an item tells. What is not known is left out.
func simColumns(s *simstate.State) dynamoItem {
	item := dynamoItem{}
	put := func(name, value string) {
		if value != "" {
			item[name] = text(value)
		}
	}
	put(simICCID, s.ICCID.Value)
	put("rat", s.RAT.Value)
	put("lastEvent", s.Last.Value)
	if at := s.Last.By.At; !at.IsZero() {
		put("lastEventAt", at.Format(time.RFC3339))
	}
	if s.Attached.IsKnown() {
		item["attached"] = &types.AttributeValueMemberBOOL{Value: s.Attached.Value}
	}
	n := s.Network.Value
	put("mcc", n.MCC)
	put("mnc", n.MNC)
	put("network", n.Name)
	put("country", n.Country)
	if c := s.Session(); c != nil {
		put("session", c.SID)
		item["sessionBytes"] = number(c.Usage().Total)
	}
	if s.Error.IsKnown() {
		item["errorCode"] = number(int64(s.Error.Value.Code))
		put("errorMessage", s.Error.Value.Message)
	}
	item["flapsPerHour"] = number(int64(s.FlapsPerHour(s.Last.By.At)))
	return item
}
