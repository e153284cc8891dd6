package event

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
)

// Connection is the data of a Super SIM connection event, schema
// SuperSim.ConnectionEvent. One schema serves all of them, so which fields are
// there depends on the event's suffix.
//
// An empty string, a zero time and a nil pointer mean that the member was
// absent or null; KORE does not distinguish the two.
type Connection struct {
	// EventSID is a copy of the envelope's id, EventType one of its type.
	EventSID  string `json:"event_sid"`
	EventType string `json:"event_type"`
	// AccountSID begins with AC or CO.
	AccountSID    string `json:"account_sid"`
	SIMSID        string `json:"sim_sid"`
	FleetSID      string `json:"fleet_sid"`
	SIMICCID      string `json:"sim_iccid"`
	SIMUniqueName string `json:"sim_unique_name"`
	// Timestamp is when it happened. KORE does not promise that it equals the
	// envelope's time.
	Timestamp time.Time `json:"timestamp"`
	Network   *Network  `json:"network"`
	// Location and IMEI come only from networks that tell.
	Location *Location `json:"location"`
	IMSI     string    `json:"imsi"`
	IMEI     string    `json:"imei"`
	APN      string    `json:"apn"`
	// RATType is free text, "4G LTE" for instance.
	RATType   string `json:"rat_type"`
	IPAddress string `json:"ip_address"`

	// DataSessionSID and what follows come with data-session events only.
	DataSessionSID             string    `json:"data_session_sid"`
	DataSessionStartTime       time.Time `json:"data_session_start_time"`
	DataSessionEndTime         time.Time `json:"data_session_end_time"`
	DataSessionUpdateStartTime time.Time `json:"data_session_update_start_time"`
	DataSessionUpdateEndTime   time.Time `json:"data_session_update_end_time"`
	// DataDownload, DataUpload and DataTotal are the bytes between
	// DataSessionUpdateStartTime and DataSessionUpdateEndTime. To add them up
	// counts a duplicate twice.
	DataDownload *int64 `json:"data_download"`
	DataUpload   *int64 `json:"data_upload"`
	DataTotal    *int64 `json:"data_total"`
	// DataSessionDataDownload, DataSessionDataUpload and DataSessionDataTotal are
	// the bytes since the session began. Schema version 1 does not have them.
	DataSessionDataDownload *int64 `json:"data_session_data_download"`
	DataSessionDataUpload   *int64 `json:"data_session_data_upload"`
	DataSessionDataTotal    *int64 `json:"data_session_data_total"`
	// DataModifier says that data is blocked, by a limit for instance. Its
	// values are unpublished.
	DataModifier string `json:"data_modifier"`
	// Error says why an attachment or a session was rejected or failed.
	Error *ConnectionError `json:"error"`

	// SchemaVersion is the version at the end of the envelope's dataschema, 0
	// where it says none.
	SchemaVersion int `json:"-"`
}

// Network is the mobile network that a SIM was on.
type Network struct {
	MCC        string `json:"mcc"`
	MNC        string `json:"mnc"`
	SID        string `json:"sid"`
	ISOCountry string `json:"iso_country"`
	// FriendlyName may hold anything: AT&T, Telefônica.
	FriendlyName string `json:"friendly_name"`
}

// Location is where the SIM's cell is. Its coordinates are nil when unknown.
type Location struct {
	CellID string   `json:"cell_id"`
	LAC    string   `json:"lac"`
	Lat    *float64 `json:"lat"`
	Lon    *float64 `json:"lon"`
}

// ConnectionError is why something was rejected or failed.
type ConnectionError struct {
	Code ErrorCode `json:"code"`
	// Message may hold text of the network's own protocols.
	Message string `json:"message"`
}

// ErrNotConnection is what [Event.Connection] wraps for an event that is no
// Super SIM connection event. Handlers that get every type pass over it.
var ErrNotConnection = errors.New("not a Super SIM connection event")

// Connection returns the typed data of a Super SIM connection event of any
// suffix. Members that are null count as absent, unknown ones are ignored, a
// time that cannot be read is zero. A scalar of another kind is converted where
// that loses nothing (a number for an ICCID, digits in quotes for a byte
// count); any other mismatch is an error that names the member.
func (e *Event) Connection() (*Connection, error) {
	if e.Suffix() == "" {
		return nil, fmt.Errorf("read %s as a connection event: %w", e.Type, ErrNotConnection)
	}
	if len(e.Data) == 0 {
		return nil, errors.New("read connection event: it has no data")
	}
	c := &Connection{SchemaVersion: schemaVersion(e.DataSchema)}
	if err := json.Unmarshal(e.Data, c, lenient); err != nil {
		return nil, fmt.Errorf("read connection event: %w", err)
	}
	return c, nil
}

// schemaVersion returns the number at the end of a schema's address, which the
// legacy producer may follow with ".json".
func schemaVersion(dataschema string) int {
	last := strings.TrimSuffix(dataschema[strings.LastIndexByte(dataschema, '/')+1:], ".json")
	version, err := strconv.ParseUint(last, 10, 31)
	if err != nil {
		return 0
	}
	return int(version)
}
