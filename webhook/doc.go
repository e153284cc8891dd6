// Package webhook receives KORE's webhooks and puts their events on the stream.
package webhook
