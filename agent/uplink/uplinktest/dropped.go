package uplinktest

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
)

// gap is the type of the event that names others that will never come.
const gap = "mostrador.gap.v1"

// A stretch is some sequences of a series, first and last.
type stretch struct{ from, through uint64 }

// drop notes what a gap event names, which may be of an earlier epoch.
func (c *Consumer) drop(key series, e Event) {
	if e.Type != gap {
		return
	}
	var names struct{ Epoch, From, Through string }
	if json.Unmarshal(e.Data, &names) != nil {
		return // the schema says so, too
	}
	from, err1 := strconv.ParseUint(names.From, 10, 64)
	through, err2 := strconv.ParseUint(names.Through, 10, 64)
	if err1 != nil || err2 != nil {
		return
	}
	of := series{key.source, names.Epoch}
	if c.dropped == nil {
		c.dropped = map[series][]stretch{}
	}
	c.dropped[of] = append(c.dropped[of], stretch{from, through})
	c.note(of)
}

// there: the event has come, or will never come.
func (c *Consumer) there(key series, n uint64) bool {
	return c.first[key][fmt.Sprintf("%020d", n)] != nil ||
		slices.ContainsFunc(c.dropped[key], func(s stretch) bool { return s.from <= n && n <= s.through })
}
