//go:build libusb

package usbport

// Built says whether this build can open USB printers.
const Built = true
