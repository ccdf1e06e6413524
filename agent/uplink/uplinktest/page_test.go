package uplinktest

import "testing"

func TestWithBlock(t *testing.T) {
	got, ok := withBlock("a\n<!-- x: begin -->\nold\n<!-- x: end -->\nb\n", "x", "new\n")
	if want := "a\n<!-- x: begin -->\n\nnew\n\n<!-- x: end -->\nb\n"; !ok || got != want {
		t.Errorf("%v %q", ok, got)
	}
	if _, ok := withBlock("a", "x", ""); ok {
		t.Error("a page without the block")
	}
}
