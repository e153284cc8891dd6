// Package app wires korestream together: from a configuration to a running
// daemon and its teardown, in a named order. It holds what the subcommands do;
// the commands themselves only parse.
//
//	Daemon    what `run` runs                              daemon.go, admin.go, metrics.go
//	Receiver  what `webhook` runs                          webhook.go, metrics_webhook.go
//	Doctor    the start-up check as a report               doctor.go
//	Dev       the daemon on an endpoint and a fleet of its own, accounted for  dev*.go
//	Emulate   the endpoint alone                           emulate.go
package app
