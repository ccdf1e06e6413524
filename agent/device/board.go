package device

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"mostrador/drivers"
	"mostrador/store"
)

// The size that boards are composed for.
const (
	boardColumns = 20
	boardRows    = 2
)

// What a display may show beside its idle text.
const (
	ShowsReady  = "ready"  // the numbers of the orders that are ready
	ShowsTotals = "totals" // what a sale came to, for a moment
)

// BoardSettings say what stands on a display.
type BoardSettings struct {
	Ready, Totals bool
	// Idle is what stands there when there is nothing else.
	Idle []string
	// Page is how long each page of numbers stands, ReadyFor how long the number
	// of a ready order is shown at most, TotalFor how long a sale's total is.
	Page, ReadyFor, TotalFor time.Duration
	// Locale of the terminal, for words and amounts.
	Locale string
}

// A Board says what stands on one display: the answer to a code, for a moment;
// else what a sale came to, for a moment; else the orders that are ready, page
// by page, the newest first; else the idle text.
type Board struct {
	settings BoardSettings
	words    boardWords
	money    *store.MoneyFormat
	changed  chan struct{}

	mu      sync.Mutex
	message []drivers.Line
	until   time.Time // when the message goes
}

// NewBoard makes the board of one display. Times that are 0 get their defaults:
// pages of 4 s, 30 minutes for a number, 15 s for a total.
func NewBoard(s BoardSettings) *Board {
	for _, d := range []struct {
		field *time.Duration
		value time.Duration
	}{{&s.Page, 4 * time.Second}, {&s.ReadyFor, 30 * time.Minute}, {&s.TotalFor, 15 * time.Second}} {
		if *d.field == 0 {
			*d.field = d.value
		}
	}
	return &Board{settings: s, words: boardWordsOf(s.Locale), money: store.NewMoneyFormat(s.Locale), changed: make(chan struct{}, 1)}
}

// board is that of the display of a name, nil when there is none.
func (d *Devices) board(name string) *Board {
	if l := d.line(name); l != nil {
		return l.Board
	}
	return nil
}

// say shows rows for a while, over everything else.
func (b *Board) say(rows []drivers.Line, d time.Duration) {
	b.mu.Lock()
	b.message, b.until = rows, time.Now().Add(d)
	b.mu.Unlock()
	select {
	case b.changed <- struct{}{}:
	default:
	}
}

func (b *Board) said(now time.Time) (rows []drivers.Line, left time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if left = b.until.Sub(now); left <= 0 {
		return nil, 0
	}
	return b.message, left
}

// run keeps show up to date until ctx ends. It wakes only when something changes.
func (b *Board) run(ctx context.Context, st *store.Store, show func([]drivers.Line)) {
	orders, stopOrders := st.Watch(store.TopicOrders)
	defer stopOrders()
	sales, stopSales := st.Watch(store.TopicSales)
	defer stopSales()
	if !b.settings.Ready {
		orders = nil
	}
	if !b.settings.Totals {
		sales = nil
	}
	c := composing{Board: b, st: st}
	c.read(true, true)
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-orders:
			c.read(true, false)
		case <-sales:
			c.read(false, true)
		case <-b.changed:
		case <-timer.C:
		}
		rows, next := c.compose(time.Now())
		show(rows)
		timer.Stop()
		if next > 0 {
			timer.Reset(next)
		}
	}
}

// A composing is a board under way.
type composing struct {
	*Board
	st *store.Store

	ready  []readyOrder
	pageAt time.Time // when the first page began
	sale   *store.Sale
	saleAt time.Time // when it was first seen here
}

// A readyOrder is one that a guest may take.
type readyOrder struct {
	number string
	until  time.Time // when nobody shows it any more
}

// newest is how many of the newest orders are looked through.
const newest = 200

// read takes from the store what may have changed. What cannot be read is left
// as it was: a display is no place to tell of it.
func (c *composing) read(orders, sales bool) {
	now := time.Now()
	_ = c.st.View(func(tx *store.Tx) error {
		if orders && c.settings.Ready {
			c.readOrders(tx, now)
		}
		if sales && c.settings.Totals {
			c.readSale(tx, now)
		}
		return nil
	})
}

func (c *composing) readOrders(tx *store.Tx, now time.Time) {
	var ready []readyOrder
	var since []time.Duration
	seen := 0
	for o, err := range tx.Orders() {
		if seen++; err != nil || seen > newest {
			break
		}
		if o.Status != store.Ready || o.Number == "" {
			continue
		}
		at := o.ReadyAt
		if at.IsZero() {
			at = o.ChangedAt
		}
		age, _ := at.Since(tx.Now())
		if age >= c.settings.ReadyFor {
			continue
		}
		i := len(ready)
		for i > 0 && since[i-1] > age {
			i--
		}
		one := readyOrder{boardNumber(o.Number), now.Add(c.settings.ReadyFor - age)}
		ready = append(ready[:i], append([]readyOrder{one}, ready[i:]...)...)
		since = append(since[:i], append([]time.Duration{age}, since[i:]...)...)
	}
	if len(ready) == 0 || len(c.ready) == 0 || ready[0].number != c.ready[0].number {
		c.pageAt = now // a new one is seen at once
	}
	c.ready = ready
}

func (c *composing) readSale(tx *store.Tx, now time.Time) {
	for s, err := range tx.Sales() {
		if err != nil {
			return
		}
		if c.sale != nil && c.sale.Seq == s.Seq {
			return
		}
		age, _ := s.RecordedAt.Since(tx.Now())
		c.sale, c.saleAt = s, now.Add(-age)
		return
	}
}

// compose says what stands there now, and after how long that changes; 0 for
// not by itself.
func (c *composing) compose(now time.Time) (rows []drivers.Line, next time.Duration) {
	if rows, left := c.said(now); left > 0 {
		return rows, left
	}
	if c.sale != nil {
		if left := c.settings.TotalFor - now.Sub(c.saleAt); left > 0 {
			return c.saleRows(c.sale), left
		}
	}
	for len(c.ready) > 0 && !now.Before(c.ready[len(c.ready)-1].until) { // the oldest is the last
		c.ready = c.ready[:len(c.ready)-1]
	}
	if len(c.ready) == 0 {
		for _, text := range c.settings.Idle {
			rows = append(rows, drivers.Line{Left: text})
		}
		return rows, 0
	}
	pages := packed(c.ready)
	turn := max(now.Sub(c.pageAt), 0)
	page := int(turn/c.settings.Page) % len(pages)
	rows = []drivers.Line{{Left: c.words.ready}, {Left: pages[page]}}
	next = c.ready[len(c.ready)-1].until.Sub(now)
	if len(pages) > 1 {
		rows[0].Right = fmt.Sprintf("%d/%d", page+1, len(pages))
		next = min(next, c.settings.Page-turn%c.settings.Page)
	}
	return rows, next
}

// packed puts numbers into rows, as many as fit.
func packed(ready []readyOrder) (rows []string) {
	for _, r := range ready {
		last := len(rows) - 1
		if last >= 0 && len([]rune(rows[last]))+1+len([]rune(r.number)) <= boardColumns {
			rows[last] += " " + r.number
		} else {
			rows = append(rows, r.number)
		}
	}
	return rows
}

// boardNumber is an order's number as a guest reads it: without blanks, and of a
// long one its end, which is what differs.
func boardNumber(number string) string {
	number = strings.TrimLeft(strings.Join(strings.Fields(number), ""), "#")
	const most = 9 // two of them fit beside each other
	if r := []rune(number); len(r) > most {
		number = string(r[len(r)-most:])
	}
	return number
}

// saleRows are what a sale came to.
func (c *composing) saleRows(s *store.Sale) []drivers.Line {
	first := drivers.Line{Left: fmt.Sprintf("%d %s", len(s.Lines), c.words.items)}
	switch len(s.Lines) {
	case 0:
		first = drivers.Line{}
	case 1:
		first = drivers.Line{Left: s.Lines[0].Name, Right: c.amount(s.Lines[0].Total, s.Currency)}
	}
	return []drivers.Line{first, {Left: c.words.total, Right: c.amount(s.Total, s.Currency)}}
}

// amount fits beside a word, or stands for itself.
func (c *composing) amount(minor int64, currency string) string {
	text := strings.ReplaceAll(c.money.Format(minor, currency), "\u00a0", " ")
	if len([]rune(text)) > boardColumns {
		return "…"
	}
	return text
}

// show puts rows on a display, and into its status as they stand there.
func (l *line) show(display drivers.Shower, rows []drivers.Line) {
	if err := display.Show(rows); err != nil {
		l.log.Warn("the display cannot show it", "error", err)
		return
	}
	shown := make([]string, 0, boardRows)
	for _, r := range rows {
		shown = append(shown, rowText(r))
	}
	l.alter(func(s *Status) { s.Shown = shown })
}

// rowText is a row as it stands on the display.
func rowText(r drivers.Line) string {
	if r.Right == "" {
		return clipped(r.Left, boardColumns)
	}
	room := boardColumns - len([]rune(r.Right)) - 1
	left := clipped(r.Left, max(room, 0))
	return left + strings.Repeat(" ", max(boardColumns-len([]rune(left))-len([]rune(r.Right)), 0)) + r.Right
}

func clipped(text string, most int) string {
	if r := []rune(text); len(r) > most {
		return string(r[:most])
	}
	return text
}

func joined(names []string) string { return strings.Join(names, ",") }
