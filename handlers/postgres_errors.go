package handlers

import (
	"context"
	"errors"
	"io"
	"net"
	"slices"

	"github.com/jackc/pgx/v5/pgconn"
)

// awayClasses are the classes of SQLSTATE that say something of the database
// and nothing of the event. See https://www.postgresql.org/docs/current/errcodes-appendix.html.
var awayClasses = []string{
	"08", // the connection
	"28", // who we are: a password that was changed here and not there yet
	"3D", // no such database
	"3F", // no such schema
	"40", // the transaction met another one, and may do better
	"42", // no such table or column, or no right to it
	"53", // no memory, disk or connections
	"57", // an operator, or a statement_timeout
	"58", // the machine below
}

// awayCodes are likewise single codes.
var awayCodes = []string{
	"25006", // read-only: it is a standby now, or its disk is full
	"55P03", // a lock that was not to be had in lock_timeout
}

// classifyPostgres marks an error of the database, unless that is marked. What
// no code tells is a plain error.
func classifyPostgres(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	if classOf(err).err != nil {
		return err
	}
	if ctx.Err() != nil {
		// The database did not answer in time, or we are to stop.
		return Unavailable(errors.Join(context.Cause(ctx), err))
	}
	if pg := new(pgconn.PgError); errors.As(err, &pg) {
		class := pg.Code[:min(2, len(pg.Code))]
		switch {
		case slices.Contains(awayClasses, class) || slices.Contains(awayCodes, pg.Code):
			return Unavailable(err)
		case class == "22" || class == "23" || class == "54": // data, constraint, limit
			return Permanent(err)
		}
		return err
	}
	var connect *pgconn.ConnectError
	var network net.Error
	if errors.As(err, &connect) || errors.As(err, &network) || pgconn.SafeToRetry(err) ||
		errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed) {
		return Unavailable(err)
	}
	return err
}

// refusesPayload tells whether the error is one that a payload may cause which
// is valid JSON and beyond jsonb: a NUL, a number too large, too deep a nesting.
func refusesPayload(err error) bool {
	pg := new(pgconn.PgError)
	return errors.As(err, &pg) && len(pg.Code) == 5 && (pg.Code[:2] == "22" || pg.Code[:2] == "54")
}
