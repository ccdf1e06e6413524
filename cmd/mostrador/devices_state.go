package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"

	"github.com/spf13/cobra"

	"mostrador/agent/device"
	"mostrador/agent/web"
	"mostrador/drivers"
)

// deviceStatusCommand tells how the configured devices are, as the daemon sees
// them.
func (a *app) deviceStatusCommand() *cobra.Command {
	follow := false
	cmd := &cobra.Command{
		Use: "status [NAME]", Short: "How the configured devices are: what a scale weighs, what a scanner read, what a display shows",
		Args: usage(cobra.MaximumNArgs(1)),
		RunE: func(c *cobra.Command, args []string) error {
			client, err := a.client()
			if err != nil {
				return err
			}
			name := strings.Join(args, "")
			switch {
			case follow:
				return a.followDevices(c.Context(), client, name)
			case name != "":
				return a.showDevice(c.Context(), client, name)
			}
			return a.listDevices(c.Context(), client)
		},
	}
	cmd.Flags().BoolVarP(&follow, "follow", "f", false, "tell each change as it happens, until Ctrl-C; with --json one line each")
	return cmd
}

func (a *app) listDevices(ctx context.Context, client *web.Client) error {
	var all []device.Status
	if err := client.Get(ctx, "/v1/devices", &all); err != nil {
		return exitOf(err)
	}
	return a.show(all, func(w io.Writer) {
		rows := make([]string, len(all))
		for i, d := range all {
			rows[i] = row(short(d.Name, 24), kindOfDevice(d.Kind), deviceStateWords(d.State), orDash(short(d.Cause, 40)), orDash(short(saidWords(d), 60)))
		}
		table(w, "No hay dispositivos configurados: agregue [[device]] al archivo.", "DISPOSITIVO\tTIPO\tESTADO\tCAUSA\tDICE", rows)
	})
}

func (a *app) showDevice(ctx context.Context, client *web.Client, name string) error {
	var d device.Status
	if err := client.Get(ctx, "/v1/devices/"+url.PathEscape(name), &d); err != nil {
		return exitOf(err)
	}
	return a.show(d, func(w io.Writer) { a.writeDevice(w, d) })
}

func (a *app) writeDevice(w io.Writer, d device.Status) {
	say := func(label, value string) {
		if value != "" {
			fmt.Fprintf(w, "%-16s %s\n", label, printable(value))
		}
	}
	say("Dispositivo", d.Name+" ("+kindOfDevice(d.Kind)+")")
	say("Estado", deviceStateWords(d.State)+", desde "+a.when(d.Since.Wall))
	say("Causa", d.Cause)
	say("Última señal", a.when(d.HeardAt.Wall))
	say("Registros", fmt.Sprintf("%d, y %d trozos que no se entienden", d.Records, d.Garbage))
	if d.Wire != nil && d.Wire.Any() {
		say("En la línea", wireWords(*d.Wire))
	}
	if d.Kind == "display" {
		for _, shown := range d.Shown {
			fmt.Fprintf(w, "%-16s │%-20s│\n", "Muestra", printable(shown))
		}
		return
	}
	say("Dice", saidWords(d))
}

// wireWords say what went wrong on a serial line.
func wireWords(e drivers.LineErrors) string {
	words := fmt.Sprintf("%d caracteres mal recibidos de %d, %d desbordes, %d cortes", e.Framing+e.Parity, e.Bytes, e.Overruns, e.Breaks)
	if e.Garbled() {
		words += ": la velocidad de la línea no es la del aparato"
	}
	return words
}

func (a *app) followDevices(ctx context.Context, client *web.Client, name string) error {
	err := client.Devices(ctx, func(d device.Status) error {
		if name != "" && d.Name != name {
			return nil
		}
		if a.json {
			return json.NewEncoder(a.stdout).Encode(d)
		}
		_, err := fmt.Fprintf(a.stdout, "%-16s %-14s %s\n", short(d.Name, 16), deviceStateWords(d.State), printable(cmpWords(d.Cause, saidWords(d))))
		return err
	})
	if ctx.Err() != nil && errors.Is(err, ctx.Err()) {
		return nil // Ctrl-C is how this ends
	}
	return exitOf(err)
}

func cmpWords(cause, said string) string {
	if cause != "" {
		return cause
	}
	return said
}

// saidWords is what a device says or shows now.
func saidWords(d device.Status) string {
	switch {
	case d.Weight != nil:
		return weightWords(*d.Weight)
	case d.Scan != nil:
		return d.Scan.Text
	case len(d.Shown) > 0:
		return strings.Join(d.Shown, " / ")
	case d.Kind == "register":
		return fmt.Sprintf("%d registros", d.Records)
	}
	return ""
}

// weightWords is a weight as staff read it. Only one that stands still has a
// number.
func weightWords(w device.Weight) string {
	switch w.State {
	case "stable":
		return w.Weight + " " + w.Unit
	case "unstable":
		return strings.TrimSpace("se mueve " + w.Weight + " " + w.Unit)
	case "over":
		return "demasiado peso"
	case "under":
		return "bajo cero: ponga el plato"
	case "not_zeroed":
		return "sin cero: quite todo y pulse cero"
	case "silent":
		return "no contesta"
	}
	return "la balanza no puede pesar"
}

func kindOfDevice(kind string) string {
	words := map[string]string{"register": "registradora", "scanner": "lector", "scale": "balanza", "display": "pantalla", "tap": "escucha"}
	if word := words[kind]; word != "" {
		return word
	}
	return kind
}

func deviceStateWords(state string) string {
	words := map[string]string{device.Opening: "abriendo", device.Ready: "listo", device.Absent: "no está", device.Failing: "con fallas"}
	if word := words[state]; word != "" {
		return word
	}
	return state
}
