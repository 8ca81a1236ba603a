package account

import (
	"encoding/xml"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/deployer-io/deployer/shared/objects"
)

// s3 answers for the bucket, addressed by path as the SDK does where the host is an IP address.
func (a *Account) s3(w http.ResponseWriter, r *http.Request, body []byte) {
	bucket, key, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	operation := map[string]string{"GET": "GetObject", "PUT": "PutObject", "DELETE": "DeleteObject", "HEAD": "HeadBucket"}[r.Method]
	if r.Method == http.MethodGet && key == "" {
		operation = "ListObjectsV2"
	}
	if code, refused := a.called(operation); refused {
		refuseXML(w, http.StatusForbidden, code)
		return
	}
	if bucket != Bucket {
		refuseXML(w, http.StatusNotFound, "NoSuchBucket")
		return
	}
	switch operation {
	case "GetObject":
		a.get(w, r, key)
	case "PutObject":
		a.put(w, r, key, body)
	case "ListObjectsV2":
		a.list(w, r)
	case "DeleteObject":
		if err := a.Objects.Delete(r.Context(), key); err != nil {
			refuseXML(w, http.StatusBadRequest, err.Error())
			return
		}
		w.WriteHeader(http.StatusNoContent)
	case "HeadBucket":
		w.WriteHeader(http.StatusOK)
	default:
		refuseXML(w, http.StatusNotImplemented, "NotImplemented")
	}
}

func (a *Account) get(w http.ResponseWriter, r *http.Request, key string) {
	version := r.URL.Query().Get("versionId")
	object, err := a.Objects.Get(r.Context(), key)
	if version != "" {
		object, err = a.Objects.GetVersion(r.Context(), key, version)
	}
	if errors.Is(err, objects.ErrNotFound) {
		refuseXML(w, http.StatusNotFound, "NoSuchKey")
		return
	}
	if err != nil {
		refuseXML(w, http.StatusBadRequest, err.Error())
		return
	}
	w.Header().Set("ETag", `"`+object.ETag+`"`)
	w.Header().Set("X-Amz-Version-Id", object.Version)
	w.Header().Set("Last-Modified", object.Modified.UTC().Format(http.TimeFormat))
	_, _ = w.Write(object.Data)
}

func (a *Account) put(w http.ResponseWriter, r *http.Request, key string, body []byte) {
	condition := objects.Always()
	if r.Header.Get("If-None-Match") == "*" {
		condition = objects.IfAbsent()
	}
	if etag := strings.Trim(r.Header.Get("If-Match"), `"`); etag != "" {
		condition = objects.IfMatch(etag)
	}
	written, err := a.Objects.Put(r.Context(), key, body, condition)
	switch {
	case errors.Is(err, objects.ErrPrecondition):
		refuseXML(w, http.StatusPreconditionFailed, "PreconditionFailed")
	case err != nil:
		refuseXML(w, http.StatusBadRequest, err.Error())
	default:
		w.Header().Set("ETag", `"`+written.ETag+`"`)
		w.Header().Set("X-Amz-Version-Id", written.Version)
	}
}

type listed struct {
	XMLName     xml.Name `xml:"ListBucketResult"`
	IsTruncated bool
	Contents    []content
}

type content struct {
	Key          string
	Size         int64
	LastModified string
}

func (a *Account) list(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	limit, _ := strconv.Atoi(query.Get("max-keys"))
	found, err := a.Objects.List(r.Context(), query.Get("prefix"), query.Get("start-after"), limit)
	if err != nil {
		refuseXML(w, http.StatusBadRequest, err.Error())
		return
	}
	result := listed{}
	for _, o := range found {
		result.Contents = append(result.Contents, content{Key: o.Key, Size: o.Size, LastModified: o.Modified.UTC().Format("2006-01-02T15:04:05.000Z")})
	}
	w.Header().Set("Content-Type", "application/xml")
	_ = xml.NewEncoder(w).Encode(result)
}

func refuseXML(w http.ResponseWriter, status int, code string) {
	w.Header().Set("Content-Type", "application/xml")
	w.WriteHeader(status)
	fmt.Fprintf(w, "<Error><Code>%s</Code><Message>refused</Message></Error>", code)
}
