package store

import (
	"os"
	"strings"
	"time"

	"github.com/google/uuid"
	"golang.org/x/sys/unix"
)

// bootOf reads the kernel's boot id (random(4)) and CLOCK_BOOTTIME, which goes
// on while the machine is suspended (clock_gettime(2)).
func bootOf() (id string, uptime time.Duration) {
	var ts unix.Timespec
	text, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil || unix.ClockGettime(unix.CLOCK_BOOTTIME, &ts) != nil {
		return "process-" + uuid.NewString(), 0
	}
	return strings.TrimSpace(string(text)), time.Duration(ts.Nano())
}

// What adjtimex(2) says of a clock that nothing keeps.
const (
	staUnsync = 0x40
	timeError = 5
)

// synchronised asks the kernel whether anything keeps its clock (adjtimex(2)).
// Where that may not be asked, nobody knows, and the answer is no.
func synchronised() bool {
	var t unix.Timex
	state, err := unix.Adjtimex(&t)
	return err == nil && state != timeError && t.Status&staUnsync == 0
}
