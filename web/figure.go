package web

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// A Figure draws an inclusion proof: every part of the record that the proof joins is a mountain as wide and high
// as it has entries, by its logarithm. The path goes up from the entry, meets each of them once and ends at the head.
type Figure struct {
	Mountains []Mountain
	Own       Mountain
	Path      string // of an SVG path
	Ties      []string
	Joins     []Point
	Head      Point
	HeadText  Point
	Anchor    string // of HeadText: start or end
}

// A Mountain is a part of the record.
type Mountain struct {
	Shape string // of an SVG path
	Label Point
	Size  int64
}

// A Point of the drawing.
type Point struct{ X, Y int }

const (
	figureWidth = 640
	figureBase  = 236 // where the mountains stand
	figureTop   = 46  // where the head is
	labelLine   = 260
)

// figure draws the proof of an entry whose audit path has these ranges, from the leaf up.
func figure(index int64, ranges [][2]int64) Figure {
	parts := append(slices.Clone(ranges), [2]int64{index, index + 1})
	slices.SortFunc(parts, func(a, b [2]int64) int { return int(a[0] - b[0]) })
	widths, total, tallest := make([]float64, len(parts)), 0.0, 6.0
	for i, r := range parts {
		level := math.Log2(float64(r[1] - r[0]))
		widths[i] = max(36, 16+10.8*level)
		total, tallest = total+widths[i], max(tallest, level)
	}
	scale := min(1.7, float64(figureWidth-36)/total)
	x := (figureWidth - total*scale) / 2
	middle := map[int64]float64{} // of each part, by its first entry
	f := Figure{}
	for i, r := range parts {
		level := math.Log2(float64(r[1] - r[0]))
		width := widths[i] * scale
		middle[r[0]] = x + width/2
		half, height := min((14+10.8*level)*scale, width-4)/2, 14+104*level/tallest
		m := Mountain{Size: r[1] - r[0], Label: Point{round(x + width/2), labelLine},
			Shape: fmt.Sprintf("M%d %dL%d %dL%d %dz", round(x+width/2-half), figureBase, round(x+width/2), round(figureBase-height), round(x+width/2+half), figureBase)}
		if r[0] == index {
			f.Own = m
		} else {
			f.Mountains = append(f.Mountains, m)
		}
		x += width
	}
	f.climb(index, ranges, middle, tallest)
	return f
}

// climb draws the way from the entry to the head.
func (f *Figure) climb(index int64, ranges [][2]int64, middle map[int64]float64, tallest float64) {
	at := Point{round(middle[index]), figureBase - 14}
	path := []string{fmt.Sprintf("M%d %d", at.X, at.Y)}
	for k, r := range ranges {
		apex := figureBase - 14 - 104*math.Log2(float64(r[1]-r[0]))/tallest
		y := min(190-float64(190-figureTop)*float64(k+1)/float64(len(ranges)), apex-12, float64(at.Y-6))
		at = Point{round(middle[r[0]]), round(y)}
		path = append(path, fmt.Sprintf("L%d %d", at.X, at.Y))
		f.Ties = append(f.Ties, fmt.Sprintf("M%d %dV%d", at.X, round(apex), at.Y))
		f.Joins = append(f.Joins, at)
	}
	f.Path, f.Head = strings.Join(path, ""), at
	f.HeadText, f.Anchor = Point{at.X + 18, at.Y - 4}, "start"
	if at.X > figureWidth*3/5 {
		f.HeadText, f.Anchor = Point{at.X - 18, at.Y - 4}, "end"
	}
}

func round(x float64) int { return int(math.Round(x)) }
