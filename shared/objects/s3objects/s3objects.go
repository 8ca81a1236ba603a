// Package s3objects is the object store on S3: keys and bytes go in, and conditional requests to one bucket go out.
package s3objects

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/deployer-io/deployer/shared/objects"
)

// Client is what the store uses of *s3.Client.
type Client interface {
	GetObject(context.Context, *s3.GetObjectInput, ...func(*s3.Options)) (*s3.GetObjectOutput, error)
	PutObject(context.Context, *s3.PutObjectInput, ...func(*s3.Options)) (*s3.PutObjectOutput, error)
	DeleteObject(context.Context, *s3.DeleteObjectInput, ...func(*s3.Options)) (*s3.DeleteObjectOutput, error)
	ListObjectsV2(context.Context, *s3.ListObjectsV2Input, ...func(*s3.Options)) (*s3.ListObjectsV2Output, error)
}

// Store implements objects.Store on one bucket; it keeps versions when the bucket does.
type Store struct {
	client Client
	bucket string
	limit  int64
}

// Option changes a Store.
type Option func(*Store)

// WithLimit refuses to read objects of more than that many bytes; without it the limit is DefaultLimit.
func WithLimit(bytes int64) Option { return func(s *Store) { s.limit = bytes } }

// DefaultLimit is the most that Get reads into memory, in bytes: well above a bundle's 10 MiB, well below a function's
// memory.
const DefaultLimit = 64 << 20

// New returns the store on the bucket.
func New(client Client, bucket string, options ...Option) *Store {
	s := &Store{client: client, bucket: bucket, limit: DefaultLimit}
	for _, option := range options {
		option(s)
	}
	return s
}

var _ objects.Store = (*Store)(nil)

// Get implements objects.Store. What was read is checked against the checksum that S3 keeps, where it keeps one.
func (s *Store) Get(ctx context.Context, key string) (objects.Object, error) {
	return s.get(ctx, key, nil)
}

// GetVersion implements objects.Store.
func (s *Store) GetVersion(ctx context.Context, key, version string) (objects.Object, error) {
	if err := objects.CheckKey(key); err != nil {
		return objects.Object{}, err
	}
	if version == "" {
		return objects.Object{}, objects.KeyError(key, objects.ErrNotFound)
	}
	return s.get(ctx, key, &version)
}

func (s *Store) get(ctx context.Context, key string, version *string) (objects.Object, error) {
	if err := objects.CheckKey(key); err != nil {
		return objects.Object{}, err
	}
	out, err := s.client.GetObject(ctx, &s3.GetObjectInput{
		Bucket: &s.bucket, Key: &key, VersionId: version, ChecksumMode: types.ChecksumModeEnabled,
	})
	if err != nil {
		return objects.Object{}, s.failure(key, readReason(err, version != nil), err)
	}
	defer out.Body.Close()
	if size := aws.ToInt64(out.ContentLength); size > s.limit {
		return objects.Object{}, s.tooLarge(key)
	}
	var data bytes.Buffer
	data.Grow(int(aws.ToInt64(out.ContentLength)) + bytes.MinRead)
	if _, err := io.Copy(&data, io.LimitReader(out.Body, s.limit+1)); err != nil {
		return objects.Object{}, s.failure(key, nil, err)
	}
	if int64(data.Len()) > s.limit {
		return objects.Object{}, s.tooLarge(key)
	}
	return objects.Object{
		Key: key, Data: data.Bytes(), ETag: bare(out.ETag), Version: versionOf(out.VersionId),
		Size: int64(data.Len()), Modified: aws.ToTime(out.LastModified).UTC(),
	}, nil
}

func (s *Store) tooLarge(key string) error {
	return fmt.Errorf("s3://%s/%s has more than %d bytes, the most that is read", s.bucket, key, s.limit)
}

// Put implements objects.Store. S3 checks the contents against their SHA-256 and keeps it.
func (s *Store) Put(ctx context.Context, key string, data []byte, condition objects.Condition) (objects.Object, error) {
	if err := objects.CheckKey(key); err != nil {
		return objects.Object{}, err
	}
	sum := sha256.Sum256(data)
	input := &s3.PutObjectInput{
		Bucket: &s.bucket, Key: &key, Body: bytes.NewReader(data), ContentLength: aws.Int64(int64(len(data))),
		ContentType:       aws.String(contentType(key)),
		ChecksumAlgorithm: types.ChecksumAlgorithmSha256, ChecksumSHA256: aws.String(base64.StdEncoding.EncodeToString(sum[:])),
	}
	var options []func(*s3.Options)
	if condition.Absent() {
		input.IfNoneMatch = aws.String("*")
	}
	if condition.Match() != "" {
		input.IfMatch = aws.String(`"` + condition.Match() + `"`)
	}
	if condition != objects.Always() {
		options = append(options, attemptOnce)
	}
	out, err := s.client.PutObject(ctx, input, options...)
	if err != nil {
		return objects.Object{}, s.failure(key, writeReason(err, condition), err)
	}
	return objects.Object{Key: key, ETag: bare(out.ETag), Version: versionOf(out.VersionId), Size: int64(len(data))}, nil
}

// contentType lets a browser show what it can.
func contentType(key string) string {
	switch {
	case strings.HasSuffix(key, ".json"):
		return "application/json"
	case strings.HasSuffix(key, ".html"):
		return "text/html; charset=utf-8"
	case strings.HasSuffix(key, ".txt"):
		return "text/plain; charset=utf-8"
	}
	return "application/octet-stream"
}

// List implements objects.Store, page by page of at most a thousand.
func (s *Store) List(ctx context.Context, prefix, after string, limit int) ([]objects.Object, error) {
	var found []objects.Object
	input := &s3.ListObjectsV2Input{Bucket: &s.bucket}
	if prefix != "" {
		input.Prefix = &prefix
	}
	if after != "" {
		input.StartAfter = &after
	}
	for {
		if limit > 0 {
			input.MaxKeys = aws.Int32(int32(min(limit-len(found), maxPage)))
		}
		page, err := s.client.ListObjectsV2(ctx, input)
		if err != nil {
			return nil, s.failure(prefix, nil, err)
		}
		for _, o := range page.Contents {
			found = append(found, objects.Object{
				Key: aws.ToString(o.Key), Size: aws.ToInt64(o.Size), Modified: aws.ToTime(o.LastModified).UTC(),
			})
		}
		if !aws.ToBool(page.IsTruncated) || limit > 0 && len(found) >= limit {
			return found, nil
		}
		if aws.ToString(page.NextContinuationToken) == "" {
			return nil, s.failure(prefix, nil, errors.New("a list was cut short without a way to go on"))
		}
		input.ContinuationToken = page.NextContinuationToken
	}
}

const maxPage = 1000

// Delete implements objects.Store. In a bucket with versions the object is hidden and its versions stay.
func (s *Store) Delete(ctx context.Context, key string) error {
	if err := objects.CheckKey(key); err != nil {
		return err
	}
	_, err := s.client.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &s.bucket, Key: &key})
	if err == nil || errors.Is(readReason(err, false), objects.ErrNotFound) {
		return nil
	}
	return s.failure(key, nil, err)
}

func bare(etag *string) string { return strings.Trim(aws.ToString(etag), `"`) }

// versionOf is empty for "null", the version of what was written while the bucket kept none: it can be overwritten.
func versionOf(id *string) string {
	if aws.ToString(id) == "null" {
		return ""
	}
	return aws.ToString(id)
}
