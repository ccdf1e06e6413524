package uplinktest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// WriteBlock puts text between the marks of a page of docs/, in place of what
// stood there: <!-- name: begin --> and <!-- name: end -->.
func WriteBlock(t testing.TB, page, name, text string) {
	t.Helper()
	docs, err := Docs()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(docs, page)
	old, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	changed, ok := withBlock(string(old), name, text)
	if !ok {
		t.Fatalf("docs/%s has no block %q", page, name)
	}
	if err := os.WriteFile(path, []byte(changed), 0o644); err != nil {
		t.Fatal(err)
	}
}

// withBlock is a page with what stands between its marks replaced.
func withBlock(page, name, text string) (string, bool) {
	begin, end := "<!-- "+name+": begin -->\n", "<!-- "+name+": end -->"
	head, rest, ok := strings.Cut(page, begin)
	_, tail, ends := strings.Cut(rest, end)
	return head + begin + "\n" + text + "\n" + end + tail, ok && ends
}
