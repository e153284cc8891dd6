package handlers

import "context"

// Layered returns a deduper that asks front first and back only for what front
// does not know. An event is claimed in both and settled in both.
func Layered(front, back Deduper) Deduper { return layered{front, back} }

type layered struct{ front, back Deduper }

// Claim implements [Deduper].
func (l layered) Claim(ctx context.Context, id string) (Claim, error) {
	near, err := l.front.Claim(ctx, id)
	if err != nil || near == nil {
		return nil, err
	}
	far, err := l.back.Claim(ctx, id)
	switch {
	case err != nil:
		near.Release(ctx)
		return nil, err
	case far == nil:
		near.Done(ctx)
		return nil, nil
	}
	return layeredClaim{near, far}, nil
}

type layeredClaim struct{ near, far Claim }

// Done settles the far one first: who waits for the near one asks nobody else.
func (c layeredClaim) Done(ctx context.Context) {
	c.far.Done(ctx)
	c.near.Done(ctx)
}

// Release gives both up.
func (c layeredClaim) Release(ctx context.Context) {
	c.far.Release(ctx)
	c.near.Release(ctx)
}
