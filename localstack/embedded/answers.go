package embedded

import (
	"context"
	"errors"

	"github.com/deployer-io/deployer/functions/decide"
	"github.com/deployer-io/deployer/localstack/asl"
)

// answers gives the tasks that wait in this process their result. A run that waits elsewhere is resumed there or here, and
// asks its question again: the decision is in its archive.
type answers struct{ engine *asl.Engine }

var _ decide.Answers = answers{}

// Succeed implements decide.Answers.
func (a answers) Succeed(_ context.Context, token string, output []byte) (bool, error) {
	return told(a.engine.SendTaskSuccess(token, output))
}

// Fail implements decide.Answers.
func (a answers) Fail(_ context.Context, token, name, cause string) (bool, error) {
	return told(a.engine.SendTaskFailure(token, name, cause))
}

func told(err error) (waiting bool, _ error) {
	if errors.Is(err, asl.ErrTaskUnknown) {
		return false, nil
	}
	return err == nil, err
}
