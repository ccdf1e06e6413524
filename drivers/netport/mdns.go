package netport

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/net/dns/dnsmessage"
)

// Printers that announce themselves do so by multicast DNS (RFC 6762) as the
// service of raw printing (DNS-SD, RFC 6763; _pdl-datastream is port 9100).
const rawPrinting = "_pdl-datastream._tcp.local."

// multicastDNS is the group and port of RFC 6762.
var multicastDNS = &net.UDPAddr{IP: net.IPv4(224, 0, 0, 251), Port: 5353}

// An announcement is what a printer says of itself on the local network.
type announcement struct {
	at           netip.AddrPort
	maker, model string
	serial       string
}

// announced asks all local networks once, from a port of its own, which the
// printers answer directly (RFC 6762, 6.7), and listens until ctx ends.
func announced(ctx context.Context, networks []localNetwork) ([]announcement, error) {
	question, err := query()
	if err != nil {
		return nil, err
	}
	var (
		mu     sync.Mutex
		all    []announcement
		faults []error
		wg     sync.WaitGroup
	)
	for _, n := range networks {
		wg.Go(func() {
			got, err := n.askAll(ctx, question)
			mu.Lock()
			defer mu.Unlock()
			for _, a := range got {
				if !slices.Contains(all, a) {
					all = append(all, a)
				}
			}
			faults = append(faults, err)
		})
	}
	wg.Wait()
	return all, errors.Join(faults...)
}

// askAgain is when the question is asked a second time: a datagram may be lost.
const askAgain = 700 * time.Millisecond

// askAll sends the question on one network and reads the answers.
func (n localNetwork) askAll(ctx context.Context, question []byte) ([]announcement, error) {
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: n.own.AsSlice()})
	if err != nil {
		return nil, fmt.Errorf("ask for printers on %s: %w", n.name, err)
	}
	defer conn.Close()
	if err := sendOn(conn, n.index); err != nil {
		return nil, fmt.Errorf("ask for printers on %s: %w", n.name, err)
	}
	defer context.AfterFunc(ctx, func() { conn.SetReadDeadline(time.Now()) })()
	defer time.AfterFunc(askAgain, func() { conn.WriteToUDP(question, multicastDNS) }).Stop()
	if _, err := conn.WriteToUDP(question, multicastDNS); err != nil {
		return nil, nil // this network has no multicast
	}
	var all []announcement
	packet := make([]byte, 9000) // the longest that RFC 6762 allows
	for ctx.Err() == nil {
		size, from, err := conn.ReadFromUDPAddrPort(packet)
		if err != nil {
			break
		}
		all = append(all, readAnswer(packet[:size], from.Addr().Unmap())...)
	}
	return all, nil
}

// query is the question for printers of raw bytes.
func query() ([]byte, error) {
	name, err := dnsmessage.NewName(rawPrinting)
	if err != nil {
		return nil, err
	}
	message := dnsmessage.Message{Questions: []dnsmessage.Question{{Name: name, Type: dnsmessage.TypePTR, Class: dnsmessage.ClassINET}}}
	return message.Pack()
}

// readAnswer reads what a printer has answered: its port by SRV, what it is by
// TXT, and where it is by the address that the answer came from. What is no
// answer of a printer, or broken, yields what was whole.
func readAnswer(packet []byte, from netip.Addr) []announcement {
	var p dnsmessage.Parser
	head, err := p.Start(packet)
	if err != nil || !head.Response || p.SkipAllQuestions() != nil {
		return nil
	}
	byName := map[string]*announcement{}
	of := func(name dnsmessage.Name) *announcement {
		key := strings.ToLower(name.String())
		if !strings.HasSuffix(key, "."+rawPrinting) || len(byName) > 16 && byName[key] == nil {
			return nil
		}
		if byName[key] == nil {
			byName[key] = &announcement{}
		}
		return byName[key]
	}
	for _, section := range []func() ([]dnsmessage.Resource, error){p.AllAnswers, p.AllAuthorities, p.AllAdditionals} {
		records, err := section()
		for _, r := range records {
			a := of(r.Header.Name)
			if a == nil {
				continue
			}
			switch body := r.Body.(type) {
			case *dnsmessage.SRVResource:
				a.at = netip.AddrPortFrom(from, body.Port)
			case *dnsmessage.TXTResource:
				a.describe(body.TXT)
			}
		}
		if err != nil {
			break
		}
	}
	var all []announcement
	for _, a := range byName {
		if a.at.Port() != 0 {
			all = append(all, *a)
		}
	}
	return all
}

// describe reads the keys of Apple's Bonjour Printing Specification 1.2.
func (a *announcement) describe(texts []string) {
	values := map[string]string{}
	for _, text := range texts {
		key, value, _ := strings.Cut(text, "=")
		values[strings.ToLower(key)] = clean(value)
	}
	a.maker, a.model, a.serial = values["usb_mfg"], values["usb_mdl"], values["usb_sn"]
	if a.model == "" {
		a.model = values["ty"]
	}
	if a.model == "" {
		a.model = strings.Trim(values["product"], "()")
	}
}

// clean makes a text from the network fit to be shown, and short.
func clean(text string) string {
	const longest = 80
	text = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r == '\ufffd' || r >= 0x80 && r < 0xa0 {
			return -1
		}
		return r
	}, strings.ToValidUTF8(text, ""))
	if r := []rune(text); len(r) > longest {
		text = string(r[:longest])
	}
	return strings.TrimSpace(text)
}
