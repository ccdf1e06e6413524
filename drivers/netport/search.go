package netport

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"sync"
	"time"

	"mostrador/drivers"
)

// How a search goes: as gently as a network of a restaurant wants it.
const (
	searchRate    = 4 * time.Millisecond   // from one attempt to the next: 250 a second
	searchAtOnce  = 64                     // attempts under way
	searchTimeout = 700 * time.Millisecond // for one address to answer
	announceTime  = 2 * time.Second        // for printers to announce themselves
	// maxHosts is how many addresses of one network are tried. Of a larger one,
	// it is those beside our own.
	maxHosts = 1022
)

// A Search is how far a search has come.
type Search struct {
	// Tried of All addresses, and Found printers among them.
	Tried, All, Found int
}

// Find looks for printers on the networks that this machine is part of: who
// announces itself as one (multicast DNS), and who listens on port 9100. It
// connects and sends nothing; what only listens may be something else than a
// printer. A network of 254 addresses takes about two seconds. progress, which
// may be nil, hears of each address, one after the other.
//
// Networks of more than 1,022 addresses are searched around our own one, and
// the error says so beside what was found.
func Find(ctx context.Context, progress func(Search)) ([]drivers.Found, error) {
	networks, err := localNetworks()
	if err != nil {
		return nil, err
	}
	var hosts []netip.Addr
	var faults []error
	for _, n := range networks {
		here, whole := n.hosts()
		hosts = append(hosts, here...)
		if !whole {
			faults = append(faults, fmt.Errorf("the network %v of %s is large: only %d addresses beside %v were tried", n.prefix.Masked(), n.name, len(here), n.own))
		}
	}
	var announces []announcement
	var wg sync.WaitGroup
	wg.Go(func() {
		ctx, cancel := context.WithTimeout(ctx, announceTime)
		defer cancel()
		var err error
		announces, err = announced(ctx, networks)
		faults = append(faults, err)
	})
	open := knock(ctx, hosts, rawPort, progress)
	wg.Wait()
	if ctx.Err() != nil {
		faults = append(faults, fmt.Errorf("the search was ended early: %w", ctx.Err()))
	}
	return merge(open, announces), errors.Join(faults...)
}

// knock connects to a port of each host and tells who listens.
func knock(ctx context.Context, hosts []netip.Addr, port uint16, progress func(Search)) (open []netip.AddrPort) {
	var (
		mu     sync.Mutex
		wg     sync.WaitGroup
		state  = Search{All: len(hosts)}
		places = make(chan struct{}, searchAtOnce)
		pace   = time.NewTicker(searchRate)
		dialer = net.Dialer{Timeout: searchTimeout}
	)
	defer pace.Stop()
	for _, host := range hosts {
		select {
		case <-pace.C:
		case <-ctx.Done():
		}
		if ctx.Err() != nil {
			break
		}
		places <- struct{}{}
		wg.Go(func() {
			defer func() { <-places }()
			at := netip.AddrPortFrom(host, port)
			conn, err := dialer.DialContext(ctx, "tcp", at.String())
			if err == nil {
				conn.Close()
			}
			mu.Lock()
			defer mu.Unlock()
			state.Tried++
			if err == nil {
				state.Found++
				open = append(open, at)
			}
			if progress != nil {
				progress(state)
			}
		})
	}
	wg.Wait()
	return open
}

// merge makes one list of who listens and who has announced itself.
func merge(open []netip.AddrPort, announces []announcement) []drivers.Found {
	for _, a := range announces {
		if !slices.Contains(open, a.at) {
			open = append(open, a.at)
		}
	}
	slices.SortFunc(open, netip.AddrPort.Compare)
	var found []drivers.Found
	for _, at := range open {
		f := drivers.Found{Kind: drivers.FoundNetwork, Port: "tcp://" + at.String(), MAC: MACOf(at.Addr())}
		for _, a := range announces {
			if a.at == at {
				f.Printer, f.Maker, f.Model, f.Serial = true, a.maker, a.model, a.serial
			}
		}
		found = append(found, f)
	}
	return found
}

// A localNetwork is one that this machine has an address in.
type localNetwork struct {
	name   string // of the interface
	index  int
	own    netip.Addr
	prefix netip.Prefix
}

// localNetworks are those of the interfaces that are up, IPv4 alone: it is what
// receipt printers speak.
func localNetworks() ([]localNetwork, error) {
	interfaces, err := net.Interfaces()
	if err != nil {
		return nil, fmt.Errorf("look at the networks: %w", err)
	}
	var all []localNetwork
	for _, i := range interfaces {
		if i.Flags&net.FlagUp == 0 || i.Flags&(net.FlagLoopback|net.FlagPointToPoint) != 0 {
			continue
		}
		addresses, err := i.Addrs()
		if err != nil {
			continue // it went meanwhile
		}
		for _, address := range addresses {
			prefix, err := netip.ParsePrefix(address.String())
			if err != nil || !prefix.Addr().Is4() || prefix.Bits() > 30 {
				continue
			}
			all = append(all, localNetwork{name: i.Name, index: i.Index, own: prefix.Addr(), prefix: prefix})
		}
	}
	return all, nil
}

// hosts are the addresses of a network but our own, and whether that is all.
func (n localNetwork) hosts() (hosts []netip.Addr, whole bool) {
	prefix := n.prefix.Masked()
	whole = true
	if size := 1<<(32-prefix.Bits()) - 2; size > maxHosts {
		near, err := n.own.Prefix(24)
		if err != nil {
			return nil, false
		}
		prefix, whole = near, false
	}
	for a := prefix.Addr().Next(); prefix.Contains(a.Next()); a = a.Next() { // the last is for broadcasts
		if a != n.own {
			hosts = append(hosts, a)
		}
	}
	return hosts, whole
}
