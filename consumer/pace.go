package consumer

import "time"

const (
	// quickPiece is how long a piece takes at most where handlers are quick. What
	// takes longer is worth a lane, which costs about a microsecond.
	quickPiece = 20 * time.Microsecond
	// slowPiece is the most that a piece counts for, so that one long wait is not
	// remembered for longer than a few hundred pieces.
	slowPiece = time.Millisecond
	// paceWeight is how many pieces the mean is of, more or less.
	paceWeight = 64
)

// pace says how quick a shard's handlers are of late. It is for one goroutine at a
// time.
type pace struct{ mean time.Duration }

// newPace returns the pace of handlers of which nothing is known: they count as
// slow.
func newPace() pace { return pace{slowPiece} }

// took takes note of n pieces that took so long together.
func (p *pace) took(d time.Duration, n int) {
	each := min(d/time.Duration(n), slowPiece)
	p.mean += (each - p.mean) * time.Duration(min(n, paceWeight)) / paceWeight
}

// slow forgets that they were quick.
func (p *pace) slow() { p.mean = slowPiece }

func (p *pace) quick() bool { return p.mean <= quickPiece }
