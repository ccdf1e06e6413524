package main

import (
	"fmt"
	"log/slog"
	"os"
	"time"

	"mostrador/agent/config"
	"mostrador/agent/integration"
	"mostrador/agent/order"
	"mostrador/agent/spool"
	"mostrador/agent/spool/ticket"
	"mostrador/agent/uplink"
	"mostrador/printer"
	"mostrador/printer/profile"
	"mostrador/store"
)

// What the configuration says, in the words of each part.

// ticketKinds pairs the kinds of tickets with what the configuration says of them.
func ticketKinds(t config.Tickets) map[store.TicketKind]config.Ticket {
	return map[store.TicketKind]config.Ticket{
		store.ReceiptTicket: t.Receipt, store.InvoiceTicket: t.Invoice, store.PrecheckTicket: t.Precheck,
		store.DeliveryTicket: t.Delivery, store.ComandaTicket: t.Comanda, store.ChangeTicket: t.Change,
		store.VoidTicket: t.Void, store.ReportTicket: t.Report, store.DigestTicket: t.Digest, store.TestTicket: t.Test,
	}
}

func orderRules(cfg *config.Config) order.Rules {
	rules := order.Rules{LeadTime: cfg.Orders.LeadTime, Location: cfg.Terminal.Location(), Tickets: map[store.TicketKind]order.TicketRule{}}
	for _, p := range cfg.Printers {
		rules.Printers = append(rules.Printers, p.Name)
	}
	for _, s := range cfg.Stations {
		rules.Stations = append(rules.Stations, order.Station{
			Name: s.Name, Printers: s.Printers, Default: s.Default,
			Products: s.Products, Categories: s.Categories, Names: s.Names,
		})
	}
	for kind, t := range ticketKinds(cfg.Tickets) {
		rules.Tickets[kind] = order.TicketRule{Printers: t.Printers, MaxAge: t.MaxAge, Copies: t.Copies}
	}
	return rules
}

// ticketSettings are how tickets look. One without its logo is better than none.
func ticketSettings(cfg *config.Config, log *slog.Logger) ticket.Settings {
	s := ticket.Settings{
		Locale: cfg.Terminal.Locale, Zone: cfg.Terminal.Location(), Header: cfg.Tickets.Header,
		Terminal: cfg.Terminal.Store + "/" + cfg.Terminal.ID, Templates: cfg.Tickets.Templates, Log: log,
	}
	if cfg.Tickets.Logo == "" {
		return s
	}
	logo, err := os.ReadFile(cfg.Tickets.Logo)
	if err == nil {
		err = ticket.CheckLogo(logo)
	}
	if err != nil {
		log.Warn("tickets print without their logo", "file", cfg.Tickets.Logo, "error", err)
		return s
	}
	s.Logo = logo
	return s
}

func spoolSettings(cfg *config.Config, open portOpener, log *slog.Logger) (spool.Settings, error) {
	s := spool.Settings{
		Ticket:  ticketSettings(cfg, log),
		Unknown: map[store.TicketKind]spool.Policy{}, AlarmAfter: map[store.TicketKind]time.Duration{},
	}
	for kind, t := range ticketKinds(cfg.Tickets) {
		s.Unknown[kind], s.AlarmAfter[kind] = spool.Policy(t.Unknown), t.AlarmAfter
	}
	for _, p := range cfg.Printers {
		model, ok := profile.Lookup(p.Profile)
		if p.Profile == "auto" {
			model, ok = profile.Auto(), true // until the printer has said who it is
		}
		if !ok {
			return s, fmt.Errorf("printer %s: there is no profile %q; there are: %v", p.Name, p.Profile, profile.Names())
		}
		s.Printers = append(s.Printers, spool.Printer{
			Name: p.Name, Port: p.Port, Open: open(p.Port),
			Profile: model, Auto: p.Profile == "auto", Paper: p.Paper, Timing: printer.DefaultTiming(),
			Fallback: p.Fallback, FallbackAfter: p.FallbackAfter, AlarmsTo: p.AlarmsTo, Drawer: p.Drawer, DrawerHigh: p.DrawerOpen == "high", DrawerLeft: p.DrawerLeftOpen, Buzzer: p.Buzzer,
		})
	}
	return s, nil
}

func integrationSettings(cfg *config.Config) ([]integration.Settings, error) {
	var all []integration.Settings
	for _, i := range cfg.Integrations {
		secret, err := i.WebhookSecret()
		if err != nil {
			return nil, err
		}
		all = append(all, integration.Settings{
			Provider: i.Provider, Nickname: i.Nickname, Accept: order.Acceptance(i.Accept), Stores: i.Stores,
			Currency: cfg.Terminal.Currency, Location: cfg.Terminal.Location(), WebhookSecret: []byte(secret),
		})
	}
	return all, nil
}

func uplinkSettings(cfg *config.Config) (uplink.Settings, error) {
	password, err := cfg.Uplink.Password()
	u := cfg.Uplink
	return uplink.Settings{
		Store: cfg.Terminal.Store, Terminal: cfg.Terminal.ID, Version: version,
		Broker: u.Broker, Username: u.Username, Password: password,
		CAFile: u.CAFile, ClientCertFile: u.ClientCertFile, ClientKeyFile: u.ClientKeyFile, Renew: u.Renew,
		Proxy: u.Proxy, Window: u.Window, Rate: u.Rate, Batch: u.Batch, MaxPayload: int(u.MaxPayload), AcknowledgedBy: u.AcknowledgedBy,
		KeepSent: cfg.Buffer.KeepSent,
	}, err
}
