package main

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"time"
)

// newRunID returns an id that begins with the time, to the millisecond, so that ids sort by age, and that no other run has.
func newRunID(now time.Time) string {
	var random [3]byte
	_, _ = rand.Read(random[:]) // never fails, says its documentation
	return fmt.Sprintf("%s-%03x%s", now.UTC().Format("20060102-150405"), now.Nanosecond()/int(time.Millisecond), hex.EncodeToString(random[:]))
}
