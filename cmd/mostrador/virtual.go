package main

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"sync"

	"mostrador/drivers"
	"mostrador/printer/profile"
	"mostrador/printer/virtual"
)

// virtualPorts reaches printers that are not there: virtual://NAME is one whose
// paper goes to a function. Each is made at its first opening and keeps what is
// on its paper from one connection to the next, as a real one does.
type virtualPorts struct {
	take func(printer string, paper virtual.Paper)

	mu       sync.Mutex
	printers map[string]*virtual.Printer
	serving  sync.WaitGroup
	ctx      context.Context
	stop     context.CancelFunc
}

func newVirtualPorts(take func(printer string, paper virtual.Paper)) *virtualPorts {
	ctx, stop := context.WithCancel(context.Background())
	return &virtualPorts{take: take, printers: map[string]*virtual.Printer{}, ctx: ctx, stop: stop}
}
