package wire

// Checked tells the tests from outside whether checks of lifetime are on.
const Checked = checked

// Decode decodes an answer of GetRecords in AWS JSON that is in memory.
func Decode(body []byte, page *Page, pool *Pool) bool { return decode(getRecords, body, page, pool) }
