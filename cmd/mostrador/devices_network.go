package main

import (
	"context"
	"fmt"

	"golang.org/x/term"

	"mostrador/drivers"
	"mostrador/drivers/netport"
)

// searchNetwork looks for printers on the local networks, and shows how far it
// has come to whoever sits in front of it.
func (a *app) searchNetwork(ctx context.Context) ([]drivers.Found, error) {
	file, ok := a.stderr.(interface{ Fd() uintptr })
	if a.json || !ok || !term.IsTerminal(int(file.Fd())) {
		return netport.Find(ctx, nil)
	}
	found, err := netport.Find(ctx, func(s netport.Search) {
		fmt.Fprintf(a.stderr, "\rbuscando en la red: %d de %d direcciones, %d con puerto de impresora ", s.Tried, s.All, s.Found)
	})
	fmt.Fprintln(a.stderr)
	return found, err
}
