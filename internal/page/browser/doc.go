// Package browser holds the tests of the status page in a real browser. It is a
// module of its own, so that what drives the browser is not what korestream needs.
// They want Chromium (Debian's package chromium, or $CHROMIUM) and say so where it
// is missing; SCREENSHOTS=folder keeps the pictures.
package browser
