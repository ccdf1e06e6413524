// Command mostrador is the agent at the counter: it takes delivery orders, puts
// them on paper, reads the sales of the POS devices beside it, and syncs both
// over MQTT whenever there is a line.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"mostrador/agent/config"
)

// version is set at build time (-ldflags "-X main.version=…").
var version = "dev"

// Exit codes of the command.
const (
	exitDone       = 0
	exitFailed     = 1
	exitWrongUse   = 2
	exitNotRunning = 3
	exitNotFound   = 4
)

func main() {
	ends := []os.Signal{os.Interrupt, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) { // nohup means that the terminal may go
		ends = append(ends, syscall.SIGHUP)
	}
	ctx, stop := signal.NotifyContext(context.Background(), ends...)
	// The first one ends the work; a second one ends whatever does not end by it,
	// such as a read from a keyboard.
	context.AfterFunc(ctx, stop)
	code := execute(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// An app is one call of the command: where it reads and writes, and the flags
// that every verb has.
type app struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	configPath     string
	json           bool
	// terminal is the configuration's, once client has read it.
	terminal config.Terminal
}

// An exitError ends the command with its code; err is what the person reads.
type exitError struct {
	code int
	err  error
}

func (e *exitError) Error() string { return e.err.Error() }
func (e *exitError) Unwrap() error { return e.err }

// wrongUse is an error of the person who typed the command.
func wrongUse(format string, args ...any) error {
	return &exitError{exitWrongUse, fmt.Errorf(format, args...)}
}

// execute runs one call of the command and returns its exit code.
func execute(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	a := &app{stdin: stdin, stdout: stdout, stderr: stderr}
	root := a.rootCommand()
	root.SetArgs(args)
	root.SetIn(stdin)
	root.SetOut(stdout)
	root.SetErr(stderr)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return exitDone
	}
	var exit *exitError
	if errors.As(err, &exit) {
		if exit.err != nil {
			fmt.Fprintln(stderr, "mostrador:", exit.err)
		}
		return exit.code
	}
	fmt.Fprintln(stderr, "mostrador:", err)
	return exitFailed
}

func (a *app) rootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:           "mostrador",
		Short:         "The agent at the counter: orders onto paper, sales to the cloud",
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          usage(cobra.NoArgs),
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return wrongUse("%w; %s --help shows what there is", err, cmd.CommandPath())
	})
	root.PersistentFlags().StringVarP(&a.configPath, "config", "c", defaultConfigPath(), "configuration `FILE`")
	root.PersistentFlags().BoolVar(&a.json, "json", false, "answer in JSON")
	root.AddCommand(
		a.demoCommand(),
		a.runCommand(),
		a.serviceCommand(),
		a.pairCommand(),
		a.configCommand(),
		a.ordersCommand(),
		a.ticketsCommand(),
		a.printersCommand(),
		a.devicesCommand(),
		a.printCommand(),
		a.salesCommand(),
		a.tapCommand(),
		a.eventsCommand(),
		a.uplinkCommand(),
		a.doctorCommand(),
		a.storeCommand(),
		a.benchCommand(),
		a.virtualPrinterCommand(),
		a.fleetSimCommand(),
		a.versionCommand(),
	)
	return root
}

// usage makes a wrong number of arguments a wrong use.
func usage(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if err := check(cmd, args); err != nil {
			return wrongUse("%w; use: %s", err, cmd.UseLine())
		}
		return nil
	}
}
