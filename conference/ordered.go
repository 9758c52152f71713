package conference

import (
	"cmp"
	"iter"
	"strings"
)

// An Ordered map is a value: Set and Delete return another one and leave the first as it was, so a state is
// copied by assignment and shared by readers without a lock. Iteration is in key order, always.
// It is a treap whose priorities are a hash of the key, so equal contents have equal shape whatever their history.
type Ordered[K cmp.Ordered, V any] struct{ root *node[K, V] }

type node[K cmp.Ordered, V any] struct {
	key         K
	value       *V // apart, so that copying a path copies no values
	priority    uint64
	left, right *node[K, V]
}

// Empty reports whether there is no key.
func (m Ordered[K, V]) Empty() bool { return m.root == nil }

// Get returns the value of k, and whether there is one.
func (m Ordered[K, V]) Get(k K) (v V, ok bool) {
	for n := m.root; n != nil; {
		switch c := cmp.Compare(k, n.key); {
		case c < 0:
			n = n.left
		case c > 0:
			n = n.right
		default:
			return *n.value, true
		}
	}
	return v, false
}

// At returns the value of k, or the zero value.
func (m Ordered[K, V]) At(k K) V { v, _ := m.Get(k); return v }

// Has reports whether k has a value.
func (m Ordered[K, V]) Has(k K) bool { _, ok := m.Get(k); return ok }

// Set returns m with k set to v.
func (m Ordered[K, V]) Set(k K, v V) Ordered[K, V] {
	return Ordered[K, V]{m.root.set(k, &v, priority(k))}
}

func (n *node[K, V]) set(k K, v *V, p uint64) *node[K, V] {
	if n == nil {
		return &node[K, V]{key: k, value: v, priority: p}
	}
	c := cmp.Compare(k, n.key)
	if c == 0 {
		m := *n
		m.value = v
		return &m
	}
	if p > n.priority || p == n.priority && k < n.key {
		left, right := n.split(k)
		return join2(&node[K, V]{key: k, value: v, priority: p}, left, right)
	}
	if c < 0 {
		return join2(n, n.left.set(k, v, p), n.right)
	}
	return join2(n, n.left, n.right.set(k, v, p))
}

// join2 returns a copy of top over left and right.
func join2[K cmp.Ordered, V any](top, left, right *node[K, V]) *node[K, V] {
	m := *top
	m.left, m.right = left, right
	return &m
}

// split parts n, which does not hold k, into the keys before and after k.
func (n *node[K, V]) split(k K) (before, after *node[K, V]) {
	if n == nil {
		return nil, nil
	}
	if n.key < k {
		before, after = n.right.split(k)
		return join2(n, n.left, before), after
	}
	before, after = n.left.split(k)
	return before, join2(n, after, n.right)
}

// Delete returns m without k.
func (m Ordered[K, V]) Delete(k K) Ordered[K, V] {
	if !m.Has(k) {
		return m
	}
	return Ordered[K, V]{m.root.delete(k)}
}

func (n *node[K, V]) delete(k K) *node[K, V] {
	switch {
	case k < n.key:
		return join2(n, n.left.delete(k), n.right)
	case k > n.key:
		return join2(n, n.left, n.right.delete(k))
	}
	return merge(n.left, n.right)
}

func merge[K cmp.Ordered, V any](a, b *node[K, V]) *node[K, V] {
	switch {
	case a == nil:
		return b
	case b == nil:
		return a
	case a.priority > b.priority || a.priority == b.priority && a.key < b.key:
		return join2(a, a.left, merge(a.right, b))
	}
	return join2(b, merge(a, b.left), b.right)
}

// All yields keys and values in key order.
func (m Ordered[K, V]) All() iter.Seq2[K, V] {
	return func(yield func(K, V) bool) { m.root.all(yield) }
}

func (n *node[K, V]) all(yield func(K, V) bool) bool {
	return n == nil || n.left.all(yield) && yield(n.key, *n.value) && n.right.all(yield)
}

// From yields the keys not before k, in order.
func (m Ordered[K, V]) From(k K) iter.Seq2[K, V] {
	return func(yield func(K, V) bool) { m.root.from(k, yield) }
}

func (n *node[K, V]) from(k K, yield func(K, V) bool) bool {
	if n == nil {
		return true
	}
	if n.key < k {
		return n.right.from(k, yield)
	}
	return n.left.from(k, yield) && yield(n.key, *n.value) && n.right.all(yield)
}

// ownedBy yields what m keeps under keys that are an owner's, a slash, and a name without one, in order.
func ownedBy[V any](m Ordered[string, V], owner string) iter.Seq2[string, V] {
	return func(yield func(string, V) bool) {
		for k, v := range m.From(owner + "/") {
			name, ok := strings.CutPrefix(k, owner+"/")
			if !ok || !strings.Contains(name, "/") && !yield(name, v) {
				return
			}
		}
	}
}

// priority hashes a key (FNV-1a, then mixed), so the shape of a map is a function of its keys.
func priority[K cmp.Ordered](k K) uint64 {
	h := uint64(14695981039346656037)
	switch k := any(k).(type) {
	case string:
		h = fnv(h, k)
	case int64:
		h ^= uint64(k)
	case interface{ key() string }:
		h = fnv(h, k.key())
	default:
		panic("conference: a map key is a string, an int64 or has a method key")
	}
	h ^= h >> 31
	h *= 0x9e3779b97f4a7c15
	h ^= h >> 29
	h *= 0xbf58476d1ce4e5b9
	return h ^ h>>32
}

func fnv(h uint64, s string) uint64 {
	for i := range len(s) {
		h = (h ^ uint64(s[i])) * 1099511628211
	}
	return h
}
