package handlers

import (
	"bytes"
	"fmt"
	"os"
)

// minShapeKey is the shortest key of a hash: what can be counted through, as
// ICCIDs can, is found by trying unless the key is beyond trying.
const minShapeKey = 16

// ReadShapeKey reads the key of a [Shape]'s hashes from a file, without the white
// space around it.
func ReadShapeKey(path string) ([]byte, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read key of the hashes: %w", err)
	}
	key := bytes.TrimSpace(text)
	return key, checkShapeKey(key)
}

func checkShapeKey(key []byte) error {
	if len(key) < minShapeKey {
		return fmt.Errorf("the key of the hashes has %d bytes; want %d or more", len(key), minShapeKey)
	}
	return nil
}
