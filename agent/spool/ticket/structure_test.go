package ticket

import (
	"reflect"
	"testing"

	"mostrador/printer/receipt"
)

// TestTemplatesMeanTheirMarkup: what a template puts together from its data is
// what reading the filled markup gives, whatever the data.
func TestTemplatesMeanTheirMarkup(t *testing.T) {
	all := []sample{}
	for _, s := range samples(t) {
		all = append(all, s)
	}
	for _, text := range []string{"", " ", "x", "-", "=", "---", "|", "{code:1}", "}", `\`, "^^", "~", "\"", "a\nb", "\x1b@", "\u202e", "\xff", "\U00100000", "日本 🍣", "0.5|{"} {
		all = append(all, hostile(t, text, 3))
	}
	for _, s := range all {
		r, err := New(s.settings)
		if err != nil {
			t.Fatal(err)
		}
		for name, job := range s.jobs {
			in := s.input(job)
			tmpl := r.shipped[job.Kind]
			view, err := r.view(in)
			if err != nil {
				t.Fatal(err)
			}
			got, err := tmpl.Execute(view)
			if err != nil {
				t.Fatal(err)
			}
			markup, err := tmpl.Markup(view)
			if err != nil {
				t.Fatal(err)
			}
			want, err := receipt.Parse(markup)
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(got, want) {
				t.Errorf("%s: the document is not what its markup means:\n%s", name, markup)
			}
		}
	}
}
