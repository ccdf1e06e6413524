package virtual_test

import (
	"strings"
	"testing"
	"time"

	"mostrador/printer/virtual"
)

func TestParseFault(t *testing.T) {
	for text, want := range map[string]virtual.Fault{
		"paper-out":                {Kind: virtual.PaperOut},
		"paper-out@200":            {Kind: virtual.PaperOut, After: 200},
		"near-end@150mm":           {Kind: virtual.NearEnd, AfterMM: 150},
		"cover-open@0":             {Kind: virtual.CoverOpen},
		"hang@200 for=3s":          {Kind: virtual.Hang, After: 200, For: 3 * time.Second},
		"power-off@1,for=1m30s":    {Kind: virtual.PowerOff, After: 1, For: 90 * time.Second},
		"late=2s@10":               {Kind: virtual.Late, Delay: 2 * time.Second, After: 10},
		"missing":                  {Kind: virtual.Missing, N: 1},
		"missing=3":                {Kind: virtual.Missing, N: 3},
		"baud=9600":                {Kind: virtual.Baud, N: 9600},
		"buffer=64,for=250ms":      {Kind: virtual.Buffer, N: 64, For: 250 * time.Millisecond},
		"wrong":                    {Kind: virtual.Wrong, What: virtual.FlippedBit},
		"wrong=id@7":               {Kind: virtual.Wrong, What: virtual.WrongID, After: 7},
		"error=auto":               {Kind: virtual.Broken, What: virtual.Automatic},
		"\t error , for=24h0m0s  ": {Kind: virtual.Broken, What: virtual.Recoverable, For: 24 * time.Hour},
	} {
		got, err := virtual.ParseFault(text)
		if err != nil || got != want {
			t.Errorf("%q: %+v, %v", text, got, err)
		}
		if again, err := virtual.ParseFault(got.String()); err != nil || again != got {
			t.Errorf("%q is written %q and read %+v, %v", text, got, again, err)
		}
	}
}

// What is wrong with a fault is said with what would be right.
func TestParseFaultErrors(t *testing.T) {
	for text, want := range map[string]string{
		"":                      "there are: paper-out, near-end",
		"paper":                 `no fault "paper"; there are:`,
		"hang=3":                "takes no value",
		"hang@2000000000":       "no number of bytes up to 1073741824",
		"hang@-1":               "no number of bytes",
		"hang@":                 "no number of bytes",
		"hang@5mm":              "only the end of paper is counted in mm",
		"refuse@5":              "begins at once",
		"late":                  "needs a time between 1ms and 24h",
		"late=25h":              "needs a time between 1ms and 24h",
		"baud":                  "needs a number from 50 to 4000000",
		"baud=10":               "needs a number from 50 to 4000000",
		"buffer=+5":             "needs a number from 1",
		"missing=0":             "needs a number from 1",
		"wrong=sign":            "none of flip, id",
		"hang,3s":               `"3s" is not understood; write hang[@BYTES][,for=DURATION]`,
		"hang,for=3":            "for=3 is no time",
		"hang,for=3s,for=4s":    "is not understood",
		"error=unrecoverable@x": "write error[=recoverable|unrecoverable|auto][@BYTES][,for=DURATION]",
	} {
		if _, err := virtual.ParseFault(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q in it", text, err, want)
		}
	}
}

// What can be read is written so that it is read as the same.
func FuzzParseFault(f *testing.F) {
	for _, form := range virtual.FaultForms() {
		f.Add(form.Form)
		f.Add(string(form.Kind) + "=2@30,for=3s")
		f.Add(string(form.Kind) + "=10ms@30mm")
	}
	f.Fuzz(func(t *testing.T, text string) {
		fault, err := virtual.ParseFault(text)
		if err != nil {
			return
		}
		again, err := virtual.ParseFault(fault.String())
		if err != nil || again != fault {
			t.Errorf("%q is %+v, written %q, read %+v (%v)", text, fault, fault, again, err)
		}
	})
}
