package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/spf13/cobra"

	"mostrador/printer/profile"
	"mostrador/printer/virtual"
)

// A virtualPrinter is one call of the verb virtual-printer.
type virtualPrinter struct {
	listen, profile, paper string
	faults                 []string
	png                    string
	text, keep             bool
	options                virtual.Options

	printer *virtual.Printer
	out     printerTeller
}

func (a *app) virtualPrinterCommand() *cobra.Command {
	p := &virtualPrinter{listen: "tcp://127.0.0.1:9100", profile: "TM-T20II", paper: "80mm", text: true}
	cmd := &cobra.Command{
		Use:   "virtual-printer",
		Short: "A receipt printer that is not there, for trying agents: it prints as text and pictures, answers, and fails on command",
		Args:  usage(cobra.NoArgs),
		RunE:  func(c *cobra.Command, _ []string) error { return a.virtualPrinter(c.Context(), p) },
	}
	f := cmd.Flags()
	f.StringVar(&p.listen, "listen", p.listen, "where it is reached: tcp://HOST:PORT, or pty:///PATH for a serial line (Linux)")
	f.StringVar(&p.profile, "profile", p.profile, "printer `MODEL` that it is")
	f.StringVar(&p.paper, "paper", p.paper, "paper in it: 80mm or 58mm")
	f.StringArrayVar(&p.faults, "fault", nil, "`FAULT` from the start, such as paper-out@200mm; once for each (the command help lists them)")
	f.StringVar(&p.png, "png", "", "draw each paper into `FOLDER`")
	f.BoolVar(&p.text, "text", p.text, "write each paper as text")
	f.IntVar(&p.options.PaceBaud, "baud", 0, "read no faster than a serial line of this speed; 0 reads at once")
	f.IntVar(&p.options.Buffer, "buffer", 0, "`BYTES` of its receive buffer; 0 is the model's, or 4096")
	f.IntVar(&p.options.Speed, "speed", 0, "how fast the paper goes, in `MM` a second; 0 takes no time")
	f.BoolVar(&p.options.Drawer, "drawer", false, "a cash drawer hangs on it: a kick opens it (pin 3 goes low), and mend drawer-open closes it")
	f.DurationVar(&p.options.DrawerFor, "drawer-for", 0, "close the drawer by itself after this `TIME`")
	f.Uint64Var(&p.options.Seed, "seed", 0, "`NUMBER` that decides what is random in faults")
	f.BoolVar(&p.keep, "keep", false, "go on when the standard input ends, as behind & or in a service")
	return cmd
}

func (a *app) virtualPrinter(ctx context.Context, p *virtualPrinter) error {
	p.out = a.printerTeller(p.text)
	model, err := p.model()
	if err != nil {
		return err
	}
	if err := p.prepare(); err != nil {
		return err
	}
	line, err := openPrinterLine(p.listen)
	if err != nil {
		return err
	}
	defer line.close()
	p.out.tell(printerNews{Event: "listening", Address: line.address, Model: model.Name, Paper: p.paper})
	p.printer = virtual.New(model, model.Papers[p.paper], p.options)
	defer p.printer.Close()

	ctx, stop := context.WithCancel(ctx)
	defer stop()
	var serving sync.WaitGroup
	var failure error
	serving.Go(func() {
		defer stop()
		failure = line.serve(ctx, p.printer)
	})
	// A keyboard cannot be told to stop: the process takes its reader along.
	commands := make(chan string)
	go readLines(ctx, a.stdin, commands)
	p.obey(ctx, commands)
	stop()
	serving.Wait()
	return failure
}

// model is the printer that the flags name.
func (p *virtualPrinter) model() (profile.Profile, error) {
	model, ok := profile.Lookup(p.profile)
	if !ok {
		return model, wrongUse("printer model %q is not known; there are: %s", p.profile, strings.Join(profile.Names(), ", "))
	}
	if _, ok := model.Papers[p.paper]; !ok {
		return model, wrongUse("a %s takes no paper %q", model.Name, p.paper)
	}
	for flag, value := range map[string]int{"baud": p.options.PaceBaud, "buffer": p.options.Buffer, "speed": p.options.Speed} {
		if value < 0 {
			return model, wrongUse("--%s %d: it must be 0 or more", flag, value)
		}
	}
	return model, nil
}

// prepare reads the faults and makes the folder of the pictures.
func (p *virtualPrinter) prepare() error {
	for _, text := range p.faults {
		f, err := virtual.ParseFault(text)
		if err != nil {
			return wrongUse("%w", err)
		}
		p.options.Faults = append(p.options.Faults, f)
	}
	if p.png != "" {
		if err := os.MkdirAll(p.png, 0o755); err != nil {
			return fmt.Errorf("make the folder of the pictures: %w", err)
		}
	}
	p.options.OnPaper = p.paperCame
	p.options.OnAnswer = p.out.answer
	p.options.OnCondition = p.out.condition
	p.options.OnFault = p.out.fault
	return nil
}

// obey does what the person types until they end it or ctx does.
func (p *virtualPrinter) obey(ctx context.Context, commands <-chan string) {
	for {
		select {
		case line, ok := <-commands:
			switch {
			case ok && p.command(line):
			case !ok && p.keep:
				commands = nil
			default:
				return
			}
		case <-ctx.Done():
			return
		}
	}
}

// command does one line, and reports false when it was the last.
func (p *virtualPrinter) command(line string) bool {
	words := strings.Fields(line)
	if len(words) == 0 {
		return true
	}
	switch words[0] {
	case "quit", "exit":
		return false
	case "help":
		p.out.help()
	case "status":
		p.out.status(p.printer)
	case "mend":
		if kinds, err := faultKinds(words[1:]); err != nil {
			p.out.complain(err)
		} else {
			p.printer.Mend(kinds...)
		}
	default:
		text := strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(line), "fault "))
		if f, err := virtual.ParseFault(text); err != nil {
			p.out.complain(fmt.Errorf("%w; other commands: mend, status, help, quit", err))
		} else {
			p.printer.Break(f)
		}
	}
	return true
}

// faultKinds are those that a person names to be mended.
func faultKinds(names []string) (kinds []virtual.FaultKind, err error) {
	for _, name := range names {
		f, err := virtual.ParseFault(name)
		if err != nil && !strings.ContainsAny(name, "=@,") {
			// One that needs a value is named without it.
			for _, form := range virtual.FaultForms() {
				if string(form.Kind) == name {
					f, err = virtual.Fault{Kind: form.Kind}, nil
				}
			}
		}
		if err != nil {
			return nil, err
		}
		kinds = append(kinds, f.Kind)
	}
	return kinds, nil
}

// readLines hands on what is typed until it ends or ctx does.
func readLines(ctx context.Context, in io.Reader, to chan<- string) {
	defer close(to)
	for lines := bufio.NewScanner(in); lines.Scan(); {
		select {
		case to <- lines.Text():
		case <-ctx.Done():
			return
		}
	}
}

// paperCame tells of a paper and draws it.
func (p *virtualPrinter) paperCame(paper virtual.Paper) {
	file := ""
	if p.png != "" {
		var err error
		if file, err = draw(paper, p.png); err != nil {
			p.out.complain(err)
		}
	}
	p.out.paper(paper, file)
}

// draw writes the picture of a paper under the first name that is free.
func draw(paper virtual.Paper, folder string) (name string, err error) {
	var png bytes.Buffer
	if err := paper.PNG(&png); err != nil {
		return "", fmt.Errorf("draw the paper: %w", err)
	}
	for n := paper.Number; ; n++ {
		name = filepath.Join(folder, fmt.Sprintf("paper-%04d.png", n))
		file, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
		if errors.Is(err, fs.ErrExist) {
			continue
		}
		if err == nil {
			_, err = file.Write(png.Bytes())
			err = errors.Join(err, file.Close())
		}
		if err != nil {
			return "", fmt.Errorf("write the picture of the paper: %w", err)
		}
		return name, nil
	}
}

// A printerLine is where a virtual printer is reached.
type printerLine struct {
	address string
	serve   func(context.Context, *virtual.Printer) error
	close   func()
}

func openPrinterLine(listen string) (*printerLine, error) {
	u, err := url.Parse(listen)
	if err != nil {
		return nil, wrongUse("--listen %s: write tcp://HOST:PORT or pty:///PATH", listen)
	}
	switch {
	case u.Scheme == "tcp" && u.Port() != "" && u.Path == "":
		return listenTCP(u.Host)
	case u.Scheme == "pty" && u.Host == "" && len(u.Path) > 1:
		return openPrinterPty(u.Path)
	}
	return nil, wrongUse("--listen %s: write tcp://HOST:PORT, such as tcp://127.0.0.1:9100, or pty:///PATH, such as pty:///tmp/printer", listen)
}

func listenTCP(address string) (*printerLine, error) {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("%w: choose another port, such as --listen tcp://127.0.0.1:0 for any that is free", err)
	}
	return &printerLine{
		address: "tcp://" + listener.Addr().String(),
		serve:   func(ctx context.Context, v *virtual.Printer) error { return v.Serve(ctx, listener) },
		close:   func() { listener.Close() },
	}, nil
}
