//go:build !race

package wire

// checked is false in what runs in production: there the checks of lifetime cost
// no more than counting does.
const checked = false
