package config

import (
	"errors"
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// A Size is a number of bytes.
type Size int64

// sizeUnits from the largest to the smallest.
var sizeUnits = []struct {
	name  string
	bytes Size
}{
	{"TiB", 1 << 40}, {"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10},
	{"TB", 1e12}, {"GB", 1e9}, {"MB", 1e6}, {"kB", 1e3}, {"B", 1},
}

// ParseSize reads a whole number with a unit, such as 768MiB, 2GiB or 500MB.
func ParseSize(s string) (Size, error) {
	digits := strings.TrimRight(s, "BkKMGTi")
	for _, unit := range sizeUnits {
		if s[len(digits):] != unit.name {
			continue
		}
		n, err := strconv.ParseInt(digits, 10, 64)
		if err != nil || n < 0 || n > math.MaxInt64/int64(unit.bytes) {
			break
		}
		return Size(n) * unit.bytes, nil
	}
	return 0, fmt.Errorf("%s is not a size", quote(s))
}

// String writes the size in the largest binary unit that divides it.
func (s Size) String() string {
	for _, unit := range sizeUnits[:4] {
		if s != 0 && s%unit.bytes == 0 {
			return strconv.FormatInt(int64(s/unit.bytes), 10) + unit.name
		}
	}
	return strconv.FormatInt(int64(s), 10) + "B"
}

// A TimeOfDay is a time on the wall clock, in minutes after midnight: 0 to 1439.
type TimeOfDay int

// ParseTimeOfDay reads a time on a clock of 24 hours, such as 05:00.
func ParseTimeOfDay(s string) (TimeOfDay, error) {
	if len(s) != 5 || s[2] != ':' {
		return 0, fmt.Errorf("%s is not a time", quote(s))
	}
	hour, errHour := strconv.ParseUint(s[:2], 10, 8)
	minute, errMinute := strconv.ParseUint(s[3:], 10, 8)
	if errors.Join(errHour, errMinute) != nil || hour > 23 || minute > 59 {
		return 0, fmt.Errorf("%s is not a time", quote(s))
	}
	return TimeOfDay(hour*60 + minute), nil
}

// String writes the time as 05:00.
func (t TimeOfDay) String() string { return fmt.Sprintf("%02d:%02d", t/60, t%60) }

// Duration is the time since midnight on a day without a change of the clock.
func (t TimeOfDay) Duration() time.Duration { return time.Duration(t) * time.Minute }

var (
	durationWhole = regexp.MustCompile(`^(\d+(d|h|ms|m|s))+$`)
	durationPart  = regexp.MustCompile(`(\d+)(d|h|ms|m|s)`)
	durationUnits = map[string]time.Duration{
		"d": day, "h": time.Hour, "m": time.Minute, "s": time.Second, "ms": time.Millisecond,
	}
)

// ParseDuration reads whole numbers with the units d (24 hours), h, m, s and
// ms, such as 30d, 45m or 1h30m.
func ParseDuration(s string) (time.Duration, error) {
	bad := fmt.Errorf("%s is not a duration", quote(s))
	if !durationWhole.MatchString(s) {
		return 0, bad
	}
	var total time.Duration
	for _, part := range durationPart.FindAllStringSubmatch(s, -1) {
		n, err := strconv.ParseInt(part[1], 10, 64)
		unit := durationUnits[part[2]]
		if err != nil || n > int64((math.MaxInt64-total)/unit) {
			return 0, bad
		}
		total += time.Duration(n) * unit
	}
	return total, nil
}

// FormatDuration writes a duration that ParseDuration reads. What is smaller
// than a millisecond is left out.
func FormatDuration(d time.Duration) string {
	var b strings.Builder
	for _, name := range []string{"d", "h", "m", "s", "ms"} {
		unit := durationUnits[name]
		if n := d / unit; n > 0 {
			fmt.Fprintf(&b, "%d%s", n, name)
			d -= n * unit
		}
	}
	if b.Len() == 0 {
		return "0s"
	}
	return b.String()
}
