package engine

import (
	"context"
	"fmt"
	"regexp"
	"strings"

	"github.com/deployer-io/deployer/shared/provision/engine/plugin"
)

// Class says what kind of failure stopped an operation, and with it what helps.
type Class string

// The classes.
const (
	Canceled    Class = "canceled"    // the run was stopped
	Throttling  Class = "throttling"  // too many calls: the same again, later
	Credentials Class = "credentials" // no, expired or insufficient credentials
	Conflict    Class = "conflict"    // something of that name exists, is in use or is being changed
	Capacity    Class = "capacity"    // a quota is reached, or the zone has none left
	Invalid     Class = "invalid"     // the service refuses what was asked for
	Protected   Class = "protected"   // a guard against deletion or replacement held
	Network     Class = "network"     // the service could not be reached
	Program     Class = "program"     // the translation itself failed
	// A provider plugin ended while it was at work; the next call starts another. What it was doing may have been done: a
	// creation is left pending, as when the CLI is killed.
	PluginLost     Class = "plugin-lost"
	PluginUnusable Class = "plugin-unusable" // a provider plugin is missing or does not start
	Unknown        Class = "unknown"
)

// Retryable reports whether doing the same again can help without anybody's doing.
func (c Class) Retryable() bool { return c == Throttling || c == Network || c == PluginLost }

// Failure is the error of an operation that Pulumi did not carry out to its end.
type Failure struct {
	Class    Class
	Resource string // logical name of the resource that failed first, if one did
	Type     string // its type token
	Message  string // the provider's words, without secrets
	More     int    // how many further resources failed
	Killed   bool   // the CLI was ended by force: it did not end when it was interrupted, or its plugin was lost
}

func (f *Failure) Error() string {
	text := f.Message
	if f.Resource != "" {
		text = f.Type + " " + f.Resource + ": " + text
	}
	if f.More > 0 {
		text += fmt.Sprintf(" (and %d more)", f.More)
	}
	return text
}

func canceled(ctx context.Context) error {
	return &Failure{Class: Canceled, Message: "the run was stopped: " + context.Cause(ctx).Error()}
}

// lostBy is the error of a call whose plugin went away.
func lostBy(gone *plugin.Lost, left Report) error {
	f := &Failure{Class: PluginLost, Message: gone.Error(), Killed: true}
	if len(left.Pending) > 0 {
		f.Resource, f.Type, f.More = left.Pending[0].Name, left.Pending[0].Type, len(left.Pending)-1
	}
	return f
}

// unfinished is the error of a destruction that reported success and left something.
func unfinished(ctx context.Context, left Report) error {
	if ctx.Err() != nil {
		return canceled(ctx)
	}
	first := left.Resources[0]
	return &Failure{Class: Unknown, Resource: first.Name, Type: first.Type, More: len(left.Resources) - 1,
		Message: "it is still there after the destruction; apply again to go on"}
}

// failure makes the error of a CLI that ended badly.
func failure(p process, all events, program error) error {
	f := &Failure{Class: Unknown, Killed: p.killed}
	reported := all.errors()
	switch {
	case len(reported) > 0 && reported[0].URN != "":
		f.Resource, f.Type = nameOf(reported[0].URN), typeOf(reported[0].URN)
		f.Message = Essence(reported[0].Message)
		for _, other := range reported[1:] {
			if other.URN != "" && other.URN != reported[0].URN {
				f.More++
			}
		}
	case program != nil:
		f.Class, f.Message = Program, Essence(program.Error())
		return f
	case len(reported) > 0:
		f.Message = Essence(reported[0].Message)
	default:
		f.Message = Essence(clean(p.output))
	}
	if f.Message == "" {
		f.Message = "the Pulumi CLI ended with exit code " + exitCode(p.err) + " and without a reason"
	}
	f.Class = Classify(f.Message)
	return f
}

// rules are asked in their order; the first that matches gives the class. The words are those of AWS's error codes, of the
// Terraform and Kubernetes providers and of Pulumi itself.
var rules = []struct {
	class Class
	words *regexp.Regexp
}{
	{PluginUnusable, regexp.MustCompile(`the \S+ provider plugin \S+ cannot be used`)},
	{Throttling, regexp.MustCompile(`(?i)throttl|rate exceeded|TooManyRequests|RequestLimitExceeded|SlowDown|PriorRequestNotComplete|too many requests`)},
	{Credentials, regexp.MustCompile(`(?i)ExpiredToken|InvalidClientTokenId|UnrecognizedClient|no valid credential|AccessDenied|UnauthorizedOperation|not authorized|AuthFailure|SignatureDoesNotMatch|failed to refresh cached credentials|NoCredentialProviders|Unauthorized`)},
	{Protected, regexp.MustCompile(`(?i)cannot be deleted\b.*protect|as it is currently marked for protection|marked for protection|deletion ?protection|DeletionProtection|final_?snapshot|disableApiTermination|BucketNotEmpty|prevent.destroy`)},
	{Capacity, regexp.MustCompile(`(?i)LimitExceeded|QuotaExceeded|InsufficientInstanceCapacity|InsufficientDBInstanceCapacity|insufficient.*capacity|limit.*(exceeded|reached)|maximum number of`)},
	{Conflict, regexp.MustCompile(`(?i)AlreadyExists|AlreadyOwnedByYou|already exists|DependencyViolation|ResourceInUse|\bInUse\b|Conflict|OperationAborted|InvalidDBInstanceState|is in use|being (modified|deleted|created)|is currently locked`)},
	{Network, regexp.MustCompile(`(?i)connection (refused|reset)|no such host|cluster is unreachable|i/o timeout|TLS handshake timeout|ServiceUnavailable|InternalFailure|InternalError|InternalServerError|RequestTimeout|EOF$|code = Unavailable`)},
	{Invalid, regexp.MustCompile(`(?i)Invalid|Validation|Malformed|not supported|unsupported|must be|missing required|expected .* to be|NotFound|not found|no such|Unrecognized|unknown`)},
}

// Classify finds the class of a provider's words.
func Classify(message string) Class {
	for _, rule := range rules {
		if rule.words.MatchString(message) {
			return rule.class
		}
	}
	return Unknown
}

var (
	sourcePlace = regexp.MustCompile(`(?m)^\s*(sdk-v2/)?provider2?\.go:\d+:\s*|^\s*sdk\.helper_schema:\s*`)
	bullets     = regexp.MustCompile(`(?m)^\s*(\d+ errors? occurred:|\*)\s*`)
	blanks      = regexp.MustCompile(`\s+`)
	// credential finds what looks like one: a key id, a password in a URL, and a value behind a telling name.
	credential = regexp.MustCompile(`\b(AKIA|ASIA)[A-Z0-9]{16}\b|(://[^/\s:@]+:)[^/\s@]+@|(?i)\b((?:password|secret|token|auth_?token|private_?key)"?\s*[:=]\s*"?)[^\s",;]+`)
)

const longestMessage = 600 // bytes; a person reads it in a table and in Slack

// Essence makes one line of a provider's message: without places in its source code, without what looks like a
// credential, and not too long.
func Essence(text string) string {
	text = sourcePlace.ReplaceAllString(text, "")
	text = bullets.ReplaceAllString(text, "")
	text = strings.TrimSpace(blanks.ReplaceAllString(text, " "))
	text = credential.ReplaceAllString(text, "${2}${3}[redacted]")
	if len(text) > longestMessage {
		text = strings.ToValidUTF8(text[:longestMessage], "") + "..."
	}
	return text
}

// typeOf returns the type token of a URN: urn:pulumi:stack::project::parent$type::name.
func typeOf(urn string) string {
	parts := strings.Split(urn, "::")
	if len(parts) < 4 {
		return ""
	}
	qualified := parts[2]
	return qualified[strings.LastIndex(qualified, "$")+1:]
}
