// Package outbound is the client by which hooks and checks send HTTP requests: a request as a bundle names it goes in, and
// the answer comes out, unless the address behind the name, or that of a redirect, is one that only the executor itself
// should reach.
package outbound

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"syscall"
	"time"
)

// AddressRefused is the error of a request to where no hook and no check has business: the executor's own services, and
// those by which AWS hands out credentials.
type AddressRefused struct {
	Address string
	Why     string
}

func (e *AddressRefused) Error() string {
	return fmt.Sprintf("requests to %s are refused: %s; name an address that the service itself offers", e.Address, e.Why)
}

// Loopback says whether the machine's own addresses may be reached: they may where the program runs beside its user, and
// may not where other things listen beside the program.
type Loopback bool

// The two answers.
const (
	WithLoopback    Loopback = true
	WithoutLoopback Loopback = false
)

// redirects is how many are followed, all of them to the host that was asked first.
const redirects = 5

// New returns a client. Every address is looked at once its name is resolved, right before the connection is made, so that
// no spelling of an address, no name that resolves to it and no redirect leads around the rule. It uses no proxy: a proxy
// would resolve the name itself.
func New(loopback Loopback) *http.Client {
	dialer := &net.Dialer{Timeout: 10 * time.Second, ControlContext: func(_ context.Context, _, address string, _ syscall.RawConn) error {
		at, err := netip.ParseAddrPort(address)
		if err != nil {
			return &AddressRefused{Address: address, Why: "it is no address"}
		}
		return Check(at.Addr(), loopback)
	}}
	return &http.Client{
		Transport: &http.Transport{DialContext: dialer.DialContext, ForceAttemptHTTP2: true, MaxIdleConns: 20, IdleConnTimeout: 30 * time.Second,
			TLSHandshakeTimeout: 10 * time.Second, MaxResponseHeaderBytes: 64 << 10},
		CheckRedirect: sameHost,
	}
}

// sameHost follows a redirect only to the host that was asked, and never from TLS to plain text: a hook's headers may hold
// a secret, and they go with it. Any other redirect is the answer.
func sameHost(next *http.Request, before []*http.Request) error {
	first := before[0].URL
	if len(before) > redirects {
		return errors.New("too many redirects")
	}
	if next.URL.Hostname() != first.Hostname() || first.Scheme == "https" && next.URL.Scheme != "https" {
		return http.ErrUseLastResponse
	}
	return nil
}

// special are networks that no service of an environment has an address in.
var special = []struct {
	network netip.Prefix
	why     string
}{
	{netip.MustParsePrefix("0.0.0.0/8"), "it means this machine"},
	{netip.MustParsePrefix("192.0.0.0/24"), "it is reserved"},
	{netip.MustParsePrefix("240.0.0.0/4"), "it is reserved"},
	// The instance's metadata, names and time over IPv6 (Amazon EC2 user guide, "Use the Instance Metadata Service").
	{netip.MustParsePrefix("fd00:ec2::/32"), "credentials are handed out there"},
}

// Check returns *AddressRefused for an address that is not to be reached.
func Check(at netip.Addr, loopback Loopback) error {
	for _, one := range meanings(at) {
		if why := refusal(one, loopback); why != "" {
			return &AddressRefused{Address: at.String(), Why: why}
		}
	}
	return nil
}

func refusal(at netip.Addr, loopback Loopback) string {
	switch {
	case at.IsLinkLocalUnicast(): // 169.254.169.254 and 169.254.170.2 among them
		return "credentials are handed out there"
	case at.IsLoopback() && loopback == WithoutLoopback, at.IsUnspecified():
		return "it means this machine"
	case at.IsMulticast():
		return "it means many machines"
	}
	for _, s := range special {
		if s.network.Contains(at) {
			return s.why
		}
	}
	return ""
}

// Where IPv6 addresses carry one of IPv4: NAT64 (RFC 6052 and RFC 8215), 6to4 (RFC 3056), and the compatible ones of
// RFC 4291, which nobody uses any more.
var carriers = []struct {
	network netip.Prefix
	at      int // the first byte of the address within
}{
	{netip.MustParsePrefix("64:ff9b::/96"), 12},
	{netip.MustParsePrefix("64:ff9b:1::/48"), 12},
	{netip.MustParsePrefix("2002::/16"), 2},
	{netip.MustParsePrefix("::/96"), 12},
}

// meanings are the address itself, without zone and without the mapping of IPv4 into IPv6, and the one that it carries.
func meanings(at netip.Addr) []netip.Addr {
	at = at.WithZone("").Unmap()
	all := []netip.Addr{at}
	if at.IsLoopback() || at.IsUnspecified() || !at.Is6() {
		return all
	}
	bytes := at.As16()
	for _, c := range carriers {
		if c.network.Contains(at) {
			carried, _ := netip.AddrFromSlice(bytes[c.at : c.at+4])
			all = append(all, carried)
		}
	}
	return slices.Compact(all)
}
