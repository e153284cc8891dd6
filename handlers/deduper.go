package handlers

import "context"

// Deduper recognises events that were handled before.
type Deduper interface {
	// Claim says whether to handle the event of that id. A claim obliges the
	// caller to call one of its methods, once. A nil claim without an error
	// means that the event was handled before. While someone else holds the
	// claim, Claim waits: if that one is done the event was handled before, if
	// it is released the caller may get the claim. When ctx ends first the
	// error has its cause. After any other error the caller tries again.
	//
	// Who holds a claim waits for no other, so that waiting cannot go round in
	// a circle.
	Claim(ctx context.Context, id string) (Claim, error)
}

// Claim is the right, and the duty, to handle one event.
type Claim interface {
	// Done says that the event is handled or durably buried. It may be called
	// when ctx has ended. An implementation that cannot record it logs that: a
	// repeat of the event will then be handled again, which handlers tolerate.
	Done(ctx context.Context)
	// Release says that the event was given up on without being done, and lets
	// the next delivery of it be handled. It may be called when ctx has ended.
	Release(ctx context.Context)
}
