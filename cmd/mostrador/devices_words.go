package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"mostrador/agent/spool"
	"mostrador/drivers"
)

// writeDevices says what was found, for people.
func writeDevices(w io.Writer, devices []listedDevice, l listing) {
	for _, d := range devices {
		fmt.Fprintln(w, printable(d.Port))
		fact(w, "qué es", d.whatWords())
		fact(w, "está en", d.placeWords())
		fact(w, "o bien", strings.Join(d.Also, "  "))
		fact(w, "lo usa", d.holderWords())
		fact(w, "dice", d.answerWords(l.probe))
		for _, note := range d.Notes {
			fact(w, "ojo", noteWords(note))
		}
	}
	if len(devices) == 0 {
		fmt.Fprintln(w, "No se encontró nada: ni líneas serie, ni impresoras, ni puertos en la configuración.")
	}
	if !l.network {
		fmt.Fprintln(w, "Las impresoras de red se buscan con --network.")
	}
	if !l.probe && len(devices) > 0 {
		fmt.Fprintln(w, "Con --probe se pregunta a cada puerto libre si es una impresora, sin imprimir.")
	}
}

// fact writes one line of a device, or none.
func fact(w io.Writer, name, words string) {
	if words != "" {
		fmt.Fprintf(w, "  %-8s %s\n", name, printable(words))
	}
}

// whatWords say what it is, and no more than is known.
func (d *listedDevice) whatWords() string {
	maker := strings.TrimSpace(d.Maker + " " + d.Model)
	if d.Serial != "" {
		maker = strings.TrimSpace(maker + ", número " + d.Serial)
	}
	switch d.Kind {
	case drivers.FoundSerial:
		return joined("línea serie", prefixed("adaptador ", maker))
	case drivers.FoundUSB:
		return joined("impresora USB", maker)
	case drivers.FoundFile:
		if !d.Printer {
			return joined("un archivo o un puerto paralelo", maker)
		}
		return joined("impresora USB", maker)
	case drivers.FoundQueue:
		return joined("cola de impresión de Windows", maker)
	case drivers.FoundNetwork:
		if d.Printer {
			return joined("impresora de red", maker)
		}
		return joined("una dirección de red con el puerto de las impresoras", maker)
	}
	return maker
}

// placeWords are its other names, and its place on the network.
func (d *listedDevice) placeWords() string {
	var words []string
	for _, node := range d.Nodes {
		if !strings.HasSuffix(d.Port, "://"+node) && !strings.Contains(d.Port, "://"+node+"?") {
			words = append(words, node)
		}
	}
	if d.Place != "" {
		words = append(words, "conector "+d.Place)
	}
	if d.MAC != "" {
		words = append(words, "MAC "+d.MAC)
	}
	return strings.Join(words, ", ")
}

// holderWords say who uses it: by the name of the configuration where the agent
// does.
func (d *listedDevice) holderWords() string {
	var words []string
	own := "el agente"
	if d.Name != "" {
		own += ", como " + d.Name
	}
	for _, h := range d.Holders {
		if isAgent(h) {
			words = append(words, fmt.Sprintf("%s (proceso %d)", own, h.PID))
		} else {
			words = append(words, fmt.Sprintf("%s (proceso %d)", h.Name, h.PID))
		}
	}
	switch {
	case len(words) > 0:
		return strings.Join(words, "; ")
	case d.isOurs():
		return own
	case d.Name != "":
		return fmt.Sprintf("nadie ahora; en la configuración es %s (%s)", d.Name, d.Use)
	case d.Kind == drivers.FoundNetwork || d.Kind == drivers.FoundQueue:
		return ""
	}
	return "nadie, que se vea"
}

// isAgent: the process is an agent.
func isAgent(h drivers.Holder) bool { return strings.TrimSuffix(h.Name, ".exe") == "mostrador" }

// answerWords are what it says of itself now.
func (d *listedDevice) answerWords(asked bool) string {
	switch {
	case d.Missing:
		return "no está: mire el cable y si está encendido"
	case d.State != "":
		return "según el agente: " + d.stateWords()
	case d.Failed != "":
		return "no se pudo preguntar: " + d.Failed
	case d.Answer != nil && d.recognised():
		return d.printerWords()
	case d.Answer != nil && d.Kind == drivers.FoundSerial:
		return "nada: puede haber algo en ella; no se reconoce"
	case d.Answer != nil:
		return "nada: no se reconoce como impresora; puede ser una que no contesta"
	case asked && slices.Contains(d.Notes, drivers.NoteConsole):
		return "no se le preguntó"
	}
	return ""
}

func (d *listedDevice) stateWords() string {
	if d.Use == "printer" {
		return stateWords(spool.Condition(d.State))
	}
	return deviceStateWords(d.State)
}

// printerWords say what a printer was found to be.
func (d *listedDevice) printerWords() string {
	a := d.Answer
	words := []string{"contesta como una impresora"}
	if says := strings.TrimSpace(a.Abilities.Maker + " " + a.Abilities.Model); says != "" {
		words[0] = "es una impresora y dice ser " + says
	}
	if a.Profile != "" {
		words = append(words, fmt.Sprintf("profile = %q", a.Profile))
	}
	if d.Speed != 0 {
		words = append(words, fmt.Sprintf("a %d baudios", d.Speed))
	}
	if a.Known {
		words = append(words, spool.ConditionWords(a.Condition))
	}
	return strings.Join(words, "; ")
}

func noteWords(n drivers.Note) string {
	words, ok := map[drivers.Note]string{
		drivers.NoteConsole:   "el sistema escribe sus propios mensajes en esta línea: no la use",
		drivers.NoteTwin:      "hay otro igual sin número propio: el nombre es el del conector, no intercambie sus cables",
		drivers.NoteUnstable:  "el nombre puede cambiar al reiniciar o al enchufar otra cosa",
		drivers.NoteNoLibusb:  "este programa no lleva libusb: no puede abrirla por usb://",
		drivers.NoteElsewhere: "contesta en otra dirección que la de la configuración: corrija port",
	}[n]
	if !ok {
		return string(n)
	}
	return words
}

// joined puts a name and what it says of itself together.
func joined(name, says string) string {
	if says == "" {
		return name
	}
	return name + ": " + says
}

func prefixed(prefix, text string) string {
	if text == "" {
		return ""
	}
	return prefix + text
}
