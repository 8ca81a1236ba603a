package installation

import (
	"errors"
	"fmt"
	"slices"

	"github.com/aws/smithy-go"

	"github.com/deployer-io/deployer/shared/run"
)

// NoCredentials is the error of credentials that are missing, expired or refused.
type NoCredentials struct{ Err error }

func (e *NoCredentials) Error() string {
	return "AWS credentials: " + e.Err.Error() + "; sign in ('aws sso login'), choose another profile (AWS_PROFILE), or set AWS_ACCESS_KEY_ID and its companions"
}

func (e *NoCredentials) Unwrap() error { return e.Err }

// NotAllowed is the error of credentials that do not suffice.
type NotAllowed struct{ Err error }

func (e *NotAllowed) Error() string {
	return e.Err.Error() + "; the installation has managed policies for people: DeployerRead, DeployerStart, DeployerApprove and DeployerOperate, each followed by its name"
}

func (e *NotAllowed) Unwrap() error { return e.Err }

// NoInstallation is the error of a name that nothing in the account and region bears.
type NoInstallation struct{ Name, Region, Caller string }

func (e *NoInstallation) Error() string {
	return fmt.Sprintf("there is no installation %q in %s for %s: look at --installation, --region and AWS_PROFILE", e.Name, e.Region, e.Caller)
}

// NamesMissing is the error of an installation of which too little was said.
type NamesMissing struct{ What, How string }

func (e *NamesMissing) Error() string {
	return fmt.Sprintf("the aws backend needs %s: say it with %s", e.What, e.How)
}

// Refused is the error of an answer or a call that the installation does not take, by its name there.
type Refused struct{ run.Failure }

func (e *Refused) Error() string { return e.Failure.Error + ": " + e.Cause }

// The codes by which services say that they do not know the caller, and that the caller may not.
var (
	unknownCaller = []string{"ExpiredToken", "ExpiredTokenException", "InvalidAccessKeyId", "SignatureDoesNotMatch", "InvalidSignatureException",
		"UnrecognizedClientException", "InvalidClientTokenId", "InvalidToken", "AuthFailure", "RequestExpired", "TokenRefreshRequired",
		"MissingAuthenticationToken", "MissingAuthenticationTokenException"}
	notAllowed = []string{"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "AuthorizationError", "KMS.AccessDeniedException"}
)

// Explain returns *NoCredentials or *NotAllowed for an AWS error that says so, and else the error itself.
func Explain(err error) error {
	var said smithy.APIError
	switch {
	case !errors.As(err, &said):
		return err
	case slices.Contains(unknownCaller, said.ErrorCode()):
		return &NoCredentials{Err: err}
	case slices.Contains(notAllowed, said.ErrorCode()):
		return &NotAllowed{Err: err}
	}
	return err
}
