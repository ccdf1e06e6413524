package pairing

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// The rights of files: a key is its owner's alone, a certificate everybody's.
const (
	secret = 0o600
	public = 0o644
)

// Install puts credentials in place: certificate and key in one file, as a
// whole or not at all.
func (i *Issuance) Install(path string) error { return writeFile(path, i.Credentials, secret) }

// InstallCA puts the authorities of the broker in place.
func (i *Issuance) InstallCA(path string) error { return writeFile(path, []byte(i.CA), public) }

// writeFile puts a file in place as a whole, durably. It belongs to whom the
// folder belongs to: root pairs a terminal for the service's user.
func writeFile(path string, content []byte, rights os.FileMode) error {
	folder := filepath.Dir(path)
	f, err := os.CreateTemp(folder, "."+filepath.Base(path)+".*")
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	if err = errors.Join(f.Chmod(rights), giveTo(f, folder, rights == secret)); err == nil {
		_, err = f.Write(content)
	}
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("write %s: %w", path, err), os.Remove(f.Name()))
	}
	return syncFolder(folder)
}
