package app

import (
	"context"
	"fmt"
	"slices"
)

// lost says which hop the event did not come to, and why, as far as the table,
// the owner and what explain knows of the shard tell. Problem is why the table
// could not be read, nil if it could.
func (f *follower) lost(ctx context.Context, problem error) {
	switch {
	case !f.reached(hopOwner):
		f.LostAt = hopOwner
	case !f.reached(hopDecoded):
		f.LostAt = hopDecoded
	case !f.reached(hopHandled):
		f.LostAt = hopHandled
	default:
		f.LostAt = hopCheckpointed
	}
	if problem != nil {
		f.why("lease table", "it cannot be read: %v", problem)
		return
	}
	if t := f.trace; t != nil && t.Problem != "" && f.LostAt == hopHandled {
		f.why("handler", "%s has failed %d times and is tried again: %s", orText(t.Handler, "none"), t.Failures, t.Problem)
		return
	}
	if f.LostAt == hopCheckpointed && len(f.held) > 0 {
		for _, h := range f.held {
			f.why(h.Reason, "%s", h.Detail)
		}
		return
	}
	f.explain(ctx)
	if f.LostAt == hopOwner && f.silent != nil && !f.ownerless() {
		f.LostAt = hopDecoded
	}
}

// ownerless tells whether the explanation is that nobody alive has the shard.
func (f *follower) ownerless() bool {
	return slices.ContainsFunc(f.Why, func(b because) bool {
		return slices.Contains([]string{"owner dead", "owner gone", "no worker", "free", "heir", "parent"}, b.Reason)
	})
}

// explain adds what `explain` says of the shard.
func (f *follower) explain(ctx context.Context) {
	s, err := newSurvey(ctx, f.cfg)
	if err != nil {
		f.why("not known", "%v", err)
		return
	}
	e, err := s.explain(ctx, f.Shard)
	if err != nil {
		f.why("not known", "%v", err)
		return
	}
	f.Why = append(f.Why, e.Reasons...)
}

func (f *follower) why(reason, format string, args ...any) {
	f.Why = append(f.Why, because{Reason: reason, Detail: fmt.Sprintf(format, args...)})
}
