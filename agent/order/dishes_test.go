package order

import (
	"fmt"
	"testing"

	"mostrador/store"
)

// All dishes of a large order may change at once: what that costs grows with
// their number and not with its square, for the store waits meanwhile.
func TestDifferencesOfManyDishes(t *testing.T) {
	menu := func(name string, n int) (dishes []dish) {
		for i := range n {
			dishes = append(dishes, dish{line: fmt.Sprint(name, i), item: store.Item{Name: fmt.Sprint(name, i), Quantity: store.Units(1)}})
		}
		return dishes
	}
	work := func(n int) float64 {
		was, now := menu("was", n), menu("now", n)
		return testing.AllocsPerRun(1, func() {
			items, unchanged := differences(was, now)
			if len(items) != 2*n || unchanged != 0 {
				t.Errorf("%d differences, %d unchanged", len(items), unchanged)
			}
			left := applyDifferences(was, dishesOf(items, &store.Order{}))
			if !sameDishes(left, now) {
				t.Error("what is made after the change is not what is wanted")
			}
		})
	}
	if few, many := work(20), work(400); many > 40*few {
		t.Errorf("20 dishes: %v allocations, 400: %v", few, many)
	}
}
