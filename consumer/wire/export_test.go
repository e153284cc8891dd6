package wire

// Checked tells the tests from outside whether checks of lifetime are on.
const Checked = checked
