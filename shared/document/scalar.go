package document

import (
	"errors"
	"strconv"
	"strings"
)

var errLeadingZero = errors.New("a number that begins with 0 is read differently by different programs")

// parseInt reads an integer as YAML 1.2 writes them: decimal, 0x, 0o and 0b, with '_' between digits. What YAML 1.1 took
// for octal (0644) is refused.
func parseInt(text string) (int64, error) {
	digits, err := integerDigits(text)
	if err != nil {
		return 0, err
	}
	return strconv.ParseInt(digits, 0, 64)
}

func parseUint(text string) (uint64, error) {
	digits, err := integerDigits(text)
	if err != nil {
		return 0, err
	}
	return strconv.ParseUint(strings.TrimPrefix(digits, "+"), 0, 64)
}

func integerDigits(text string) (string, error) {
	digits := text
	if strings.Contains(text, "_") {
		digits = strings.ReplaceAll(text, "_", "")
	}
	unsigned := strings.TrimLeft(digits, "+-")
	if len(unsigned) > 1 && unsigned[0] == '0' && unsigned[1] >= '0' && unsigned[1] <= '9' {
		return "", errLeadingZero
	}
	return digits, nil
}

// parseFloat reads a number; an integer is one too.
func parseFloat(text string) (float64, error) {
	if strings.ContainsAny(text, "xob") {
		if i, err := parseInt(text); err == nil {
			return float64(i), nil
		}
	}
	return strconv.ParseFloat(strings.ReplaceAll(text, "_", ""), 64)
}
