package app

import (
	"context"
	"errors"
	"io/fs"
	"net"
	"regexp"
	"syscall"

	"github.com/aws/smithy-go"

	"korestream/handlers"
)

// errorCode is what AWS's error codes look like. They have no digits, so no number
// of a SIM is one.
var errorCode = regexp.MustCompile(`^[A-Z][A-Za-z.]{2,63}$`)

// classOf says in a few words of a fixed set what kind of error this is, empty if
// none of them fits. It never has words of the error but a code of AWS.
func classOf(err error) string {
	var api smithy.APIError
	if errors.As(err, &api) && errorCode.MatchString(api.ErrorCode()) {
		return api.ErrorCode()
	}
	for _, c := range []struct {
		is    error
		words string
	}{
		{context.DeadlineExceeded, "time-out"},
		{context.Canceled, "cut off"},
		{syscall.ECONNREFUSED, "connection refused"},
		{syscall.ENOSPC, "disk full"},
		{fs.ErrPermission, "no permission"},
		{fs.ErrNotExist, "not there"},
	} {
		if errors.Is(err, c.is) {
			return c.words
		}
	}
	var network net.Error
	switch {
	case errors.As(err, &network) && network.Timeout():
		return "time-out"
	case errors.As(err, &network):
		return "unreachable"
	case handlers.IsUnavailable(err):
		return "unavailable"
	case handlers.IsPermanent(err):
		return "refused for good"
	}
	return ""
}
