package main

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	"mostrador/agent/config"
	"mostrador/agent/device"
	"mostrador/agent/order"
	"mostrador/agent/sale"
	"mostrador/drivers"
	"mostrador/drivers/display"
	"mostrador/drivers/register"
	"mostrador/drivers/scale"
	"mostrador/drivers/scanner"
	"mostrador/store"
)

// deviceDrivers are the kinds of POS devices, by the name that the
// configuration has for them.
func deviceDrivers() map[string]func(config.Device) (drivers.Device, error) {
	return map[string]func(config.Device) (drivers.Device, error){
		"register": newRegister,
		"scanner":  newScanner,
		"scale":    newScale,
		"display":  newDisplay,
		"tap":      newTap,
	}
}

// newRegister makes the driver of a register. Its error joins every fault of
// the settings, each beginning with the key that it is about.
func newRegister(d config.Device) (drivers.Device, error) {
	settings := register.Settings{
		Format: d.Format, Lines: d.Lines, Encoding: d.Encoding, Kinds: d.Kinds, Date: d.Date, Time: d.Time,
		Decimal: d.Decimal, Ack: d.Ack, Nak: d.Nak,
	}
	if d.Profile != "" {
		shipped := register.Profiles()
		profile, found := shipped[d.Profile]
		if !found {
			names := strings.Join(slices.Sorted(maps.Keys(shipped)), ", ")
			return nil, fmt.Errorf("profile: there is no %q; there is %s", d.Profile, names)
		}
		settings = settings.Or(profile)
	}
	return driver(register.New(settings))(onlyKeys(d, "profile", "format", "lines", "encoding", "kinds", "date", "time", "decimal", "ack", "nak", "point_of_sale"))
}

func newScanner(d config.Device) (drivers.Device, error) {
	return driver(scanner.New(scanner.Settings{
		Ends: d.Ends, Silence: d.Silence, CodeID: d.CodeID, Prefix: d.Prefix, Suffix: d.Suffix, Encoding: d.Encoding,
		Again: d.Again, Min: d.Min, Max: d.Max, Ack: d.Ack, Nak: d.Nak, Good: d.Good, Bad: d.Bad,
	}))(onlyKeys(d, "on_comanda", "on_slip", "on_receipt", "answer_on", "ends", "silence", "code_id", "prefix", "suffix",
		"encoding", "again", "min", "max", "ack", "nak", "good", "bad"))
}

func newScale(d config.Device) (drivers.Device, error) {
	return driver(scale.New(scale.Settings{
		Protocol: d.Protocol, Mode: d.Mode, Unit: d.Unit, Every: d.Every, Zero: d.Zero, Checksum: d.Checksum,
	}))(onlyKeys(d, "protocol", "mode", "unit", "every", "zero", "checksum"))
}

func newDisplay(d config.Device) (drivers.Device, error) {
	return driver(display.New(display.Settings{Encoding: d.Encoding, CodePage: d.CodePage, Brightness: d.Brightness}))(errors.Join(
		onlyKeys(d, "shows", "idle", "page", "ready_for", "encoding", "code_page", "brightness"),
		inRange("page", d.Page, time.Second, time.Minute),
		inRange("ready_for", d.ReadyFor, time.Minute, 24*time.Hour)))
}

// driver joins what a constructor says of a driver's own settings with what is
// wrong beside them.
func driver[D drivers.Device](made D, err error) func(error) (drivers.Device, error) {
	return func(beside error) (drivers.Device, error) {
		if err := errors.Join(err, beside); err != nil {
			return nil, err
		}
		return made, nil
	}
}

// inRange says what is wrong with a time that has a default.
func inRange(key string, d, least, most time.Duration) error {
	if d != 0 && (d < least || d > most) {
		return fmt.Errorf("%s: %v: it is from %v to %v", key, d, least, most)
	}
	return nil
}

// onlyKeys says which keys of a device are set that its driver has not.
func onlyKeys(d config.Device, has ...string) error {
	var faults []error
	v := reflect.ValueOf(d)
	for i := range v.NumField() {
		key, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("toml"), ",")
		if key == "name" || key == "driver" || key == "port" || v.Field(i).IsZero() || slices.Contains(has, key) {
			continue
		}
		faults = append(faults, fmt.Errorf("%s: a %s has no such key; it has %s", key, d.Driver, strings.Join(has, ", ")))
	}
	return errors.Join(faults...)
}

func deviceConfigs(cfg *config.Config, open portOpener, st *store.Store, intake *order.Intake) ([]device.Config, error) {
	var all []device.Config
	for _, d := range cfg.Devices {
		driver, err := deviceDrivers()[d.Driver](d)
		if err != nil {
			return nil, fmt.Errorf("device %s: %w", d.Name, err)
		}
		one := device.Config{Name: d.Name, Kind: d.Driver, Open: open(d.Port), Device: driver, Keeper: device.Readings{}, Answers: d.AnswerOn}
		switch d.Driver {
		case "register":
			one.Keeper = sale.NewRecorder(st, saleSource(cfg, d))
		case "tap":
			if one.Device, one.Keeper, err = wireTap(d, open, st, saleSource(cfg, d)); err != nil {
				return nil, fmt.Errorf("device %s: %w", d.Name, err)
			}
		case "scanner":
			one.Keeper = device.NewCodes(d.Name, order.ScanRule{
				Comanda: cmp.Or(d.OnComanda, order.MarksReady), Slip: cmp.Or(d.OnSlip, order.MarksDispatched),
				Receipt: cmp.Or(d.OnReceipt, order.MarksNothing),
			}, intake)
		case "display":
			one.Board = device.NewBoard(boardSettings(cfg, d))
		}
		all = append(all, one)
	}
	return all, nil
}

// saleSource says of a device's sales what it does not.
func saleSource(cfg *config.Config, d config.Device) sale.Source {
	return sale.Source{
		Name: d.Driver + "/" + d.Name, Currency: cfg.Terminal.Currency,
		PointOfSale: cmp.Or(d.PointOfSale, d.Name), Shared: d.PointOfSale != "",
		Location:  cfg.Terminal.Location(),
		DayStarts: time.Duration(cfg.Terminal.BusinessDayStarts) * time.Minute,
	}
}

func boardSettings(cfg *config.Config, d config.Device) device.BoardSettings {
	shows := func(what string) bool { return len(d.Shows) == 0 || slices.Contains(d.Shows, what) }
	return device.BoardSettings{
		Ready: shows(device.ShowsReady), Totals: shows(device.ShowsTotals), Idle: d.Idle,
		Page: d.Page, ReadyFor: d.ReadyFor, Locale: cfg.Terminal.Locale,
	}
}
