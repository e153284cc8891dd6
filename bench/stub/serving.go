package stub

import "korestream/bench/tally"

// Serving is what a stub's process says of itself when it is up.
type Serving struct {
	URL string `json:"url"`
	// Tally is what there is to be handled.
	tally.Tally
}
