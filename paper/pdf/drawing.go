package pdf

import (
	"fmt"
	"strings"
)

// A Drawing is filled and stroked paths in a box of Width by Height of its own units, y downwards as in SVG.
type Drawing struct {
	Width, Height int
	Paths         []Path
}

// A Path is what SVG 1.1 section 8.3 calls path data, of the commands M L H V C Q Z in either case, its numbers without
// exponents. Colours are 0xRRGGBB; a path without StrokeWidth is filled alone, one with it is stroked alone.
type Path struct {
	D           string
	Colour      int
	StrokeWidth int // in hundredths of a unit
}

// operators writes the drawing scaled to width with its top left at x, y, in the operators of a content stream.
func (d Drawing) operators(x, y, width Length) (string, error) {
	if d.Width <= 0 || d.Height <= 0 {
		return "", fmt.Errorf("a drawing of %d by %d", d.Width, d.Height)
	}
	var out strings.Builder
	scale := width / Length(d.Width)
	fmt.Fprintf(&out, "q %s 0 0 %s %s %s cm\n", num(scale), num(-scale), num(x), num(y))
	for _, p := range d.Paths {
		colour := fmt.Sprintf("%s %s %s", share(p.Colour>>16), share(p.Colour>>8), share(p.Colour))
		path, err := pathOperators(p.D)
		if err != nil {
			return "", fmt.Errorf("path %.40q: %w", p.D, err)
		}
		if p.StrokeWidth > 0 {
			fmt.Fprintf(&out, "%s RG %s w\n%sS\n", colour, num(Length(p.StrokeWidth)*Point/100), path)
		} else {
			fmt.Fprintf(&out, "%s rg\n%sf\n", colour, path)
		}
	}
	return out.String() + "Q\n", nil
}

func share(colour int) string { return num(Length(colour&255) * Point / 255) }

// pathOperators turns path data into path construction operators.
func pathOperators(d string) (string, error) {
	var out strings.Builder
	r := pathReader{rest: d}
	var command byte
	var x, y, x0, y0 Length
	for {
		c, ok := r.command()
		switch {
		case ok:
			command = c
		case r.done():
			return out.String(), nil
		case command == 'M':
			command = 'L'
		case command == 'm':
			command = 'l'
		}
		n, known := map[byte]int{'M': 2, 'L': 2, 'H': 1, 'V': 1, 'C': 6, 'Q': 4, 'Z': 0}[command&^0x20]
		if !known || !ok && n == 0 {
			return "", fmt.Errorf("%q is none of M L H V C Q Z", command)
		}
		v, err := r.numbers(n)
		if err != nil {
			return "", err
		}
		relative := command&0x20 != 0
		for i := range v {
			switch {
			case !relative:
			case command == 'v' || command != 'h' && i%2 == 1:
				v[i] += y
			default:
				v[i] += x
			}
		}
		switch command &^ 0x20 {
		case 'M':
			x, y, x0, y0 = v[0], v[1], v[0], v[1]
			fmt.Fprintf(&out, "%s %s m\n", num(x), num(y))
			continue
		case 'C':
			x, y = v[4], v[5]
			fmt.Fprintf(&out, "%s %s %s %s %s %s c\n", num(v[0]), num(v[1]), num(v[2]), num(v[3]), num(x), num(y))
			continue
		case 'Q': // as a cubic curve: its control points are two thirds of the way to the one
			fmt.Fprintf(&out, "%s %s %s %s %s %s c\n", num(x+(v[0]-x)*2/3), num(y+(v[1]-y)*2/3), num(v[2]+(v[0]-v[2])*2/3), num(v[3]+(v[1]-v[3])*2/3), num(v[2]), num(v[3]))
			x, y = v[2], v[3]
			continue
		case 'Z':
			x, y = x0, y0
			out.WriteString("h\n")
			continue
		case 'H':
			x = v[0]
		case 'V':
			y = v[0]
		case 'L':
			x, y = v[0], v[1]
		}
		fmt.Fprintf(&out, "%s %s l\n", num(x), num(y))
	}
}

// A pathReader takes path data apart; numbers are kept to four decimals.
type pathReader struct{ rest string }

func (r *pathReader) done() bool {
	r.rest = strings.TrimLeft(r.rest, " \t\r\n,")
	return r.rest == ""
}

func (r *pathReader) command() (byte, bool) {
	if r.done() || !strings.ContainsRune("MmLlHhVvCcZzSsQqTtAa", rune(r.rest[0])) {
		return 0, false
	}
	c := r.rest[0]
	r.rest = r.rest[1:]
	return c, true
}

func (r *pathReader) numbers(n int) (list []Length, err error) {
	for range n {
		v, err := r.number()
		if err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	return list, nil
}

func (r *pathReader) number() (v Length, err error) {
	r.done()
	sign, s := Length(1), r.rest
	if strings.HasPrefix(s, "-") {
		sign, s = -1, s[1:]
	} else {
		s = strings.TrimPrefix(s, "+")
	}
	digits, decimals, dot := 0, 0, false
	for s != "" && digits < 9 {
		c := s[0]
		if c == '.' && !dot {
			dot = true
		} else if '0' <= c && c <= '9' {
			if !dot || decimals < 4 {
				v = v*10 + Length(c-'0')
				if dot {
					decimals++
				}
			}
			digits++
		} else {
			break
		}
		s = s[1:]
	}
	if digits == 0 || digits == 9 {
		return 0, fmt.Errorf("no number of up to eight digits at %.10q", r.rest)
	}
	for ; decimals < 4; decimals++ {
		v *= 10
	}
	r.rest = s
	return sign * v, nil
}
