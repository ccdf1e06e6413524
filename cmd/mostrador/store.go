package main

import (
	"bufio"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"mostrador/agent/config"
	"mostrador/store"
)

func (a *app) storeCommand() *cobra.Command {
	group := &cobra.Command{Use: "store", Short: "The file that everything is kept in, while the agent is stopped", Args: usage(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() }}
	out := ""
	export := &cobra.Command{
		Use: "export", Short: "Write every record as a line of JSON", Args: usage(cobra.NoArgs),
		RunE: func(*cobra.Command, []string) error { return a.exportStore(out) },
	}
	export.Flags().StringVar(&out, "out", "", "write to `FILE` instead of the standard output")
	group.AddCommand(
		&cobra.Command{Use: "check", Short: "Read the file through and say what is wrong with it; nothing is changed", Args: usage(cobra.NoArgs),
			RunE: func(*cobra.Command, []string) error { return a.checkStore() }},
		&cobra.Command{Use: "stats", Short: "Count what is kept and what waits", Args: usage(cobra.NoArgs),
			RunE: func(*cobra.Command, []string) error { return a.storeStats() }},
		&cobra.Command{Use: "compact", Short: "Give the free part of the file back to the disk; a running agent does so by itself", Args: usage(cobra.NoArgs),
			RunE: func(c *cobra.Command, _ []string) error { return a.compactStore(c) }},
		export,
	)
	return group
}

// storeFile finds the file of the configuration, which must be there.
func (a *app) storeFile() (*config.Config, string, error) {
	cfg, err := a.loadConfig()
	if err != nil {
		return nil, "", err
	}
	path := filepath.Join(cfg.Terminal.DataDir, storeName)
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return nil, "", &exitError{exitNotFound, fmt.Errorf("there is no store yet: %s; the agent makes it when it runs", path)}
	} else if err != nil {
		return nil, "", whyClosed(err, cfg.Terminal.DataDir)
	}
	return cfg, path, nil
}

// whyLocked says what to do about a store that is in use.
func whyLocked(err error) error {
	if errors.Is(err, store.ErrLocked) {
		return fmt.Errorf("%w (mostrador service stop)", err)
	}
	return err
}

// withStore opens the file for what a person wants done to it; a damaged one is
// left as it is.
func (a *app) withStore(do func(*store.Store) error) (err error) {
	cfg, path, err := a.storeFile()
	if err != nil {
		return err
	}
	if _, err := store.Check(path); err != nil {
		return whyLocked(err)
	}
	st, err := store.Open(path, storeOptions(cfg))
	if err != nil {
		return whyLocked(err)
	}
	defer func() { err = errors.Join(err, st.Close()) }()
	return do(st)
}

func (a *app) checkStore() error {
	_, path, err := a.storeFile()
	if err != nil {
		return err
	}
	records, err := store.Check(path)
	if err != nil {
		return whyLocked(err)
	}
	answer := struct {
		File    string `json:"file"`
		Records int    `json:"records"`
	}{path, records}
	return a.show(answer, func(w io.Writer) {
		fmt.Fprintf(w, "%s está bien: %d registros.\n", printable(path), records)
	})
}

// A storeReport is what the verb stats shows.
type storeReport struct {
	File   string       `json:"file"`
	Size   int64        `json:"size"`
	Free   int64        `json:"free"`
	Data   int64        `json:"data"`
	Epoch  string       `json:"epoch"`
	Boots  uint64       `json:"boots"`
	Counts []storeCount `json:"counts"`
}

type storeCount struct {
	What    string `json:"what"`
	Kept    uint64 `json:"kept"`
	Waiting uint64 `json:"waiting"`
}

func (a *app) storeStats() error {
	return a.withStore(func(st *store.Store) error {
		counts, err := st.Stats()
		if err != nil {
			return err
		}
		h, o := st.Health(), st.Opening()
		r := storeReport{Size: h.Size, Free: h.FreeInFile, Epoch: o.Epoch, Boots: o.Boots, Counts: []storeCount{
			{"pedidos", counts.Orders, 0}, {"tickets", counts.Jobs, 0}, {"ventas", counts.Sales, 0},
			{"registro", counts.Entries, 0}, {"mensajes originales", counts.Raw, 0},
		}}
		kept := map[string]uint64{}
		if err := st.View(func(tx *store.Tx) error {
			for record := range tx.All() {
				r.Data += int64(len(record.Key) + len(record.Value))
				kept[record.Bucket]++
			}
			return nil
		}); err != nil {
			return err
		}
		for _, stream := range store.Streams() {
			r.Counts = append(r.Counts, storeCount{"eventos " + string(stream), kept["outbox."+string(stream)], counts.Streams[stream].Waiting})
		}
		return a.show(r, func(w io.Writer) { writeStoreReport(w, r) })
	})
}

func writeStoreReport(w io.Writer, r storeReport) {
	const mb = 1e6
	fmt.Fprintf(w, "Archivo de %.1f MB: %.1f MB de datos, %.1f MB libres dentro de él. Época %s, abierto %d veces.\n",
		float64(r.Size)/mb, float64(r.Data)/mb, float64(r.Free)/mb, r.Epoch, r.Boots)
	rows := make([]string, len(r.Counts))
	for i, c := range r.Counts {
		rows[i] = row(c.What, c.Kept, c.Waiting)
	}
	table(w, "", "QUÉ\tGUARDADOS\tESPERAN", rows)
}

func (a *app) compactStore(c *cobra.Command) error {
	return a.withStore(func(st *store.Store) error {
		before := st.Health().Size
		if err := st.Compact(c.Context()); err != nil {
			return err
		}
		answer := struct {
			Before int64 `json:"before"`
			After  int64 `json:"after"`
		}{before, st.Health().Size}
		return a.show(answer, func(w io.Writer) {
			fmt.Fprintf(w, "El archivo pasó de %.1f MB a %.1f MB.\n", float64(answer.Before)/1e6, float64(answer.After)/1e6)
		})
	})
}

// An exported record: value is its JSON, or base64 of what is none.
type exported struct {
	Bucket string          `json:"bucket"`
	Key    string          `json:"key"` // hexadecimal
	Value  json.RawMessage `json:"value,omitempty"`
	Bytes  []byte          `json:"bytes,omitempty"`
}

func (a *app) exportStore(name string) error {
	return a.withStore(func(st *store.Store) (err error) {
		to := a.stdout
		if name != "" {
			f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, f.Close()) }()
			to = f
		}
		w := bufio.NewWriter(to)
		lines := json.NewEncoder(w)
		if err := st.View(func(tx *store.Tx) error {
			for r := range tx.All() {
				e := exported{Bucket: r.Bucket, Key: hex.EncodeToString(r.Key)}
				if len(r.Value) > 0 && (r.Value[0] == '{' || r.Value[0] == '[') && json.Valid(r.Value) {
					e.Value = r.Value
				} else {
					e.Bytes = r.Value
				}
				if err := lines.Encode(e); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			return err
		}
		return w.Flush()
	})
}
