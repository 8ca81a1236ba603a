package s3objects_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/deployer-io/deployer/shared/objects"
	"github.com/deployer-io/deployer/shared/objects/s3objects"
)

type call = func(ctx context.Context, s *s3objects.Store) error

func get(ctx context.Context, s *s3objects.Store) error { _, err := s.Get(ctx, "k"); return err }

func getVersion(ctx context.Context, s *s3objects.Store) error {
	_, err := s.GetVersion(ctx, "k", "v7")
	return err
}

func putIf(condition objects.Condition) call {
	return func(ctx context.Context, s *s3objects.Store) error {
		_, err := s.Put(ctx, "k", []byte("x"), condition)
		return err
	}
}

func remove(ctx context.Context, s *s3objects.Store) error { return s.Delete(ctx, "k") }

func list(ctx context.Context, s *s3objects.Store) error {
	_, err := s.List(ctx, "k", "", 0)
	return err
}

func TestRefusalsBecomeThePortsReasons(t *testing.T) {
	always, ifMatch, ifAbsent := putIf(objects.Always()), putIf(objects.IfMatch("e")), putIf(objects.IfAbsent())
	unknown := error(nil)
	for sentence, c := range map[string]struct {
		call   call
		status int
		code   string
		want   error
	}{
		"a read of what is not there":               {get, 404, "NoSuchKey", objects.ErrNotFound},
		"a read of what is not there, without code": {get, 404, "", objects.ErrNotFound},
		"a read of a missing version":               {getVersion, 404, "NoSuchVersion", objects.ErrNotFound},
		"a read of no version's id":                 {getVersion, 400, "InvalidArgument", objects.ErrNotFound},
		"a read of a delete marker":                 {getVersion, 405, "MethodNotAllowed", objects.ErrNotFound},
		"an argument that no version explains":      {get, 400, "InvalidArgument", unknown},
		"a read in a missing bucket":                {get, 404, "NoSuchBucket", unknown},
		"a read that is not allowed":                {get, 403, "AccessDenied", unknown},
		"a condition that does not hold":            {ifMatch, 412, "PreconditionFailed", objects.ErrPrecondition},
		"a first write that comes second":           {ifAbsent, 412, "PreconditionFailed", objects.ErrPrecondition},
		"if-match where nothing stands":             {ifMatch, 404, "NoSuchKey", objects.ErrPrecondition},
		"a write without a condition, told of none": {always, 404, "NoSuchKey", unknown},
		"a write in a missing bucket":               {ifMatch, 404, "NoSuchBucket", unknown},
		"another write under way":                   {ifMatch, 409, "ConditionalRequestConflict", objects.ErrConflict},
		"another first write under way":             {ifAbsent, 409, "OperationAborted", objects.ErrConflict},
		"a write that is not allowed":               {ifAbsent, 403, "AccessDenied", unknown},
		"a list in a missing bucket":                {list, 404, "NoSuchBucket", unknown},
		"a delete in a missing bucket":              {remove, 404, "NoSuchBucket", unknown},
	} {
		t.Run(sentence, func(t *testing.T) {
			err := c.call(t.Context(), storeOn(&wire{answers: []answer{{status: c.status, code: c.code}}}))
			require.ErrorContains(t, err, `s3://bucket: "k": `)
			require.ErrorContains(t, err, c.code)
			for _, known := range []error{objects.ErrNotFound, objects.ErrPrecondition, objects.ErrConflict, objects.ErrKey} {
				require.Equal(t, errors.Is(c.want, known), errors.Is(err, known), "%v: %v", known, err)
			}
		})
	}
}

func TestDeletingWhatIsNotThereIsNoError(t *testing.T) {
	require.NoError(t, remove(t.Context(), storeOn(&wire{answers: []answer{{status: 404, code: "NoSuchKey"}}})))
	require.NoError(t, remove(t.Context(), storeOn(&wire{answers: []answer{{status: 204}}})))
}

func TestGetReadsWhatTheAnswerSays(t *testing.T) {
	w := &wire{answers: []answer{{status: 200, body: "hello", headers: map[string]string{
		"ETag": `"abc"`, "X-Amz-Version-Id": "null", "Last-Modified": "Tue, 24 Nov 2026 11:15:41 GMT",
		"X-Amz-Checksum-Sha256": "LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=",
	}}}}
	read, err := storeOn(w).Get(t.Context(), "k")
	require.NoError(t, err)
	require.Equal(t, objects.Object{Key: "k", Data: []byte("hello"), ETag: "abc", Size: 5,
		Modified: time.Date(2026, 11, 24, 11, 15, 41, 0, time.UTC)}, read, `"null" is no version that stays`)
	require.Equal(t, "ENABLED", w.asked[0].Header.Get("X-Amz-Checksum-Mode"))
}

func TestBytesThatDoNotFitTheirChecksumAreRefused(t *testing.T) {
	w := &wire{answers: []answer{{status: 200, body: "jello", headers: map[string]string{
		"X-Amz-Checksum-Sha256": "LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=",
	}}}}
	_, err := storeOn(w).Get(t.Context(), "k")
	require.ErrorContains(t, err, "checksum")
}

func TestNoMoreThanTheLimitIsRead(t *testing.T) {
	for sentence, c := range map[string]struct {
		size       int
		unmeasured bool
		fails      bool
	}{
		"as much as the limit":                 {10, false, false},
		"one byte more than the limit":         {11, false, true},
		"more, and its length is not told":     {11, true, true},
		"far more, and its length is not told": {1 << 20, true, true},
		"as much, and its length is not told":  {10, true, false},
		"nothing":                              {0, false, false},
	} {
		t.Run(sentence, func(t *testing.T) {
			w := &wire{answers: []answer{{status: 200, body: strings.Repeat("x", c.size), unmeasured: c.unmeasured}}}
			read, err := storeOn(w, s3objects.WithLimit(10)).Get(t.Context(), "k")
			if c.fails {
				require.ErrorContains(t, err, "s3://bucket/k has more than 10 bytes")
				return
			}
			require.NoError(t, err)
			require.Len(t, read.Data, c.size)
			require.Equal(t, int64(c.size), read.Size)
		})
	}
}

func TestAListAsksForWhatIsLeft(t *testing.T) {
	page := func(token, keys string) answer {
		body := "<ListBucketResult><IsTruncated>true</IsTruncated>" + token
		for key := range strings.FieldsSeq(keys) {
			body += "<Contents><Key>" + key + "</Key><Size>1</Size></Contents>"
		}
		return answer{status: 200, body: body + "</ListBucketResult>"}
	}
	w := &wire{answers: []answer{
		page("<NextContinuationToken>more</NextContinuationToken>", "p/b p/c"),
		page("<NextContinuationToken>still</NextContinuationToken>", "p/d"),
	}}
	listed, err := storeOn(w).List(t.Context(), "p/", "p/a", 3)
	require.NoError(t, err)
	require.Len(t, listed, 3)
	require.Equal(t, []string{"3", "1"}, []string{query(w.asked[0], "max-keys"), query(w.asked[1], "max-keys")})
	require.Equal(t, []string{"p/", "p/a"}, []string{query(w.asked[0], "prefix"), query(w.asked[0], "start-after")})
	require.Equal(t, "more", query(w.asked[1], "continuation-token"))

	w = &wire{answers: []answer{page("", "p/b")}}
	_, err = storeOn(w).List(t.Context(), "p/", "", 0)
	require.ErrorContains(t, err, "cut short")
}

func query(r *http.Request, name string) string { return r.URL.Query().Get(name) }
