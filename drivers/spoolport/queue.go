package spoolport

// A queue is one handle of a queue of the spooler: what this package needs of
// Windows, in its words, so that the rest can be tested anywhere.
type queue interface {
	// start begins a raw document and returns its job's number.
	start(document string) (job uint32, err error)
	// Write adds to the document; it may wait for as long as the printer does.
	Write(b []byte) (int, error)
	// end completes the document.
	end() error
	// job tells how a job is; found is false once the spooler is done with it.
	job(number uint32) (status jobStatus, found bool, err error)
	// remove takes a job out of the queue.
	remove(number uint32) error
	// status tells how the printer is.
	status() (printerStatus, error)
	close() error
}

// A jobStatus is the Status of JOB_INFO_1 (Win32, winspool.h).
type jobStatus uint32

// What a job says of itself.
const (
	jobError    jobStatus = 0x0002
	jobDeleting jobStatus = 0x0004
	jobPrinted  jobStatus = 0x0080
	jobDeleted  jobStatus = 0x0100
	jobComplete jobStatus = 0x1000 // sent to the printer
)

// A printerStatus is the Status of PRINTER_INFO_6 (Win32, winspool.h).
type printerStatus uint32

// What a queue says of its printer.
const (
	printerError        printerStatus = 0x00000002
	printerJam          printerStatus = 0x00000008
	printerPaperOut     printerStatus = 0x00000010
	printerPaperProblem printerStatus = 0x00000040
	printerOffline      printerStatus = 0x00000080
	printerNotAvailable printerStatus = 0x00001000
	printerIntervention printerStatus = 0x00100000
	printerDoorOpen     printerStatus = 0x00400000
	printerUnknown      printerStatus = 0x00800000 // its server is not known
)

// wires are the status as the wires of IEEE 1284 have it, which is what
// drivers.Statuser tells.
func (s printerStatus) wires() byte {
	const noError, selected, paperEmpty = 0x08, 0x10, 0x20
	b := byte(noError | selected)
	if s&(printerError|printerJam|printerPaperProblem|printerIntervention|printerDoorOpen) != 0 {
		b &^= noError
	}
	if s&(printerOffline|printerNotAvailable|printerUnknown) != 0 {
		b &^= selected
	}
	if s&printerPaperOut != 0 {
		b = b&^noError | paperEmpty
	}
	return b
}
