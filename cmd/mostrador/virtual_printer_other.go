//go:build !linux

package main

import "errors"

func openPrinterPty(string) (*printerLine, error) {
	return nil, errors.New("this system has no ptys for it: use --listen tcp://HOST:PORT")
}
