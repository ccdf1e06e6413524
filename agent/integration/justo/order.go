package justo

import (
	"strings"
	"time"

	"mostrador/agent/integration"
	"mostrador/agent/order"
	"mostrador/store"
)

// A reader reads one payload into an order.
type reader struct {
	settings integration.Settings
	arrival  integration.Arrival
	in       envelope
	o        *store.Order
	amounts  integration.Amounts
	zone     *time.Location
}

func (r *reader) flag(code, text string) { order.AddFlag(r.o, code, text) }

// read fills the order. statusOnly: the payload says how far the order is, and
// nothing of its content.
func (r *reader) read() (statusOnly bool, err error) {
	in := r.in.order
	r.o.Key = store.OrderKey{Provider: Name, Nickname: r.settings.Nickname, ChannelID: idOf(in)}
	r.zone = zone(in, r.settings)
	r.status()
	r.dates()
	r.courier()
	if !in.Has("items") {
		if r.in.event == "orderStatusUpdated" {
			return true, nil
		}
		return false, &integration.Unreadable{Code: "no_items", Text: "no trae sus productos (items)"}
	}
	r.head()
	r.kind()
	r.customer()
	r.totals()
	r.payment()
	r.invoice()
	if err := r.items(); err != nil {
		return false, err
	}
	r.checkSums()
	r.amounts.Flag(r.o)
	return false, nil
}

// zone is the store's own where Justo names one, else the configured one.
func zone(in integration.Object, s integration.Settings) *time.Location {
	name := in.Object("store").Object("schedule").Text("timezone")
	if loc, err := time.LoadLocation(name); name != "" && !strings.EqualFold(name, "local") && err == nil {
		return loc
	}
	return s.Zone()
}

// status is the new one of a notification, else the order's own.
func (r *reader) status() {
	word := ""
	for _, o := range []integration.Object{r.in.outer, r.in.data, r.in.order} {
		if word == "" {
			word = o.Text("newOrderStatus")
		}
	}
	if word == "" {
		word = r.in.order.Text("orderStatus", "status")
	}
	r.o.Status = status(word)
	switch {
	case word == "":
		r.o.Status = store.Received
	case r.o.Status == "":
		r.o.StatusRaw = word
		shown, _ := order.Clean(word, 40)
		r.flag("status_unknown", "estado del canal que aquí no se conoce: "+shown)
	}
}

// dates: the envelope's is the revision's; the order's own is when it was placed.
func (r *reader) dates() {
	if r.in.event != "" {
		r.o.Dated, _ = integration.Time(r.in.outer.Text("date"), r.zone)
	}
	if r.o.Dated.IsZero() {
		r.o.Dated, _ = integration.Time(r.in.order.Text("updatedAt"), r.zone)
	}
	placed, ok := integration.Time(r.in.order.Text("createdAt", "date", "orderDate"), r.zone)
	if !ok && r.in.event != "orderStatusUpdated" && r.in.event != "orderItemsUpdated" {
		placed = r.o.Dated
	}
	if placed.IsZero() {
		placed = r.arrival.ReceivedAt.UTC()
	}
	r.o.PlacedAt = placed
}

func (r *reader) courier() {
	r.o.ManagedDelivery = r.in.order.Bool("hasManagedDelivery")
	list, _ := r.in.order.List("deliveries")
	for _, v := range list { // the last one that says something counts
		d, _ := v.(map[string]any)
		if s := integration.Object(d).Text("status"); s != "" {
			r.o.Courier = s
		}
		if s := integration.Object(d).Text("trackingURL"); s != "" {
			r.o.CourierURL = s
		}
	}
}

// head: what people call the order and where it comes from.
func (r *reader) head() {
	in, st, tx := r.in.order, r.in.order.Object("store"), r.in.order.Object("transaction")
	r.o.Currency = r.settings.Currency
	r.o.Number = in.Text("code", "fullCode")
	if r.o.Number == "" {
		id := []rune(r.o.Key.ChannelID)
		r.o.Number = strings.ToUpper(string(id[max(0, len(id)-6):]))
	}
	r.o.Transaction = tx.Text("number", "_id", "id")
	r.o.PointOfSale = st.Text("name", "externalId", "_id")
	r.o.Observations = in.Text("comment", "comments", "observations", "notes")
	r.o.Origin = in.Text("source", "channel")
	r.o.Coupon = in.Text("couponCode")
	r.o.Scheduled = in.Bool("isScheduled")
	due, ok := integration.Time(in.Text("deliverAt"), r.zone)
	r.o.DueAt = due
	if r.o.Scheduled && !ok {
		r.flag("due_unknown", "pedido programado sin hora de entrega legible: se imprime ya")
	}
}

// kind: deliveryType says it; without one the store, the channel and the
// address do.
func (r *reader) kind() {
	in := r.in.order
	r.o.Table = r.table()
	r.o.Address = r.address()
	channel := strings.ToLower(in.Text("channel"))
	toDoor := r.o.Address != nil || strings.HasSuffix(channel, "-delivery")
	word := strings.ToLower(in.Text("deliveryType"))
	switch {
	case word == "delivery":
		r.o.Kind = store.Delivery
	case word == "go":
		r.o.Kind = store.Pickup
	case word == "serve":
		r.o.Kind = store.Table
	case r.o.Table != "", !toDoor && in.Object("store").Bool("acceptServe"):
		r.o.Kind = store.Table
	case toDoor:
		r.o.Kind = store.Delivery
	default:
		r.o.Kind = store.Pickup
	}
	if word != "" && word != "delivery" && word != "go" && word != "serve" && word != "false" {
		shown, _ := order.Clean(word, 40)
		r.flag("kind_unknown", "tipo de entrega que aquí no se conoce: "+shown)
	}
	if r.o.Kind == store.Table && r.o.Table == "" {
		r.flag("table_missing", "pedido de mesa sin número de mesa: asígnele una")
	}
}

// table is taken wherever Justo has been seen to name one; names before
// numbers before ids.
func (r *reader) table() string {
	places := []integration.Object{r.in.order, r.in.order.Object("orderParams"), r.in.order.Object("tab"), r.in.data, r.in.outer}
	for _, o := range places {
		if names := o.Texts("tableNames"); len(names) > 0 {
			return strings.Join(names, ", ")
		}
		t := o.Object("table")
		for _, s := range []string{t.Text("name", "number"), o.Text("table"), o.Text("tableName", "tableNumber")} {
			if s != "" && !strings.EqualFold(s, "false") {
				return s
			}
		}
	}
	for _, o := range places {
		if ids := o.Texts("tableIds"); len(ids) > 0 {
			return strings.Join(ids, ", ")
		}
	}
	return ""
}

func (r *reader) customer() {
	in := r.in.order
	r.o.Customer = store.Customer{Name: in.Text("buyerName"), Phone: in.Text("phone"), Email: in.Text("email")}
}

// address is nil for an order that goes nowhere. Its parts may be encrypted;
// those are left out, and said.
func (r *reader) address() *store.Address {
	in := r.in.order.Object("address")
	if text := r.in.order.Text("address"); text != "" && !strings.EqualFold(text, "false") {
		in = integration.Object{"address": text}
	}
	if len(in) == 0 {
		return nil
	}
	loc := in.Object("location")
	a := store.Address{
		Street: r.addressPart(in, "address"), Secondary: r.addressPart(in, "addressSecondary"), Comment: r.addressPart(in, "comment"),
		Lat: degrees(loc.Text("lat", "latitude")), Lng: degrees(loc.Text("lng", "longitude")),
	}
	if a == (store.Address{}) && !order.HasFlag(r.o, "address_encrypted") {
		return nil
	}
	return &a
}

func (r *reader) addressPart(in integration.Object, name string) string {
	text := in.Text(name)
	if _, isObject := in[name].(map[string]any); isObject || encrypted(text) {
		r.flag("address_encrypted", "parte de la dirección viene cifrada: véala en la aplicación de Justo")
		return ""
	}
	return text
}

// encrypted recognises what no address looks like: one long word of base64 or
// hexadecimal digits, be it in parts that a colon or a point joins.
func encrypted(s string) bool {
	if len(s) < 32 || strings.ContainsAny(s, " ,#") {
		return false
	}
	digits, letters := 0, 0
	for _, c := range s {
		switch {
		case c >= '0' && c <= '9':
			digits++
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z':
			letters++
		case !strings.ContainsRune("+/=_-:.", c):
			return false
		}
	}
	return digits > 0 && letters > 0
}

// degrees keeps a coordinate's text if it is a number.
func degrees(s string) string {
	if _, err := store.ParseQuantity(s); err != nil {
		return ""
	}
	return s
}
