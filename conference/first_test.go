package conference

import "testing"

func TestCatalogueIsListedInOrder(t *testing.T) {
	acts := Catalogue()
	if len(acts) < 20 {
		t.Fatalf("%d acts", len(acts))
	}
	for _, a := range acts {
		t.Log(a.Name, a.Who, a.Causes)
	}
}
