package embedded

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"

	"github.com/deployer-io/deployer/functions/notify"
	"github.com/deployer-io/deployer/shared/report"
)

// outbox is a file in the place of the installation's topics: a line for each notice. Whom a stack's bundle names is not
// told here: a run on this machine is nobody's news.
type outbox struct{ path string }

// line is a notice and the topic that it was put on.
type line struct {
	Topic string `json:"topic"`
	report.Notice
}

// Publish implements notify.Topics. A line is written at once, so that those of several processes do not mingle.
func (o outbox) Publish(_ context.Context, topic string, n report.Notice) error {
	data, err := json.Marshal(line{topic, n})
	if err != nil {
		return err
	}
	file, err := os.OpenFile(o.path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = file.Write(append(data, '\n'))
	return errors.Join(err, file.Close())
}

// teller puts news into the outbox.
func (e *Environment) teller() *notify.Teller {
	names := map[string]string{}
	for _, name := range notify.TopicNames() {
		names[name] = name
	}
	return &notify.Teller{Topics: outbox{filepath.Join(e.options.Dir, "logs", "notices.jsonl")}, ARNs: names, Now: e.options.Now}
}
