package netport

import (
	"net/netip"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/dns/dnsmessage"
)

func TestHosts(t *testing.T) {
	for _, test := range []struct {
		own         string
		count       int
		first, last string
		whole       bool
	}{
		{"192.168.1.20/24", 253, "192.168.1.1", "192.168.1.254", true},
		{"192.168.1.1/30", 1, "192.168.1.2", "192.168.1.2", true},
		{"10.1.2.3/22", 1021, "10.1.0.1", "10.1.3.254", true},
		{"10.1.2.3/8", 253, "10.1.2.1", "10.1.2.254", false},
	} {
		prefix := netip.MustParsePrefix(test.own)
		hosts, whole := localNetwork{own: prefix.Addr(), prefix: prefix}.hosts()
		if len(hosts) != test.count || hosts[0].String() != test.first || hosts[len(hosts)-1].String() != test.last || whole != test.whole {
			t.Errorf("%s: %d hosts, whole %v: %v", test.own, len(hosts), whole, hosts)
		}
		if slices.Contains(hosts, prefix.Addr()) {
			t.Errorf("%s: we are among them", test.own)
		}
	}
}

// answer is what a printer of that instance answers.
func answer(t testing.TB, instance string, port uint16, texts ...string) []byte {
	t.Helper()
	name := dnsmessage.MustNewName(instance + "." + rawPrinting)
	head := func(kind dnsmessage.Type) dnsmessage.ResourceHeader {
		return dnsmessage.ResourceHeader{Name: name, Type: kind, Class: dnsmessage.ClassINET, TTL: 10}
	}
	message := dnsmessage.Message{
		Header: dnsmessage.Header{Response: true, Authoritative: true},
		Answers: []dnsmessage.Resource{{
			Header: dnsmessage.ResourceHeader{Name: dnsmessage.MustNewName(rawPrinting), Type: dnsmessage.TypePTR, Class: dnsmessage.ClassINET},
			Body:   &dnsmessage.PTRResource{PTR: name},
		}},
		Additionals: []dnsmessage.Resource{
			{Header: head(dnsmessage.TypeSRV), Body: &dnsmessage.SRVResource{Port: port, Target: dnsmessage.MustNewName("printer.local.")}},
			{Header: head(dnsmessage.TypeTXT), Body: &dnsmessage.TXTResource{TXT: texts}},
		},
	}
	packet, err := message.Pack()
	if err != nil {
		t.Fatal(err)
	}
	return packet
}

func TestReadAnswer(t *testing.T) {
	from := netip.MustParseAddr("192.168.1.50")
	at := netip.AddrPortFrom(from, 9100)
	for _, test := range []struct {
		name   string
		packet []byte
		want   []announcement
	}{
		{"with what it is", answer(t, "cocina", 9100, "txtvers=1", "usb_MFG=EPSON", "usb_MDL=TM-T88VI", "ty=EPSON TM-T88VI"),
			[]announcement{{at: at, maker: "EPSON", model: "TM-T88VI"}}},
		{"with its name alone", answer(t, "cocina", 9100, "ty=Star mC-Print3"), []announcement{{at: at, model: "Star mC-Print3"}}},
		{"with its product", answer(t, "cocina", 9100, "product=(TM-m30)"), []announcement{{at: at, model: "TM-m30"}}},
		{"which is hostile", answer(t, "cocina", 9100, "ty=\x1b[31mrot\n\xff"+strings.Repeat("x", 200)),
			[]announcement{{at: at, model: "[31mrot" + strings.Repeat("x", 73)}}},
		{"without a port", answer(t, "cocina", 0), nil},
		{"which is a question", func() []byte { b, _ := query(); return b }(), nil},
		{"which is empty", nil, nil},
	} {
		if got := readAnswer(test.packet, from); !slices.Equal(got, test.want) {
			t.Errorf("an answer %s: got %+v, want %+v", test.name, got, test.want)
		}
	}
}

func FuzzAnswer(f *testing.F) {
	f.Add(answer(f, "cocina", 9100, "ty=EPSON TM-T88VI"))
	f.Add([]byte("\x00\x00\x84\x00\x00\x00\xff\xff\x00\x00\x00\x00\xc0\x0c"))
	f.Fuzz(func(t *testing.T, packet []byte) {
		for _, a := range readAnswer(packet, netip.MustParseAddr("192.168.1.50")) {
			for _, text := range []string{a.maker, a.model, a.serial} {
				if strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r == 0x7f }) || len([]rune(text)) > 80 {
					t.Errorf("%q", text)
				}
			}
			if a.at.Port() == 0 {
				t.Error("a printer without a port")
			}
		}
	})
}
