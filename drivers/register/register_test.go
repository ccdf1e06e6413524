package register_test

import (
	"strings"
	"testing"

	"go.uber.org/goleak"

	"mostrador/drivers/register"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestParseFaults(t *testing.T) {
	for _, test := range []struct{ format, fault string }{
		{"receipt:1-6 amount:8-17", ""},
		{"kind:1 amount:8-17", ""},
		{`(?P<receipt>\d+) (?P<amount>[\d.]+)`, ""},
		{`(?<price>\d+)`, ""},
		{"", "it is empty"},
		{"   ", "it is empty"},
		{"receipt:1-6 amount:8-", `"amount:8-" is no column`},
		{"receipt", `"receipt" is no column`},
		{"receipt:0-6 amount:8-9", "receipt:0-6: columns are counted from 1"},
		{"receipt:1-6 amount:9-8", "amount:9-8 ends before it begins"},
		{"receipt:1-6 amount:6-8", "amount:6-8 overlaps receipt"},
		{"receipt:1-6 amount:8-99999", "counted from 1 to 4096"},
		{"receipt:1-6 amout:8-9", `there is no field "amout"`},
		{"receipt:1-2 receipt:3-4 amount:5-6", "receipt is named twice"},
		{"receipt:1-6 name:8-9", "it names no money"},
		{`(?P<amount>\d+`, "cannot be read"},
		{`(\d+) (\d+)`, "it names no money"},
		{`(?P<suma>\d+)(?P<amount>\d+)`, `there is no field "suma"`},
		{strings.Repeat("x", 5000), "at most 4096"},
	} {
		_, err := register.Parse(test.format)
		wantFault(t, "format "+test.format, err, test.fault)
	}
}

func TestSettingsFaults(t *testing.T) {
	valid := register.Settings{Format: "receipt:1-6 amount:8-17"}
	for _, test := range []struct {
		settings register.Settings
		fault    string
	}{
		{register.Settings{}, ""},
		{register.Settings{Encoding: "CP850", Date: "DD.MM.YY", Time: "hh:MM AM", Decimal: ",", Ack: "06", Nak: "1B 15"}, ""},
		{register.Settings{Date: "D/M/YYYY", Time: "HHMMSS"}, ""},
		{register.Settings{Encoding: "latin"}, `encoding: "latin" is not known`},
		{register.Settings{Date: "YYYY-MM"}, "date: \"YYYY-MM\": the day is missing"},
		{register.Settings{Date: "YYYY-MM-DD-YY"}, "the year is there twice"},
		{register.Settings{Date: "dd/mm/yyyy"}, `"dd/mm/yyyy" means nothing here`},
		{register.Settings{Time: "HH"}, "time: \"HH\": the minute is missing"},
		{register.Settings{Time: "hh:MM"}, "hours hh go with AM"},
		{register.Settings{Time: "HH:MM[:SS"}, "the bracket does not close"},
		{register.Settings{Date: "DMYYYY"}, "something must stand between it and M"},
		{register.Settings{Decimal: ";"}, `decimal: ";"`},
		{register.Settings{Ack: "ACK"}, `ack: "ACK": write bytes in hex`},
		{register.Settings{Nak: strings.Repeat("15", 17)}, "nak: 17 bytes"},
		{register.Settings{Kinds: map[string]string{"1": "venta"}}, `kinds: "1" means "venta"`},
	} {
		_, err := register.New(test.settings.Or(valid))
		wantFault(t, "settings", err, test.fault)
	}
	_, err := register.New(register.Settings{Encoding: "latin", Date: "x", Ack: "g"})
	for _, key := range []string{"format: ", "encoding: ", "date: ", "ack: "} {
		wantFault(t, "four faults", err, key)
	}
}

func wantFault(t *testing.T, what string, err error, fault string) {
	t.Helper()
	switch {
	case fault == "" && err != nil:
		t.Errorf("%s is refused: %v", what, err)
	case fault != "" && (err == nil || !strings.Contains(err.Error(), fault)):
		t.Errorf("%s: got %v, want a fault with %q", what, err, fault)
	}
}

func TestProfiles(t *testing.T) {
	for name, settings := range register.Profiles() {
		if _, err := register.New(settings); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{"receipt:1-6 amount:8-17", `(?P<amount>\d+)`, "a:1-", ":", "amount:1-1 kind:2", `(?P<amount>(`} {
		f.Add(seed, "I 000123 12.00")
	}
	f.Fuzz(func(t *testing.T, s, line string) {
		format, err := register.Parse(s)
		if err != nil {
			if strings.TrimSpace(err.Error()) == "" {
				t.Error("a fault without a word")
			}
			return
		}
		if len(format.Fields()) == 0 {
			t.Errorf("%q has no fields and is taken", s)
		}
		if _, err := register.New(register.Settings{Format: s}); err != nil {
			t.Errorf("%q is taken by Parse and refused by New: %v", s, err)
		}
	})
}
