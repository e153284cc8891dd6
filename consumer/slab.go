package consumer

// slabSize is how many values one allocation holds. Whoever keeps one of them
// keeps them all, so it is small. So many pieces are 6.7 KB, of which the runtime
// has six in a span; with two more each allocation would have a span to itself,
// which costs ten times as much (a test holds them to the size class of
// internal/runtime/gc/sizeclasses.go).
const slabSize = 26

// slab hands out zero values, many of one allocation. Nothing is used twice: the
// garbage collector takes a slab when none of its values is reachable. It is for
// one goroutine.
type slab[T any] struct{ left []T }

func (s *slab[T]) take() *T {
	if len(s.left) == 0 {
		s.left = make([]T, slabSize)
	}
	v := &s.left[0]
	s.left = s.left[1:]
	return v
}
