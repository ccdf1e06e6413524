package config

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
)

// Load reads the file at path and everything that it names. Its error is a
// *Faults when the file can be read and something is wrong with it.
func Load(path string, known Known) (*Config, error) {
	src, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read the configuration: %w", err)
	}
	return LoadText(path, src, known)
}

// LoadText is Load of a file whose content is at hand, and is to stand at path.
func LoadText(path string, src []byte, known Known) (*Config, error) {
	cfg, d := parse(path, src, known)
	f := files{decoder: d, cfg: cfg, name: path, known: known}
	f.check()
	if len(d.faults) > 0 {
		return nil, &Faults{File: path, List: sortFaults(d.faults)}
	}
	return cfg, nil
}

// Parse reads a configuration from memory and touches no other file. name is
// its place, for messages and for the paths in it that are relative. The error
// is a *Faults.
func Parse(name string, src []byte, known Known) (*Config, error) {
	cfg, d := parse(name, src, known)
	if len(d.faults) > 0 {
		return nil, &Faults{File: name, List: sortFaults(d.faults)}
	}
	return cfg, nil
}

// parse returns as much of the configuration as can be understood, and in the
// decoder what is wrong with it.
func parse(name string, src []byte, known Known) (*Config, *decoder) {
	cfg := &Config{}
	setDefaults(reflect.ValueOf(cfg).Elem())
	values, at, faults := readTOML(src)
	d := &decoder{at: at, faults: faults, partial: len(faults) > 0}
	d.section("", values, reflect.ValueOf(cfg).Elem())
	rules{decoder: d, cfg: cfg, known: known}.all()
	resolve(reflect.ValueOf(cfg).Elem(), filepath.Dir(name))
	cfg.warn()
	cfg.warnPending(values, at)
	for i, w := range cfg.Warnings {
		place := decoder{at: at}
		place.fault(w.Key, w.Problem, w.Mend)
		cfg.Warnings[i] = place.faults[0]
	}
	sortFaults(cfg.Warnings)
	return cfg, d
}

// resolve makes the relative paths of a section start at folder.
func resolve(section reflect.Value, folder string) {
	for _, f := range fieldsOf(section.Type()) {
		value := section.Field(f.index)
		switch {
		case value.Kind() == reflect.Struct:
			resolve(value, folder)
		case value.Kind() == reflect.Slice && value.Type().Elem().Kind() == reflect.Struct:
			for i := range value.Len() {
				resolve(value.Index(i), folder)
			}
		case f.check == "path" && value.String() != "" && !filepath.IsAbs(value.String()):
			value.SetString(filepath.Join(folder, value.String()))
		}
	}
}
