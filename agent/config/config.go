// Package config reads Mostrador's one TOML file: its keys, their defaults,
// and everything that can be wrong with them. All faults are reported at once,
// each with its line and what would be right.
//
// The doc comments of the types' fields are shown to people, too: they are the
// descriptions of the JSON Schema and of docs/configuration.md. The first line
// of a field's comment leaves out the field's name for that reason.
package config

import (
	"net/url"
	"time"
)

// A Config is one terminal's configuration, checked and with its defaults
// filled in.
type Config struct {
	// Who and where this terminal is.
	Terminal Terminal `toml:"terminal,required"`
	// What happens to the orders that come in.
	Orders Orders `toml:"orders"`
	// The line to the cloud. Without a broker the terminal works alone and
	// keeps what it has to tell.
	Uplink Uplink `toml:"uplink"`
	// What is kept on this machine, and how much of it.
	Buffer Buffer `toml:"buffer"`
	// The counter's page and the local API.
	Web Web `toml:"web"`
	// The printers, each with a name that the rest of the file uses.
	Printers []Printer `toml:"printer"`
	// The places of the kitchen and the bar, and which products each makes.
	Stations []Station `toml:"station"`
	// What all tickets have, and what holds for each kind.
	Tickets Tickets `toml:"tickets"`
	// The POS devices beside this terminal.
	Devices []Device `toml:"device"`
	// The delivery channels and systems that this terminal works with.
	Integrations []Integration `toml:"integration"`

	// Warnings are what works but deserves a look. They are not part of the
	// file.
	Warnings []Fault `toml:"-"`
}

// Terminal says who and where this terminal is.
type Terminal struct {
	// The store's id, the same on all its terminals.
	Store string `toml:"store,required" check:"id"`
	// This terminal's id, unique within its store.
	ID string `toml:"id,required" check:"id"`
	// The language and the words of the country on tickets and notices. The
	// languages es (with the words of CL, CO, PE, MX), en, fr, it and uk are
	// complete.
	Locale string `toml:"locale" check:"locale"`
	// The currency of the store, an ISO 4217 code.
	Currency string `toml:"currency,required" check:"currency"`
	// The time zone of the store, a name of the IANA data base.
	Timezone string `toml:"timezone,required" check:"timezone"`
	// When the business day starts, on a clock of 24 hours. A sale at 02:00
	// belongs to the day before when this is 05:00.
	BusinessDayStarts TimeOfDay `toml:"business_day_starts"`
	// The folder of the store file, the socket and the rest of the state. A
	// relative path starts at the folder of this file.
	DataDir string `toml:"data_dir" check:"path"`
	// Whether this terminal takes orders that are addressed to the whole store:
	// as their holder, as a stand-in when the holder is silent, or not at all.
	StoreOrders string `toml:"store_orders" check:"store_orders"`
	// How long the holder must have been silent before a stand-in takes what it
	// has not printed. The same on all terminals of the store: each tells that it
	// is there every quarter of it.
	TakeoverAfter time.Duration `toml:"takeover_after" min:"2s" max:"1h"`
}

// Location is the terminal's time zone.
func (t Terminal) Location() *time.Location {
	zone, err := time.LoadLocation(t.Timezone)
	if err != nil {
		return time.UTC // only a Config that was not parsed gets here
	}
	return zone
}

// Orders says what happens to the orders that come in.
type Orders struct {
	// How long before its delivery time a scheduled order goes to the kitchen.
	LeadTime time.Duration `toml:"lead_time" min:"0s" max:"24h"`
}

// Uplink is the line to the cloud, over MQTT 3.1.1.
type Uplink struct {
	// The broker's address; mqtt and ws are plain, tls and wss encrypted. No
	// broker means that the terminal works alone.
	Broker string `toml:"broker" check:"broker"`
	// The user name at the broker.
	Username string `toml:"username" check:"text"`
	// The file that holds the password at the broker. The environment variable
	// MOSTRADOR_UPLINK_PASSWORD may hold it instead.
	PasswordFile string `toml:"password_file" check:"path" secret:"true"`
	// The terminal's certificate, PEM, for mutual TLS.
	ClientCertFile string `toml:"client_cert_file" check:"path"`
	// The key of the certificate, PEM.
	ClientKeyFile string `toml:"client_key_file" check:"path" secret:"true"`
	// The certificates that the broker's own is checked against, PEM. Without
	// it the operating system's are used.
	CAFile string `toml:"ca_file" check:"path"`
	// Whether the terminal renews its certificate by itself before it ends.
	// mostrador pair sets it; certificate and key must lie in the same file then,
	// which Mostrador's user may write.
	Renew bool `toml:"renew"`
	// Where mostrador pair turns a code into the terminal's own credentials, where
	// the code itself does not say it.
	PairingBroker string `toml:"pairing_broker" check:"broker"`
	// The HTTP proxy on the way to the broker.
	Proxy string `toml:"proxy" check:"proxy"`
	// How many events may wait for their acknowledgement at once.
	Window int `toml:"window" min:"1" max:"1024"`
	// The most messages that are sent in a second; 0 means no limit. Some brokers
	// cut off a terminal that sends more than 100. A batch counts as one.
	Rate int `toml:"rate" min:"0" max:"100000"`
	// Whether a backlog goes up in compressed batches, which the backend must be
	// able to read. What comes when nothing waits goes alone and at once.
	Batch bool `toml:"batch"`
	// The most bytes that a message may have, where the broker has a bound (AWS
	// IoT: 128KiB). A larger event goes compressed where batch is on; one that is
	// larger even so stays on this terminal, and the backend is told its name.
	MaxPayload Size `toml:"max_payload" min:"4KiB" max:"256MiB"`
	// Whose word lets an event leave the buffer: the broker's, or that of the
	// backend itself.
	AcknowledgedBy string `toml:"acknowledged_by" check:"acknowledged_by"`
}

// Buffer says what is kept on this machine.
type Buffer struct {
	// The most that the store file may take on the disk. 2GiB by default, and
	// 768MiB where addresses have 32 bits.
	MaxSize Size `toml:"max_size" min:"64MiB"`
	// How long events are kept after they were sent, so that they can be sent
	// again; 0s keeps none.
	KeepSent time.Duration `toml:"keep_sent" min:"0s" max:"3650d"`
}

// Web is the counter's page and the local API.
type Web struct {
	// The address that it listens on. Anything but this machine's own address
	// lets the local network in.
	Listen string `toml:"listen" check:"listen"`
}

// A Printer is one receipt printer.
type Printer struct {
	// The printer's name in this file, on the command line and upstream.
	Name string `toml:"name,required" check:"name"`
	// Where the printer is.
	Port string `toml:"port,required" check:"port"`
	// What the printer can do: the name of its model, or auto.
	Profile string `toml:"profile" check:"profile"`
	// The width of its paper.
	Paper string `toml:"paper" check:"paper"`
	// The printers that take over when this one cannot print, in order. What
	// they print is marked as a copy.
	Fallback []string `toml:"fallback" check:"printer"`
	// How long this printer must have been unable to print before the others
	// take over.
	FallbackAfter time.Duration `toml:"fallback_after" min:"5s" max:"1h"`
	// The printers that say on paper when this one cannot print.
	AlarmsTo []string `toml:"alarms_to" check:"printer"`
	// Whether a cash drawer hangs on this printer and may be opened.
	Drawer bool `toml:"drawer"`
	// The level of the drawer connector's pin 3 that means an open drawer: low or
	// high, as the drawer's switch has it.
	DrawerOpen string `toml:"drawer_open" check:"level"`
	// How long the drawer may stand open before staff are told.
	DrawerLeftOpen time.Duration `toml:"drawer_left_open" min:"10s" max:"24h"`
	// Whether it sounds with each ticket of the kitchen.
	Buzzer bool `toml:"buzzer"`
}

// A Station is a place that makes products: the grill, the bar.
type Station struct {
	// The station's name, as its comandas show it.
	Name string `toml:"name,required" check:"name"`
	// The printers that its comandas come out of.
	Printers []string `toml:"printers,required" check:"printer" min:"1"`
	// External ids of the products that it makes; * stands for any characters.
	Products []string `toml:"products" check:"pattern"`
	// Categories of the products that it makes; * stands for any characters.
	Categories []string `toml:"categories" check:"pattern"`
	// Names of the products that it makes; * stands for any characters.
	Names []string `toml:"names" check:"pattern"`
	// Whether it makes what no other station takes. Exactly one of several
	// stations does; a single station always does.
	Default bool `toml:"default"`
}

// Tickets says what all tickets have, and what holds for each kind.
type Tickets struct {
	// The head of the customer's ticket, line by line: the restaurant's name,
	// then what stands below it, such as address and tax number. Without it the
	// ticket bears the name that the order's channel has for the store.
	Header []string `toml:"header" check:"heading" max:"12"`
	// The logo over the customer's ticket, a PNG. It is printed black on white,
	// as wide as it is in dots.
	Logo string `toml:"logo" check:"path"`
	// The folder of your own templates, such as comanda.receipt,
	// comanda.es-PE.receipt or comanda.58mm.receipt.
	Templates string `toml:"templates" check:"path"`
	// The customer's ticket, which is not a fiscal document.
	Receipt Ticket `toml:"receipt"`
	// The fiscal document, as its issuer sent it.
	Invoice Ticket `toml:"invoice"`
	// The bill before payment.
	Precheck Ticket `toml:"precheck"`
	// The delivery slip with the address.
	Delivery Ticket `toml:"delivery"`
	// The kitchen's ticket, one per station.
	Comanda Ticket `toml:"comanda"`
	// What changed in an order that the kitchen has already.
	Change Ticket `toml:"change"`
	// What the kitchen must not make any more.
	Void Ticket `toml:"void"`
	// Day totals and other reports.
	Report Ticket `toml:"report"`
	// After an outage: what waited and what expired.
	Digest Ticket `toml:"digest"`
	// The test print.
	Test Ticket `toml:"test"`
}

// A Ticket says what holds for one kind of ticket.
type Ticket struct {
	// How long after it is due a ticket of this kind may still be printed.
	MaxAge time.Duration `toml:"max_age" min:"1m" max:"30d"`
	// How long a ticket of this kind may wait before staff are told.
	AlarmAfter time.Duration `toml:"alarm_after" min:"10s" max:"24h"`
	// How many copies are printed.
	Copies int `toml:"copies" min:"1" max:"9"`
	// The printers that it comes out of. Without it, the first printer of the
	// default station. Kitchen tickets go to the printers of their station.
	Printers []string `toml:"printers" check:"printer"`
	// What happens to a ticket that was cut off in the middle, so that nobody
	// knows whether it is on paper: copy prints it once more, headed POSIBLE
	// DUPLICADO; ask waits for a person.
	Unknown string `toml:"unknown" check:"unknown"`
}

// A Device is one POS device that this terminal listens to.
type Device struct {
	// The device's name in this file, on the command line and upstream.
	Name string `toml:"name,required" check:"name"`
	// What kind of device it is.
	Driver string `toml:"driver,required" check:"driver"`
	// Where the device is.
	Port string `toml:"port,required" check:"port"`
	// The layout of what it sends, by the name of one that ships with
	// Mostrador.
	Profile string `toml:"profile" check:"text"`
	// The layout of what it sends, written out: a regular expression with named
	// groups, or columns. See the driver's page.
	Format string `toml:"format" check:"text"`
	// The layout of a journal that takes several lines for one receipt: each
	// kind of line, with its template. See the driver's page.
	Lines []string `toml:"lines" check:"text"`
	// The character set that it sends, such as cp850 or windows-1252.
	Encoding string `toml:"encoding" check:"text"`
	// What its own words for a kind of record mean, such as
	// { VTA = "item", ANU = "void" }.
	Kinds map[string]string `toml:"kinds"`
	// How it writes a date. See the driver's page.
	Date string `toml:"date" check:"text"`
	// How it writes a time. See the driver's page.
	Time string `toml:"time" check:"text"`
	// The character before the cents: a point or a comma.
	Decimal string `toml:"decimal" check:"decimal"`
	// What it waits for after each record, in hexadecimal, such as 06.
	Ack string `toml:"ack" check:"hex"`
	// What asks it to send a record again, in hexadecimal, such as 15.
	Nak string `toml:"nak" check:"hex"`

	// What scanning the code of a comanda does to its station's share of the
	// order: ready, dispatched or off. Without it, ready.
	OnComanda string `toml:"on_comanda" check:"scan"`
	// What scanning the code of a delivery slip does to its order. Without it,
	// dispatched.
	OnSlip string `toml:"on_slip" check:"scan"`
	// What scanning the code of a customer's ticket does to its order. Without
	// it, off: the order is shown.
	OnReceipt string `toml:"on_receipt" check:"scan"`
	// The display that shows for a moment what a code of this scanner did.
	AnswerOn string `toml:"answer_on" check:"display"`
	// How a scanner ends a code: line, tab, stx-etx or silence.
	Ends string `toml:"ends" check:"text"`
	// For how long nothing more may come from a scanner: then a code ends, or
	// half a one is given up.
	Silence time.Duration `toml:"silence"`
	// Whether a scanner sends the AIM identifier before each code: aim or none.
	CodeID string `toml:"code_id" check:"text"`
	// What a scanner was set to send before each code.
	Prefix string `toml:"prefix" check:"text"`
	// What a scanner was set to send behind each code.
	Suffix string `toml:"suffix" check:"text"`
	// For how long the same code of a scanner is the same reading; below zero
	// every reading counts.
	Again time.Duration `toml:"again"`
	// The least characters that a code has.
	Min int `toml:"min"`
	// The most characters that a code has.
	Max int `toml:"max"`
	// What makes a scanner signal that a code was of use, in hexadecimal, such
	// as 07.
	Good string `toml:"good" check:"hex"`
	// What makes a scanner signal that a code was of no use, in hexadecimal.
	Bad string `toml:"bad" check:"hex"`

	// What a scale speaks: toledo-8217, sics or toledo-continuous.
	Protocol string `toml:"protocol" check:"text"`
	// Whether a scale with sics is asked each time, poll, or goes on by itself,
	// continuous.
	Mode string `toml:"mode" check:"text"`
	// What a scale with toledo-8217 shows: kg, g, lb or oz.
	Unit string `toml:"unit" check:"text"`
	// How often a scale is asked while somebody looks.
	Every time.Duration `toml:"every"`
	// What an empty scale may drift by and still be empty, such as 0.005.
	Zero string `toml:"zero" check:"text"`
	// Whether a scale with toledo-continuous sends a checksum.
	Checksum bool `toml:"checksum"`

	// What a display shows: ready, the numbers of the orders that are ready;
	// totals, what a sale came to; idle, its idle text alone. Without it, all.
	Shows []string `toml:"shows" check:"shows"`
	// What a display shows when there is nothing else, one text for each row.
	Idle []string `toml:"idle" check:"text" max:"2"`
	// How long each page of a display stands where there are several.
	Page time.Duration `toml:"page"`
	// For how long a display shows the number of an order that is ready, unless
	// it leaves before.
	ReadyFor time.Duration `toml:"ready_for"`
	// The number that a display has for its code page, where that is not Epson's.
	CodePage int `toml:"code_page"`
	// How bright a display is: 1 (20 %) to 4 (100 %).
	Brightness int `toml:"brightness"`
	// Of a tap: where the printer is. Port is then where the POS is: a serial
	// line, or listen://:9100 for a POS that prints over the network.
	PrinterPort string `toml:"printer_port" check:"port"`
	// Of a tap: the model of the printer, whose code pages the receipts are
	// written in.
	PrinterProfile string `toml:"printer_profile" check:"text"`
	// Of a tap: the file that says how its receipts are read, as mostrador tap
	// learn writes it. Without it every receipt is kept unread.
	ProfileFile string `toml:"profile_file" check:"path"`
	// Of a tap: who answers a POS that asks the printer for its state. With relay
	// the printer alone; with answer the tap, where the printer never says
	// anything.
	Status string `toml:"status" check:"text"`
	// The till whose sales it hears, upstream. Devices that hear the same till
	// bear the same name, and a receipt that several of them tell counts once. By
	// default the device's name.
	PointOfSale string `toml:"point_of_sale" check:"text"`
}

// An Integration is one account at a delivery channel or another system. It is
// identified by provider and nickname.
type Integration struct {
	// The channel or system.
	Provider string `toml:"provider,required" check:"provider"`
	// The name that tells it from others of the same provider.
	Nickname string `toml:"nickname,required" check:"name"`
	// Whether its orders are accepted at once or by a person.
	Accept string `toml:"accept" check:"accept"`
	// How it is reached: through the backend's relay over MQTT, or from here
	// over its own API.
	Via string `toml:"via" check:"via"`
	// The file that holds its API token. The environment variable
	// MOSTRADOR_<PROVIDER>_<NICKNAME>_TOKEN may hold it instead.
	TokenFile string `toml:"token_file" check:"path" secret:"true"`
	// The file that holds the secret that its webhooks are signed with. The
	// environment variable MOSTRADOR_<PROVIDER>_<NICKNAME>_WEBHOOK_SECRET may
	// hold it instead.
	WebhookSecretFile string `toml:"webhook_secret_file" check:"path" secret:"true"`
	// The channel's ids of the stores whose orders this terminal takes. Without
	// it, all of them.
	Stores []string `toml:"stores" check:"text"`
}

// Known is what this build of Mostrador knows, handed in so that this package
// needs none of the others. A nil map is not checked against.
type Known struct {
	// Schemes of port addresses, each with a check of an address that touches
	// no hardware.
	Schemes map[string]func(*url.URL) error
	// Advise says what is worth a look of a right address, and what would be
	// better; empty for nothing. It may look at this machine, but touches no
	// hardware.
	Advise func(*url.URL) (problem, mend string)
	// Address reads the address of a port; nil is url.Parse.
	Address func(string) (*url.URL, error)
	// Profiles of printers, each with the papers that the model takes. The name
	// auto is always known.
	Profiles map[string][]string
	// Providers of integrations.
	Providers []string
	// Drivers of devices, each with a check of a device's options. The error
	// may join several; one that begins with a key and a colon is reported at
	// that key.
	Drivers map[string]func(Device) error
	// Templates says what is wrong with a folder of ticket templates, Logo with
	// the bytes of a picture. Tickets print without what has faults, so these are
	// warnings.
	Templates func(folder string) []error
	Logo      func(png []byte) error
}
