package embedded

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/deployer-io/deployer/shared/run"
)

// Log calls line for each line that the executor logged of a run, in order.
func (e *Environment) Log(_ context.Context, ref run.Ref, line func(at time.Time, from, text string)) error {
	file, err := os.Open(filepath.Join(e.options.Dir, "logs", "executor.log"))
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer file.Close()
	const longest = 4 << 20
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, longest)
	for lines.Scan() {
		var fields map[string]any
		if json.Unmarshal(lines.Bytes(), &fields) != nil || fields["run"] != ref.ID {
			continue // of another run, or half a line of a process that was killed
		}
		written, _ := fields["time"].(string)
		at, err := time.Parse(time.RFC3339Nano, written)
		if err != nil {
			continue
		}
		from, _ := fields["component"].(string)
		if from == "" {
			from = "executor"
		}
		line(at, from, textOf(fields))
	}
	return lines.Err()
}

// textOf is a log line for people: the message, then the fields that the line's place does not say.
func textOf(fields map[string]any) string {
	var b strings.Builder
	fmt.Fprint(&b, fields["msg"])
	for _, key := range slices.Sorted(maps.Keys(fields)) {
		switch key {
		case "time", "msg", "run", "scope", "component", "level":
		default:
			fmt.Fprintf(&b, " %s=%v", key, fields[key])
		}
	}
	return b.String()
}
