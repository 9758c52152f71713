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

// operators are the drawing's paths in the operators of a content stream, in its own units.
func (d Drawing) operators() (string, error) {
	if d.Width <= 0 || d.Height <= 0 {
		return "", fmt.Errorf("a drawing of %d by %d", d.Width, d.Height)
	}
	var out []byte
	for _, p := range d.Paths {
		colour, paint := fmt.Sprintf("%s %s %s", share(p.Colour>>16), share(p.Colour>>8), share(p.Colour)), "f\n"
		if p.StrokeWidth > 0 {
			out, paint = fmt.Appendf(out, "%s RG %s w\n", colour, num(Length(p.StrokeWidth)*Point/100)), "S\n"
		} else {
			out = fmt.Appendf(out, "%s rg\n", colour)
		}
		var err error
		if out, err = appendPath(out, p.D); err != nil {
			return "", fmt.Errorf("path %.40q: %w", p.D, err)
		}
		out = append(out, paint...)
	}
	return string(out), nil
}

// placed is what operators draw, scaled to width with the top left at x, y.
func (d Drawing) placed(operators string, x, y, width Length) string {
	scale := width / Length(d.Width)
	return fmt.Sprintf("q %s 0 0 %s %s %s cm\n%sQ\n", num(scale), num(-scale), num(x), num(y), operators)
}

func share(colour int) string { return num(Length(colour&255) * Point / 255) }

// operands is how many numbers a command of path data takes; known is false of what is none.
func operands(command byte) (n int, known bool) {
	switch command &^ 0x20 {
	case 'M', 'L':
		return 2, true
	case 'H', 'V':
		return 1, true
	case 'C':
		return 6, true
	case 'Q':
		return 4, true
	case 'Z':
		return 0, true
	}
	return 0, false
}

// appendPath appends path data as path construction operators.
func appendPath(out []byte, d string) ([]byte, error) {
	r := pathReader{rest: d}
	var command byte
	var x, y, x0, y0 Length
	var room [6]Length
	for {
		c, ok := r.command()
		switch {
		case ok:
			command = c
		case r.done():
			return out, nil
		case command == 'M':
			command = 'L'
		case command == 'm':
			command = 'l'
		}
		n, known := operands(command)
		if !known || !ok && n == 0 {
			return nil, fmt.Errorf("%q is none of M L H V C Q Z", command)
		}
		v := room[:n]
		if err := r.numbers(v); err != nil {
			return nil, err
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
			out = appendOperator(out, 'm', x, y)
			continue
		case 'C':
			x, y = v[4], v[5]
			out = appendOperator(out, 'c', v...)
			continue
		case 'Q': // as a cubic curve: its control points are two thirds of the way to the one
			out = appendOperator(out, 'c', x+(v[0]-x)*2/3, y+(v[1]-y)*2/3, v[2]+(v[0]-v[2])*2/3, v[3]+(v[1]-v[3])*2/3, v[2], v[3])
			x, y = v[2], v[3]
			continue
		case 'Z':
			x, y = x0, y0
			out = append(out, "h\n"...)
			continue
		case 'H':
			x = v[0]
		case 'V':
			y = v[0]
		case 'L':
			x, y = v[0], v[1]
		}
		out = appendOperator(out, 'l', x, y)
	}
}

func appendOperator(out []byte, operator byte, operands ...Length) []byte {
	for _, v := range operands {
		out = append(appendNum(out, v), ' ')
	}
	return append(out, operator, '\n')
}

// A pathReader takes path data apart; numbers are kept to four decimals.
type pathReader struct{ rest string }

func (r *pathReader) done() bool {
	i := 0
	for i < len(r.rest) && (r.rest[i] == ' ' || r.rest[i] == ',' || r.rest[i] == '\n' || r.rest[i] == '\t' || r.rest[i] == '\r') {
		i++
	}
	r.rest = r.rest[i:]
	return r.rest == ""
}

func (r *pathReader) command() (byte, bool) {
	if r.done() || strings.IndexByte("MmLlHhVvCcZzSsQqTtAa", r.rest[0]) < 0 {
		return 0, false
	}
	c := r.rest[0]
	r.rest = r.rest[1:]
	return c, true
}

func (r *pathReader) numbers(list []Length) (err error) {
	for i := range list {
		if list[i], err = r.number(); err != nil {
			return err
		}
	}
	return nil
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
