package event

import "strconv"

// ErrorCode is the number of a [ConnectionError]; 0 when absent.
type ErrorCode int

// The error codes of connection events; each has a page such as
// https://docs.korewireless.com/errors/83700.
const (
	// CodeAttachmentFailed: an attachment failed for an internal reason.
	CodeAttachmentFailed ErrorCode = 83700
	// CodeDataSessionFailed: a data session was not established, for an internal reason.
	CodeDataSessionFailed ErrorCode = 83701
	// CodeRejectedNetwork: the SIM may not use this network.
	CodeRejectedNetwork ErrorCode = 83702
	// CodeRejectedRate: the SIM tries to attach too often.
	CodeRejectedRate ErrorCode = 83703
	// CodeRejectedNew: the SIM is in state New.
	CodeRejectedNew ErrorCode = 83704
	// CodeRejectedInactive: the SIM is in state Inactive.
	CodeRejectedInactive ErrorCode = 83705
)

var errorCodeNames = map[ErrorCode]string{
	CodeAttachmentFailed:  "attachment failed, internal error",
	CodeDataSessionFailed: "data session establishment failed, internal error",
	CodeRejectedNetwork:   "attachment rejected, network not allowed",
	CodeRejectedRate:      "attachment rejected, rate limiting",
	CodeRejectedNew:       "attachment rejected, SIM is new",
	CodeRejectedInactive:  "attachment rejected, SIM is inactive",
}

// String names the code, or gives the number of one that is not known here.
func (c ErrorCode) String() string {
	if name, ok := errorCodeNames[c]; ok {
		return name
	}
	return strconv.Itoa(int(c))
}
