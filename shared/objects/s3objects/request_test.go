package s3objects_test

import (
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/stretchr/testify/require"

	"github.com/deployer-io/deployer/shared/objects"
	"github.com/deployer-io/deployer/shared/objects/s3objects"
)

// wire answers the SDK's requests from a list, the last answer again and again, and keeps what was asked.
type wire struct {
	answers []answer
	asked   []*http.Request
}

type answer struct {
	status  int
	code    string // makes the body an error of S3
	body    string
	headers map[string]string
	lost    bool // the connection broke before an answer came

	unmeasured bool // it does not tell its length
}

func (w *wire) Do(r *http.Request) (*http.Response, error) {
	w.asked = append(w.asked, r)
	a := w.answers[min(len(w.asked), len(w.answers))-1]
	if r.Body != nil {
		if _, err := io.Copy(io.Discard, r.Body); err != nil {
			return nil, err
		}
	}
	if a.lost {
		return nil, errors.New("connection reset by peer")
	}
	if a.code != "" {
		a.body = "<Error><Code>" + a.code + "</Code><Message>no</Message></Error>"
	}
	response := &http.Response{StatusCode: a.status, Header: http.Header{}, Request: r, ContentLength: int64(len(a.body)),
		Body: io.NopCloser(strings.NewReader(a.body))}
	if a.unmeasured {
		response.ContentLength = -1
	} else {
		response.Header.Set("Content-Length", strconv.Itoa(len(a.body)))
	}
	for name, value := range a.headers {
		response.Header.Set(name, value)
	}
	return response, nil
}

// storeOn sends through the SDK itself, with its tries but without its waits.
func storeOn(w *wire, options ...s3objects.Option) *s3objects.Store {
	at := "http://s3.test"
	return s3objects.New(s3.New(s3.Options{
		Region: "eu-west-1", BaseEndpoint: &at, UsePathStyle: true, HTTPClient: w,
		Credentials: credentials.NewStaticCredentialsProvider("test", "testsecret", ""),
		Retryer: retry.NewStandard(func(o *retry.StandardOptions) {
			o.Backoff = retry.BackoffDelayerFunc(func(int, error) (time.Duration, error) { return 0, nil })
		}),
	}), "bucket", options...)
}

func TestPutSaysItsConditionAndItsChecksum(t *testing.T) {
	for sentence, c := range map[string]struct {
		condition          objects.Condition
		ifMatch, ifNoneMat string
	}{
		"always":    {objects.Always(), "", ""},
		"if match":  {objects.IfMatch("abc"), `"abc"`, ""},
		"if absent": {objects.IfAbsent(), "", "*"},
	} {
		t.Run(sentence, func(t *testing.T) {
			w := &wire{answers: []answer{{status: 200, headers: map[string]string{"ETag": `"def"`, "X-Amz-Version-Id": "v7"}}}}
			written, err := storeOn(w).Put(t.Context(), "dir/a b.json", []byte("{}"), c.condition)
			require.NoError(t, err)
			require.Equal(t, objects.Object{Key: "dir/a b.json", ETag: "def", Version: "v7", Size: 2}, written)
			require.Len(t, w.asked, 1)
			asked := w.asked[0]
			require.Equal(t, "PUT http://s3.test/bucket/dir/a%20b.json?x-id=PutObject", asked.Method+" "+asked.URL.String())
			require.Equal(t, c.ifMatch, asked.Header.Get("If-Match"))
			require.Equal(t, c.ifNoneMat, asked.Header.Get("If-None-Match"))
			require.Equal(t, "RBNvo1WzZ4oRRq0W9+hknpT7T8If536DEMBg9hyq/4o=", asked.Header.Get("X-Amz-Checksum-Sha256"))
			require.Equal(t, "application/json", asked.Header.Get("Content-Type"))
		})
	}
}

func TestWhatIsTriedAgain(t *testing.T) {
	lost, broken, refused := answer{lost: true}, answer{status: 500, code: "InternalError"}, answer{status: 503, code: "SlowDown"}
	done := answer{status: 200, headers: map[string]string{"ETag": `"def"`}}
	for sentence, c := range map[string]struct {
		condition objects.Condition
		answers   []answer
		asked     int
		fails     bool
	}{
		"a write without a condition whose answer was lost":       {objects.Always(), []answer{lost, done}, 2, false},
		"a conditional write whose answer was lost is not":        {objects.IfMatch("abc"), []answer{lost, done}, 1, true},
		"a first write whose answer was lost is not":              {objects.IfAbsent(), []answer{lost, done}, 1, true},
		"a conditional write that broke on the other side is not": {objects.IfAbsent(), []answer{broken, done}, 1, true},
		"a conditional write that was turned away unread":         {objects.IfMatch("abc"), []answer{refused, refused, done}, 3, false},
		"a write that is turned away always fails in the end":     {objects.IfAbsent(), []answer{refused}, 3, true},
	} {
		t.Run(sentence, func(t *testing.T) {
			w := &wire{answers: c.answers}
			_, err := storeOn(w).Put(t.Context(), "k", []byte("x"), c.condition)
			require.Len(t, w.asked, c.asked)
			if !c.fails {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, `s3://bucket: "k": `)
			for _, known := range []error{objects.ErrNotFound, objects.ErrPrecondition, objects.ErrConflict, objects.ErrKey} {
				require.NotErrorIs(t, err, known, "the outcome is unknown")
			}
		})
	}
}
