package run

import (
	"strings"
	"unicode"
)

// MaxSaid is how much is kept of what a person gives as a name or a reason, in characters.
const MaxSaid = 1000

// Said is a name or a reason as records keep it: one line, without characters that cannot be seen, so that no record can be
// made to look like two, nor one person like another.
func Said(text string) string {
	visible := strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r), unicode.IsControl(r):
			return ' '
		case !unicode.IsPrint(r): // of no width, or turning the direction of writing
			return -1
		}
		return r
	}, text)
	kept := []rune(strings.Join(strings.Fields(visible), " "))
	if len(kept) > MaxSaid {
		kept = append(kept[:MaxSaid-1], '…')
	}
	return string(kept)
}
