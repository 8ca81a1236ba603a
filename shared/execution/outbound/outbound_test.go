package outbound_test

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/deployer-io/deployer/shared/execution/outbound"
)

func TestWhereCredentialsAreHandedOutNobodyIsSent(t *testing.T) {
	for name, url := range map[string]string{
		"the instance's metadata":           "http://169.254.169.254/latest/meta-data/iam/security-credentials/",
		"the task's credentials":            "http://169.254.170.2/v2/credentials/",
		"the pod's credentials":             "http://169.254.170.23/v1/credentials",
		"the address mapped into IPv6":      "http://[::ffff:169.254.169.254]/",
		"the mapped address in hexadecimal": "http://[::ffff:a9fe:a9fe]/",
		"the address behind NAT64":          "http://[64:ff9b::a9fe:a9fe]/",
		"the address behind local NAT64":    "http://[64:ff9b:1::a9fe:a9fe]/",
		"the address by 6to4":               "http://[2002:a9fe:a9fe::1]/",
		"the compatible address":            "http://[::a9fe:a9fe]/",
		"the metadata over IPv6":            "http://[fd00:ec2::254]/",
		"the pod's credentials over IPv6":   "http://[fd00:ec2::23]/",
		"a link-local address":              "http://[fe80::1]/",
		"the executor itself":               "http://127.0.0.1:9999/",
		"the executor by its name":          "http://localhost:9999/",
		"the executor over IPv6":            "http://[::1]:9999/",
		"another loopback address":          "http://127.9.9.9:9999/",
		"no address":                        "http://0.0.0.0:9999/",
		"no address over IPv6":              "http://[::]:9999/",
		"many machines":                     "http://224.0.0.1/",
	} {
		t.Run(name, func(t *testing.T) {
			request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, http.NoBody)
			require.NoError(t, err)
			response, err := outbound.New(outbound.WithoutLoopback).Do(request)
			if err == nil {
				response.Body.Close()
			}
			var refused *outbound.AddressRefused
			require.ErrorAs(t, err, &refused)
		})
	}
}

func TestServicesOfANetworkMayBeReached(t *testing.T) {
	for _, text := range []string{"10.0.3.4", "172.16.9.1", "192.168.1.1", "100.64.0.9", "52.95.110.1", "2600:1f18::1", "fd12:3456::1",
		"64:ff9b::3434:3434", "2002:3434:3434::1"} {
		require.NoError(t, outbound.Check(netip.MustParseAddr(text), outbound.WithoutLoopback), text)
	}
	require.NoError(t, outbound.Check(netip.MustParseAddr("127.0.0.1"), outbound.WithLoopback))
	require.Error(t, outbound.Check(netip.MustParseAddr("169.254.170.2"), outbound.WithLoopback))
}

func TestARedirectLeadsNowhereElse(t *testing.T) {
	var seen []string
	other := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		seen = append(seen, "other "+r.Header.Get("X-Api-Key"))
	}))
	defer other.Close()
	elsewhere := strings.Replace(other.URL, "127.0.0.1", "localhost", 1)
	asked := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen = append(seen, r.URL.Path)
		switch r.URL.Path {
		case "/metadata":
			http.Redirect(w, r, "http://169.254.169.254/latest/", http.StatusFound)
		case "/elsewhere":
			http.Redirect(w, r, elsewhere, http.StatusTemporaryRedirect)
		case "/here":
			http.Redirect(w, r, "/there", http.StatusFound)
		case "/round":
			http.Redirect(w, r, "/round", http.StatusFound)
		}
	}))
	defer asked.Close()
	get := func(path string) (status int, err error) {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, asked.URL+path, http.NoBody)
		require.NoError(t, err)
		request.Header.Set("X-Api-Key", "canary")
		response, err := outbound.New(outbound.WithLoopback).Do(request)
		if err != nil {
			return 0, err
		}
		return response.StatusCode, response.Body.Close()
	}

	for _, path := range []string{"/metadata", "/elsewhere"} {
		status, err := get(path)
		require.NoError(t, err)
		require.Equal(t, 3, status/100, "the redirect is the answer")
	}
	require.Equal(t, []string{"/metadata", "/elsewhere"}, seen, "nobody else was asked, nobody else has the key")

	status, err := get("/here")
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, status)
	require.Equal(t, "/there", seen[len(seen)-1])
	_, err = get("/round")
	require.ErrorContains(t, err, "too many redirects")
}
