package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"syscall"

	"github.com/kardianos/service"
	"github.com/spf13/cobra"
	"gopkg.in/natefinch/lumberjack.v2"

	"mostrador/agent/config"
)

func (a *app) runCommand() *cobra.Command {
	verbose := false
	cmd := &cobra.Command{
		Use: "run", Short: "Run the agent in the foreground, as the service does", Args: usage(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error {
			cfg, err := a.parseConfig()
			if err != nil {
				return err
			}
			level := slog.LevelInfo
			if verbose {
				level = slog.LevelDebug
			}
			return runAsService(c.Context(), a.newDaemons(cfg, level).run)
		},
	}
	cmd.Flags().BoolVarP(&verbose, "verbose", "v", false, "log more")
	return cmd
}

// start assembles the agent of a configuration, ready to run.
func start(cfg *config.Config, h host, log *slog.Logger) (*daemon, error) {
	for _, w := range cfg.Warnings {
		log.Warn("configuration", "warning", w.String())
	}
	d, err := assemble(cfg, schemes(), h, log)
	if err != nil {
		return nil, err
	}
	log.Info("mostrador starts", "version", version, "store", cfg.Terminal.Store, "terminal", cfg.Terminal.ID,
		"data_dir", cfg.Terminal.DataDir, "boot", d.store.Opening().Boots)
	return d, nil
}

// run starts every part and returns when ctx has ended and all have stopped.
func (d *daemon) run(ctx context.Context) error {
	err := d.supervisor.Run(ctx)
	if errors.Is(err, context.Canceled) {
		err = nil
	}
	return errors.Join(err, d.store.Close())
}

// storeName is the file that everything is kept in.
const storeName = "mostrador.db"

func prepareDataDir(dir string) (storePath string, err error) {
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return "", fmt.Errorf("data folder: %w; choose another with data_dir in [terminal]", err)
	}
	return filepath.Join(dir, storeName), nil
}

// whyClosed says what to do about a store that could not be opened because its
// folder may not be written to.
func whyClosed(err error, dir string) error {
	if errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.EROFS) {
		return fmt.Errorf("%w; let Mostrador's user write in its data folder %s, or choose another with data_dir in [terminal]", err, dir)
	}
	return err
}

// logWriter is where the log goes: to whoever started the agent, or where
// nobody would read it there (a Windows service), to a file that is bounded.
func (a *app) logWriter(dataDir string) io.Writer {
	if runtime.GOOS != "windows" || service.Interactive() {
		return a.stderr
	}
	return &lumberjack.Logger{
		Filename: filepath.Join(dataDir, "mostrador.log"), MaxSize: 10, MaxBackups: 3, Compress: true, // MB
	}
}
