package uplink

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/eclipse/paho.mqtt.golang/packets"
	"github.com/gorilla/websocket"
)

// explain says in plain words why there is no connection, and what a person can
// do. now is the terminal's clock at that time.
func explain(err error, set Settings, now time.Time) (what, advice string) {
	var large *largeError
	if errors.As(err, &large) {
		what, advice = explain(large.error, set, now)
		return what, fmt.Sprintf("A message of %d bytes was under way: if the broker does not take so large ones, set max_payload in [uplink] (AWS IoT: 128KiB, NATS: 1MB). %s", large.bytes, advice)
	}
	for _, look := range []func(error, Settings, time.Time) (string, string){
		explainPlan, explainProxy, explainBroker, explainCertificate, explainNetwork, explainFiles,
	} {
		if what, advice = look(err, set, now); what != "" {
			return what, advice
		}
	}
	return err.Error(), "If it stays so, look at the broker's own log."
}

func explainPlan(err error, _ Settings, _ time.Time) (string, string) {
	var planned *plannedError
	if errors.As(err, &planned) {
		return planned.Error(), "Nothing needs to be done."
	}
	return "", ""
}

// explainProxy is for what the proxy itself has answered.
func explainProxy(err error, _ Settings, _ time.Time) (string, string) {
	var refused *proxyError
	switch {
	case !errors.As(err, &refused):
		return "", ""
	case refused.err != nil:
		return "the proxy cannot be reached: " + refused.Error(), "Check proxy in [uplink], and the network."
	case refused.status == http.StatusProxyAuthRequired:
		return "the proxy " + refused.proxy + " wants a user name and a password, or does not accept these",
			"Write them into proxy of [uplink]: http://user:password@host:port."
	case refused.status == http.StatusForbidden, refused.status == http.StatusMethodNotAllowed:
		return "the proxy " + refused.proxy + " does not let this terminal through to the broker (" + refused.text + ")",
			"Have CONNECT to the broker's port allowed at the proxy, or use a broker on port 443 (wss)."
	}
	return "the proxy " + refused.proxy + " cannot reach the broker (" + refused.text + ")",
		"Check broker in [uplink], and whether the proxy reaches it."
}

// explainBroker is for what the broker itself has answered, or not answered.
func explainBroker(err error, set Settings, _ time.Time) (string, string) {
	var refused *refusedError
	switch {
	case errors.Is(err, packets.ErrorRefusedBadUsernameOrPassword):
		return "the broker does not accept the user name or the password",
			"Check username and password_file in [uplink], and the account at the broker."
	case errors.Is(err, packets.ErrorRefusedNotAuthorised):
		return "the broker does not let this terminal in",
			"Check username, password_file or the client certificate in [uplink], and what the broker allows this account."
	case errors.Is(err, packets.ErrorRefusedIDRejected):
		return "the broker refuses the client id " + set.clientID(),
			"Allow this client id at the broker, or change [terminal] store and id."
	case errors.Is(err, packets.ErrorRefusedServerUnavailable):
		return "the broker says that it is not available", "It will be tried again; if it stays so, look at the broker."
	case errors.Is(err, packets.ErrorRefusedBadProtocolVersion):
		return "the broker does not speak MQTT 3.1.1", "Enable MQTT 3.1.1 at the broker."
	case errors.As(err, &refused):
		return refused.Error(), "Give the terminal's account the right to read " + refused.topic + "."
	case errors.Is(err, errNoAnswer):
		return "the broker takes messages and does not answer them",
			"Look whether the broker is overloaded or its disk is full."
	case errors.Is(err, websocket.ErrBadHandshake):
		return "the server does not offer MQTT over WebSocket at this address",
			"Check the path of broker in [uplink], such as wss://host/mqtt."
	}
	return "", ""
}

// explainCertificate is for TLS.
func explainCertificate(err error, set Settings, now time.Time) (string, string) {
	var invalid x509.CertificateInvalidError
	var authority x509.UnknownAuthorityError
	var host x509.HostnameError
	var record tls.RecordHeaderError
	var remote *net.OpError
	switch {
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return explainValidity(whoseIs(invalid.Cert), invalid.Cert, now)
	case errors.As(err, &authority):
		return "the broker's certificate is signed by nobody that this terminal trusts",
			"Set ca_file in [uplink] to the certificate of whoever signed the broker's."
	case errors.As(err, &host):
		return "the broker's certificate is for another name: " + host.Error(),
			"Use the name in broker that the certificate has."
	case errors.As(err, &record):
		return "the broker does not speak TLS on this port", "Use mqtt:// or the broker's TLS port (usually 8883)."
	case errors.As(err, &remote) && remote.Op == "remote error" && outOfTime(set.certificates.leaf(), now):
		return explainValidity("this terminal's own certificate", set.certificates.leaf(), now)
	case errors.As(err, &remote) && remote.Op == "remote error": // an alert of the other side
		return "the broker has refused the TLS connection (" + remote.Err.Error() + ")",
			"Check client_cert_file and client_key_file in [uplink], and whether the broker trusts that certificate."
	}
	return "", ""
}

func outOfTime(cert *x509.Certificate, now time.Time) bool {
	return cert != nil && (now.Before(cert.NotBefore) || now.After(cert.NotAfter))
}

// whoseIs names a certificate that the broker has shown.
func whoseIs(cert *x509.Certificate) string {
	if cert != nil && cert.IsCA {
		return "the certificate of the broker's authority"
	}
	return "the broker's certificate"
}

func explainValidity(whose string, cert *x509.Certificate, now time.Time) (string, string) {
	const day = "2006-01-02 15:04 MST"
	if cert != nil && now.Before(cert.NotBefore) {
		return fmt.Sprintf("%s is valid from %s and this terminal's clock says %s",
				whose, cert.NotBefore.UTC().Format(day), now.UTC().Format(day)),
			"The terminal's clock is wrong: set it, or wait until it is synchronised (NTP)."
	}
	if cert == nil {
		return whose + " is not valid now", "Check the terminal's clock, then the broker's certificate."
	}
	return fmt.Sprintf("%s was valid until %s and this terminal's clock says %s",
			whose, cert.NotAfter.UTC().Format(day), now.UTC().Format(day)),
		"If the clock is right, it needs a new certificate (for a terminal's own: mostrador pair with a new code); else set the clock."
}

// What Windows calls the errors of its sockets; syscall's own names stand for
// numbers there that it never returns.
const (
	wsaNetUnreachable  = syscall.Errno(10051)
	wsaAborted         = syscall.Errno(10053)
	wsaReset           = syscall.Errno(10054)
	wsaRefused         = syscall.Errno(10061)
	wsaHostUnreachable = syscall.Errno(10065)
)

func isAny(err error, targets ...error) bool {
	return slices.ContainsFunc(targets, func(t error) bool { return errors.Is(err, t) })
}

// explainNetwork is for the way to the broker.
func explainNetwork(err error, set Settings, _ time.Time) (string, string) {
	var dns *net.DNSError
	var netErr net.Error
	switch {
	case errors.As(err, &dns) && dns.IsNotFound:
		return "there is no host " + dns.Name, "Check the name in broker of [uplink], and the terminal's DNS."
	case errors.As(err, &dns):
		return "the name " + dns.Name + " cannot be looked up",
			"Check the network cable or Wi-Fi, and the terminal's DNS server."
	case isAny(err, syscall.ECONNREFUSED, wsaRefused):
		return "nothing listens at " + set.Broker, "Check host and port of broker in [uplink], and whether the broker runs."
	case isAny(err, syscall.ENETUNREACH, syscall.EHOSTUNREACH, wsaNetUnreachable, wsaHostUnreachable):
		return "there is no way to " + set.Broker, "Check the network cable or Wi-Fi, and the router."
	case isAny(err, io.EOF, io.ErrUnexpectedEOF, syscall.ECONNRESET, syscall.EPIPE, wsaReset, wsaAborted):
		return "the broker has closed the connection",
			"If it happens again and again: look whether another terminal runs with the same store and id, and whether scheme and port of broker belong together (usually mqtt 1883, tls 8883)."
	case strings.Contains(err.Error(), "pingresp not received"):
		return "the line went dead: the broker has not answered for 20 s", "Check the internet line; it is tried again by itself."
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &netErr) && netErr.Timeout():
		return "no answer from " + set.Broker, "Check the internet line, and whether a firewall blocks the port."
	}
	return "", ""
}

// explainFiles is for the files that [uplink] names.
func explainFiles(err error, _ Settings, _ time.Time) (string, string) {
	switch {
	case errors.Is(err, os.ErrNotExist):
		return err.Error(), "Put the file there, or correct its name in [uplink]."
	case errors.Is(err, os.ErrPermission):
		return err.Error(), "Let the user that mostrador runs as read the file."
	}
	return "", ""
}
