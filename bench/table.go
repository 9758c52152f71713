package main

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"kurultai/measure"
)

// A comparison is tables of systems, and goals.
type comparison struct {
	what   string
	tables []*table
	goals  []goal
	notes  []string // method and versions, a sentence each
}

// A table is systems by what was measured of them; the first system is the reference.
type table struct {
	key, title string
	columns    []column
	rows       []*row
}

// A column is a quantity. Beside says that each system's is told beside the reference's too.
type column struct {
	key, title string
	unit       string // s: told in ms or µs as is fit; "" is a number
	beside     bool
}

// A row holds what each round found of a system, by the key of a column.
type row struct {
	key, title string
	rounds     map[string][]float64
}

// A goal is a ratio and its bound.
type goal struct {
	key   string
	value float64
	least bool // at least, else at most
	bound float64
	words string
}

func (t *table) row(key, title string) *row {
	r := &row{key, title, map[string][]float64{}}
	t.rows = append(t.rows, r)
	return r
}

func (r *row) add(column string, v float64) { r.rounds[column] = append(r.rounds[column], v) }

// median is NaN where nothing was measured.
func (r *row) median(column string) float64 {
	if len(r.rounds[column]) == 0 {
		return math.NaN()
	}
	return measure.Median(r.rounds[column])
}

// noise is how far the rounds lie apart: the greatest beside the least.
func (r *row) noise(column string) float64 {
	v := r.rounds[column]
	if len(v) == 0 {
		return math.NaN()
	}
	return slices.Max(v) / slices.Min(v)
}

// noise is the middle of that of all rows, and the worst.
func (t *table) noise(column string) (middle, worst float64) {
	var all []float64
	for _, r := range t.rows {
		if n := r.noise(column); !math.IsNaN(n) {
			all = append(all, n)
		}
	}
	if len(all) == 0 {
		return math.NaN(), math.NaN()
	}
	return measure.Median(all), slices.Max(all)
}

// atLeast sets a goal, if its systems were measured.
func (c *comparison) atLeast(key string, value, bound float64, words string) {
	if math.IsNaN(value) {
		return
	}
	c.goals = append(c.goals, goal{key, value, true, bound, words})
}

// atMost is atLeast from the other side.
func (c *comparison) atMost(key string, value, bound float64, words string) {
	if math.IsNaN(value) {
		return
	}
	c.goals = append(c.goals, goal{key, value, false, bound, words})
}

// missed reports whether a goal is not met.
func (g goal) missed() bool {
	if g.least {
		return !(g.value >= g.bound)
	}
	return !(g.value <= g.bound)
}

func (g goal) said() string {
	if g.least {
		return fmt.Sprintf("at least %g", g.bound)
	}
	return fmt.Sprintf("at most %g", g.bound)
}

func (c *comparison) missed() []string {
	keys := []string{}
	for _, g := range c.goals {
		if g.missed() {
			keys = append(keys, g.key)
		}
	}
	return keys
}

func (c *comparison) machine() map[string]any {
	m := map[string]any{"bench": c.what, "missed": c.missed(), "notes": c.notes}
	for _, g := range c.goals {
		m[g.key], m[g.key+"_goal"] = number(g.value), g.said()
	}
	for _, t := range c.tables {
		systems := map[string]any{}
		for _, r := range t.rows {
			values := map[string]any{}
			for _, col := range t.columns {
				if v := r.median(col.key); !math.IsNaN(v) {
					values[col.key], values[col.key+"_noise"] = v, number(r.noise(col.key))
					if b := t.rows[0].median(col.key); col.beside {
						values[col.key+"_ratio"] = number(v / b)
					}
				}
			}
			systems[r.key] = values
		}
		m[t.key] = systems
	}
	return m
}

// number is what JSON can say of v.
func number(v float64) any {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return nil
	}
	return v
}

func (c *comparison) String() string {
	var out strings.Builder
	for _, t := range c.tables {
		fmt.Fprintf(&out, "| %s |", t.title)
		rule := "|---|"
		for _, col := range t.columns {
			fmt.Fprintf(&out, " %s |", col.title)
			rule += "---|"
			if col.beside {
				out.WriteString(" beside |")
				rule += "---|"
			}
		}
		out.WriteString("\n" + rule + "\n")
		for _, r := range t.rows {
			fmt.Fprintf(&out, "| %s |", r.title)
			for _, col := range t.columns {
				v := r.median(col.key)
				fmt.Fprintf(&out, " %s |", said(v, col.unit))
				if col.beside {
					fmt.Fprintf(&out, " %s |", said(v/t.rows[0].median(col.key), ""))
				}
			}
			out.WriteString("\n")
		}
		out.WriteString("\n")
		for _, col := range t.columns {
			if middle, worst := t.noise(col.key); len(t.rows[0].rounds[col.key]) > 1 && !math.IsNaN(middle) {
				fmt.Fprintf(&out, "Noise of \"%s\": rounds of one system lie apart by a factor of %.2f in the middle, %.2f at worst.\n", col.title, middle, worst)
			}
		}
		out.WriteString("\n")
	}
	if len(c.goals) > 0 {
		out.WriteString("| goal | at | measured | |\n|---|---|---|---|\n")
		for _, g := range c.goals {
			fmt.Fprintf(&out, "| %s | %s | %.3g | %s |\n", g.words, g.said(), g.value, map[bool]string{true: "missed", false: "met"}[g.missed()])
		}
		out.WriteString("\n")
	}
	for _, n := range c.notes {
		out.WriteString(n + "\n")
	}
	return out.String()
}

// said is a value with three digits.
func said(v float64, unit string) string {
	switch {
	case math.IsNaN(v):
		return "-"
	case unit == "s" && v < 1e-3:
		return fmt.Sprintf("%.3g µs", v*1e6)
	case unit == "s" && v < 1:
		return fmt.Sprintf("%.3g ms", v*1e3)
	case unit == "s":
		return fmt.Sprintf("%.3g s", v)
	case v >= 1000:
		return strings.TrimSpace(fmt.Sprintf("%.0f %s", v, unit))
	}
	return strings.TrimSpace(fmt.Sprintf("%.3g %s", v, unit))
}
