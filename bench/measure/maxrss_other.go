//go:build !darwin

package measure

// maxrssUnit is what the operating system counts peak memory in.
const maxrssUnit = 1024
