package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"runtime"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"mostrador/agent/command"
	"mostrador/agent/config"
	"mostrador/agent/uplink"
	"mostrador/agent/web"
)

// A pairCall is one call of the verb.
type pairCall struct {
	*app
	request command.PairRequest
	dataDir string
	wait    time.Duration
	renew   bool
	back    bool
}

func (a *app) pairCommand() *cobra.Command {
	p := &pairCall{app: a}
	cmd := &cobra.Command{
		Use: "pair [CODE]", Short: "Turn a code into this terminal's own credentials, and connect with them",
		Long: "Turn a code that the backend has given out into this terminal's own credentials: the key is made here\n" +
			"and stays here, the certificate comes. The configuration is changed to use them, or written where there\n" +
			"is none. Without CODE it is read from the keyboard, or from a scanner, which may read the QR code.\n" +
			"Whatever interrupts it, run it again with the same code.",
		Args: usage(cobra.MaximumNArgs(1)),
		RunE: func(c *cobra.Command, args []string) error {
			switch {
			case p.renew && p.back:
				return wrongUse("--renew and --undo exclude each other")
			case p.renew:
				return p.renewNow(c.Context(), args)
			case p.back:
				return p.undo(c.Context(), args)
			}
			return p.run(c.Context(), args)
		},
	}
	cmd.Flags().StringVar(&p.request.Broker, "broker", "", "the `URL` where codes are taken, such as tls://pair.example.com:8884; else what the code or [uplink] pairing_broker says")
	cmd.Flags().BoolVar(&p.request.Rename, "rename", false, "take another name than the one that this terminal has")
	cmd.Flags().StringVar(&p.dataDir, "data-dir", "", "the data `FOLDER` of a configuration that is written because there is none")
	cmd.Flags().BoolVar(&p.renew, "renew", false, "renew the certificate of a paired terminal now; it needs no code")
	cmd.Flags().BoolVar(&p.back, "undo", false, "put the configuration of before the pairing in place again; the same code brings the new one back")
	cmd.Flags().DurationVar(&p.wait, "wait", 2*time.Minute, "how long to wait for the answer, and for the connection")
	return cmd
}

func (p *pairCall) run(ctx context.Context, args []string) (err error) {
	if p.request.Code, err = p.readCode(args); err != nil {
		return err
	}
	p.request.Who = whoami()
	asking, stop := context.WithTimeout(ctx, p.wait)
	defer stop()
	before := p.lineStatus(ctx)
	out, byDaemon, err := p.turn(asking, before != nil)
	if err != nil {
		return p.failed(err)
	}
	if err := p.show(out, func(w io.Writer) { p.writePaired(w, out) }); err != nil || p.json && before == nil {
		return err
	}
	if byDaemon {
		return p.watch(ctx, out)
	}
	return p.connect(ctx, out, before)
}

// turn turns the code into credentials: here, or, where a person may not write
// the files and the daemon runs, there.
func (p *pairCall) turn(ctx context.Context, runs bool) (out *command.Paired, byDaemon bool, err error) {
	if !runs || p.mayWrite() {
		one := pairingOf(p.configPath, func(e *uplink.LineError) {
			fmt.Fprintf(p.stderr, "mostrador: %s; trying again. %s\n", e.What, e.Advice)
		}, config.PutAside)
		one.DataDir = p.dataDir
		out, err = one.Run(ctx, p.request)
		return out, false, err
	}
	client, err := p.client()
	if err != nil {
		return nil, false, err
	}
	out, err = client.Pair(ctx, p.request)
	return out, true, exitOf(err)
}

// mayWrite reports whether this person may write the configuration.
func (p *pairCall) mayWrite() bool {
	f, err := os.OpenFile(p.configPath, os.O_WRONLY, 0)
	if err == nil {
		f.Close()
	}
	return !errors.Is(err, os.ErrPermission)
}

// watch waits for the daemon to connect; it goes back by itself where it must.
func (p *pairCall) watch(ctx context.Context, out *command.Paired) error {
	if s := p.awaitLine(ctx, out.Broker, time.Time{}); s != nil && s.Connected {
		return nil
	}
	return fmt.Errorf("the terminal is paired and not connected yet: mostrador uplink status tells why; mostrador events, whether it has gone back to what it had before")
}

// renewNow asks the daemon to renew the certificate, and waits for what comes of
// it.
func (p *pairCall) renewNow(ctx context.Context, args []string) error {
	if len(args) > 0 {
		return wrongUse("--renew needs no code")
	}
	client, err := p.client()
	if err != nil {
		return err
	}
	var before uplink.Renewal
	if err := client.Post(ctx, "/v1/uplink/renew", struct{}{}, &before); err != nil {
		return exitOf(err)
	}
	patience, stop := context.WithTimeout(ctx, p.wait)
	defer stop()
	look := time.NewTicker(200 * time.Millisecond)
	defer look.Stop()
	for {
		if s := p.lineStatus(patience); s != nil && s.Renewal != nil {
			r := s.Renewal
			if r.Until.After(before.Until) && s.Connected {
				return p.show(r, func(w io.Writer) { fmt.Fprintf(w, "Certificado renovado: vale hasta el %s.\n", p.when(r.Until)) })
			}
			if r.Failure != "" && r.Failures > before.Failures && s.Connected {
				return fmt.Errorf("the certificate was not renewed, and the old one stays: %s", r.Failure)
			}
		}
		select {
		case <-look.C:
		case <-patience.Done():
			return fmt.Errorf("the backend has not answered within %v; the terminal goes on asking, and mostrador uplink status tells", p.wait)
		}
	}
}

func (p *pairCall) failed(err error) error {
	if errors.Is(err, command.ErrWrong) {
		return &exitError{exitWrongUse, err}
	}
	if errors.Is(err, os.ErrPermission) {
		return notAllowed(err)
	}
	return err
}

// readCode is the argument, or a line of the standard input.
func (p *pairCall) readCode(args []string) (string, error) {
	if len(args) > 0 {
		return args[0], nil
	}
	fmt.Fprint(p.stderr, "Code: ")
	line, err := bufio.NewReader(io.LimitReader(p.stdin, 4096)).ReadString('\n')
	if strings.TrimSpace(line) == "" {
		return "", wrongUse("no code was given; use: mostrador pair CODE (%w)", errors.Join(err))
	}
	return line, nil
}

// pairingOf is pairing as this machine does it; put places the edited file.
// and tried hears of a try that another follows.
func pairingOf(configPath string, tried func(*uplink.LineError), put func(path string, file []byte) error) *command.Pairing {
	host, _ := os.Hostname() // for people only
	return &command.Pairing{
		ConfigPath: configPath, Known: known(schemes()), Version: version, Host: host, System: runtime.GOOS + "/" + runtime.GOARCH,
		Ask:         askOver(tried),
		MakeDataDir: makeDataDir, Put: put, Now: time.Now,
	}
}

// makeDataDir makes the data folder where there is none, for the service's user.
func makeDataDir(dir string) error {
	_, err := os.Stat(dir)
	if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if _, err := prepareDataDir(dir); err != nil {
		return err
	}
	return giveToService(dir)
}

// askOver carries a code's messages over MQTT.
func askOver(tried func(*uplink.LineError)) func(context.Context, command.PairLine, []byte, func([]byte) bool) error {
	return func(ctx context.Context, line command.PairLine, message []byte, take func([]byte) bool) error {
		err := uplink.Bootstrap{
			Broker: line.Broker, Proxy: line.Proxy, Username: line.Username, Password: line.Password, Pin: line.Pin,
			AskOn: line.AskOn, HearOn: line.HearOn, Tried: tried,
		}.Ask(ctx, message, take)
		if failed, ok := errors.AsType[*uplink.LineError](err); ok {
			return fmt.Errorf("%w. %s", failed, failed.Advice)
		}
		if errors.Is(err, uplink.ErrUnanswered) {
			return fmt.Errorf("the broker %s is reached, and %w there: is the backend running, and is the code one of its own? Run it again with the same code", line.Broker, err)
		}
		return err
	}
}

// lineStatus is how the line of the running daemon stands, nil where none runs.
func (p *pairCall) lineStatus(ctx context.Context) *uplink.Status {
	client, err := p.client()
	if err != nil {
		return nil
	}
	s := &uplink.Status{}
	if client.Get(ctx, "/v1/uplink", s) != nil {
		return nil
	}
	return s
}

// connect has the daemon that runs start again by the new credentials, and
// waits until it is connected. A terminal that was connected before goes back to
// what it had when that does not come about.
func (p *pairCall) connect(ctx context.Context, out *command.Paired, before *uplink.Status) error {
	if before == nil || out.Already && before.Connected {
		return nil
	}
	if err := p.restart(ctx); err != nil {
		return fmt.Errorf("the terminal is paired, and the agent that runs does not start again by itself: mostrador service restart: %w", err)
	}
	fmt.Fprintln(p.stderr, "Conectando…")
	s := p.awaitLine(ctx, out.Broker, before.Since)
	if s != nil && s.Connected {
		if !p.json {
			fmt.Fprintf(p.stdout, "Conectado a %s\n", printable(s.Broker))
		}
		return nil
	}
	why := "the agent has not come back: mostrador service status"
	if s != nil {
		why = s.LastError + ". " + s.Advice
	}
	if !before.Connected {
		return fmt.Errorf("the terminal is paired and not connected yet: %s It goes on trying; mostrador uplink status tells", why)
	}
	if err := p.goBack(ctx); err != nil {
		return fmt.Errorf("the terminal does not connect with its new credentials: %s. The configuration of before could not be put back (%s.before-pairing): %w", why, p.configPath, err)
	}
	return fmt.Errorf("the terminal does not connect with its new credentials and has gone back to those of before: %s Run it again with the same code when that is mended", why)
}

func (p *pairCall) restart(ctx context.Context) error {
	client, err := p.client()
	if err != nil {
		return err
	}
	var about command.About
	return client.Post(ctx, "/v1/restart", web.ActionRequest{Who: whoami()}, &about)
}

// goBack puts the configuration of before in place again.
func (p *pairCall) goBack(ctx context.Context) error {
	if err := config.TakeBack(p.configPath); err != nil {
		return err
	}
	return p.restart(ctx)
}

// awaitLine waits until the daemon is connected to a broker, by another connection
// than the one since before; what it says then, nil for nothing.
func (p *pairCall) awaitLine(ctx context.Context, broker string, before time.Time) (s *uplink.Status) {
	patience, stop := context.WithTimeout(ctx, p.wait)
	defer stop()
	look := time.NewTicker(200 * time.Millisecond)
	defer look.Stop()
	for {
		if now := p.lineStatus(patience); now != nil && now.Broker == broker && !(now.Connected && now.Since.Equal(before)) {
			if s = now; s.Connected {
				return s
			}
		}
		select {
		case <-look.C:
		case <-patience.Done():
			return s
		}
	}
}

func (p *pairCall) writePaired(w io.Writer, out *command.Paired) {
	p.terminal = config.Terminal{Timezone: "UTC"}
	if out.Already {
		fmt.Fprintf(w, "Este terminal ya está emparejado con este código: es %s del local %s.\n", out.Terminal, out.Store)
		return
	}
	fmt.Fprintf(w, "Emparejado: este terminal es %s del local %s.\n", out.Terminal, out.Store)
	fmt.Fprintf(w, "Corredor: %s. El certificado vale hasta el %s y se renueva solo.\n", printable(out.Broker), out.Until.Format("02/01/2006"))
	if out.Created {
		fmt.Fprintf(w, "Se escribió %s; falta conectar las impresoras: mostrador devices.\n", out.Config)
	}
	for _, warning := range out.Warnings {
		fmt.Fprintln(w, "Aviso:", printable(warning))
	}
}
