package paper

import (
	"io"
	"strings"
)

// A Calendar writes an iCalendar object (RFC 5545). The first error stops it and is kept.
type Calendar struct {
	W   io.Writer
	Err error
}

// Begin opens the object, End closes it.
func (c *Calendar) Begin() {
	c.Line("BEGIN", "VCALENDAR")
	c.Line("VERSION", "2.0")
	c.Line("PRODID", "-//Kurultai//EN")
}

// End closes the object.
func (c *Calendar) End() { c.Line("END", "VCALENDAR") }

// Text writes a content line whose value is text, as section 3.3.11 wants it.
func (c *Calendar) Text(name, text string) { c.Line(name, icsText.Replace(text)) }

var icsText = strings.NewReplacer(`\`, `\\`, ";", `\;`, ",", `\,`, "\r\n", `\n`, "\n", `\n`, "\r", `\n`)

// Line writes a content line, folded before the 76th octet and never within a character (section 3.1).
func (c *Calendar) Line(name, value string) {
	text, width := name+":"+value, 75
	for len(text) > width {
		cut := width
		for text[cut]&0xC0 == 0x80 {
			cut--
		}
		c.write(text[:cut] + "\r\n ")
		text, width = text[cut:], 74
	}
	c.write(text + "\r\n")
}

func (c *Calendar) write(s string) {
	if c.Err == nil {
		_, c.Err = io.WriteString(c.W, s)
	}
}
