package spoolport

import (
	"errors"
	"fmt"
	"unsafe"

	"golang.org/x/sys/windows"

	"mostrador/drivers"
)

// calls are those of winspool.drv.
type calls struct {
	open, close, start, startPage, write, endPage, end, job, set, printer, enum *windows.LazyProc
}

func newCalls() calls {
	dll := windows.NewLazySystemDLL("winspool.drv")
	return calls{
		open: dll.NewProc("OpenPrinterW"), close: dll.NewProc("ClosePrinter"),
		start: dll.NewProc("StartDocPrinterW"), end: dll.NewProc("EndDocPrinter"),
		startPage: dll.NewProc("StartPagePrinter"), endPage: dll.NewProc("EndPagePrinter"),
		write: dll.NewProc("WritePrinter"), job: dll.NewProc("GetJobW"), set: dll.NewProc("SetJobW"),
		printer: dll.NewProc("GetPrinterW"), enum: dll.NewProc("EnumPrintersW"),
	}
}

// A handle is one open queue.
type handle struct {
	calls
	h windows.Handle
}

// docInfo1 is DOC_INFO_1W.
type docInfo1 struct {
	document, output, datatype *uint16
}

func openQueue(name string) (queue, error) {
	text, err := windows.UTF16PtrFromString(name)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", drivers.ErrAbsent, err)
	}
	q := &handle{calls: newCalls()}
	if ok, _, err := q.open.Call(uintptr(unsafe.Pointer(text)), uintptr(unsafe.Pointer(&q.h)), 0); ok == 0 {
		if errors.Is(err, windows.ERROR_ACCESS_DENIED) {
			return nil, fmt.Errorf("%w: %w", drivers.ErrDenied, err)
		}
		return nil, fmt.Errorf("%w: %w: mostrador devices shows the queues that there are", drivers.ErrAbsent, err)
	}
	return q, nil
}

func (q *handle) close() error {
	if ok, _, err := q.calls.close.Call(uintptr(q.h)); ok == 0 {
		return err
	}
	return nil
}

func (q *handle) start(document string) (uint32, error) {
	name, err := windows.UTF16PtrFromString(document)
	if err != nil {
		return 0, err
	}
	raw, err := windows.UTF16PtrFromString("RAW")
	if err != nil {
		return 0, err
	}
	info := docInfo1{document: name, datatype: raw}
	job, _, err := q.calls.start.Call(uintptr(q.h), 1, uintptr(unsafe.Pointer(&info)))
	if job == 0 {
		return 0, fmt.Errorf("begin a job: %w", err)
	}
	if ok, _, err := q.startPage.Call(uintptr(q.h)); ok == 0 {
		q.calls.end.Call(uintptr(q.h))
		return 0, fmt.Errorf("begin a job: %w", err)
	}
	return uint32(job), nil
}

func (q *handle) Write(b []byte) (int, error) {
	var n uint32
	if ok, _, err := q.write.Call(uintptr(q.h), uintptr(unsafe.Pointer(&b[0])), uintptr(len(b)), uintptr(unsafe.Pointer(&n))); ok == 0 {
		return int(n), err
	}
	if n == 0 {
		return 0, errors.New("the spooler takes nothing")
	}
	return int(n), nil
}

func (q *handle) end() error {
	q.endPage.Call(uintptr(q.h)) // of a raw job it says nothing
	if ok, _, err := q.calls.end.Call(uintptr(q.h)); ok == 0 {
		return fmt.Errorf("end the job: %w", err)
	}
	return nil
}

// jobInfo1 is JOB_INFO_1W.
type jobInfo1 struct {
	id                                                              uint32
	printer, machine, user, document, datatype, statusText          *uint16
	status, priority, position, totalPages, pagesPrinted            uint32
	submittedYear, submittedMonth, submittedWeekday, submittedDay   uint16
	submittedHour, submittedMinute, submittedSecond, submittedMilli uint16
}

func (q *handle) job(number uint32) (jobStatus, bool, error) {
	buf, err := grown(func(buf []byte, needed *uint32) error {
		return called(q.calls.job.Call(uintptr(q.h), uintptr(number), 1, uintptr(unsafe.Pointer(unsafe.SliceData(buf))), uintptr(len(buf)), uintptr(unsafe.Pointer(needed))))
	})
	// How Windows says that there is no such job, and how Wine does.
	if errors.Is(err, windows.ERROR_INVALID_PARAMETER) || errors.Is(err, windows.ERROR_SUCCESS) {
		return 0, false, nil
	}
	if err != nil || len(buf) < int(unsafe.Sizeof(jobInfo1{})) {
		return 0, false, err
	}
	return jobStatus((*jobInfo1)(unsafe.Pointer(&buf[0])).status), true, nil
}

func (q *handle) remove(number uint32) error {
	const jobControlDelete = 5
	return called(q.set.Call(uintptr(q.h), uintptr(number), 0, 0, jobControlDelete))
}

func (q *handle) status() (printerStatus, error) {
	const level = 6 // PRINTER_INFO_6 is the status alone
	buf, err := grown(func(buf []byte, needed *uint32) error {
		return called(q.printer.Call(uintptr(q.h), level, uintptr(unsafe.Pointer(unsafe.SliceData(buf))), uintptr(len(buf)), uintptr(unsafe.Pointer(needed))))
	})
	if errors.Is(err, windows.ERROR_INVALID_LEVEL) {
		return 0, nil // it is there and does not tell
	}
	if err != nil || len(buf) < 4 {
		return 0, err
	}
	return printerStatus(*(*uint32)(unsafe.Pointer(&buf[0]))), nil
}

// called turns what a call returns into an error.
func called(ok, _ uintptr, err error) error {
	if ok == 0 {
		return err
	}
	return nil
}

// grown calls with a buffer that is as large as the call says that it needs.
func grown(call func(buf []byte, needed *uint32) error) ([]byte, error) {
	var buf []byte
	for range 8 { // the list may grow meanwhile
		var needed uint32
		err := call(buf, &needed)
		if !errors.Is(err, windows.ERROR_INSUFFICIENT_BUFFER) {
			return buf, err
		}
		buf = make([]byte, needed)
	}
	return nil, windows.ERROR_INSUFFICIENT_BUFFER
}

// printerInfo2 is the beginning of PRINTER_INFO_2W.
type printerInfo2 struct {
	server, printer, share, port, driver, comment, location *uint16
	devMode                                                 uintptr
	sepFile, processor, datatype, parameters                *uint16
	security                                                uintptr
	attributes, priority, defaultPriority, start, until     uint32
	status, jobs, averagePPM                                uint32
}

// List returns the queues that this user has, local ones and connections.
func List(string) ([]drivers.Found, error) {
	const local, connections, level = 2, 4, 2
	q := newCalls()
	var count uint32
	buf, err := grown(func(buf []byte, needed *uint32) error {
		return called(q.enum.Call(local|connections, 0, level, uintptr(unsafe.Pointer(unsafe.SliceData(buf))), uintptr(len(buf)),
			uintptr(unsafe.Pointer(needed)), uintptr(unsafe.Pointer(&count))))
	})
	if err != nil {
		return nil, fmt.Errorf("list the printers of Windows: %w", err)
	}
	var found []drivers.Found
	if count == 0 {
		return nil, nil
	}
	for _, info := range unsafe.Slice((*printerInfo2)(unsafe.Pointer(&buf[0])), count) {
		name := windows.UTF16PtrToString(info.printer)
		found = append(found, drivers.Found{
			Kind: drivers.FoundQueue, Port: URL(name), Printer: true, Nodes: []string{name},
			Model: windows.UTF16PtrToString(info.driver), Driver: windows.UTF16PtrToString(info.port),
		})
	}
	return found, nil
}
