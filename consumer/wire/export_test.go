package wire

// Checked tells the tests from outside whether checks of lifetime are on.
const Checked = checked

// Decode decodes an answer of GetRecords in AWS JSON that is in memory.
func Decode(body []byte, page *Page, pool *Pool) bool { return decode(getRecords, body, page, pool) }

// Compares decodes an answer of one record, and tells whether it was compared with
// what page learnt before rather than read.
func Compares(body []byte, page *Page, pool *Pool) bool {
	const nowhere = -1
	page.shape.from = nowhere
	return Decode(body, page, pool) && page.shape.from == nowhere
}
