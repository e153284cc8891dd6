package app

import (
	"errors"

	"korestream/checkpoint"
	"korestream/consumer"
	"korestream/webhook"
)

// The exit codes of every command. 78 is EX_CONFIG of sysexits.h.
const (
	ExitOK           = 0
	ExitFailure      = 1
	ExitUsage        = 2
	ExitStartup      = 3
	ExitDrainTimeout = 4
	ExitConfig       = 78
)

// ExitError is an error with the exit code that it asks for.
type ExitError struct {
	Code int
	Err  error
}

func (e *ExitError) Error() string { return e.Err.Error() }

func (e *ExitError) Unwrap() error { return e.Err }

// ExitCode returns the exit code for what a command returned.
func ExitCode(err error) int {
	var exit *ExitError
	switch {
	case err == nil:
		return ExitOK
	case errors.As(err, &exit):
		return exit.Code
	case errors.Is(err, consumer.ErrDrainTimedOut), errors.Is(err, webhook.ErrDrainTimedOut):
		return ExitDrainTimeout
	case errors.Is(err, checkpoint.ErrOtherStream):
		return ExitStartup
	}
	return ExitFailure
}

func startupFailed(err error) error { return &ExitError{ExitStartup, err} }
