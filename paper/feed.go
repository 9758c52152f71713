package paper

import (
	"encoding/xml"
	"fmt"
	"strings"
)

// A Feed is an Atom feed (RFC 4287). Times are RFC 3339.
type Feed struct {
	XMLName xml.Name    `xml:"http://www.w3.org/2005/Atom feed"`
	Lang    string      `xml:"http://www.w3.org/XML/1998/namespace lang,attr"`
	ID      string      `xml:"id"`
	Title   string      `xml:"title"`
	Updated string      `xml:"updated"`
	Author  string      `xml:"author>name"`
	Link    *FeedLink   `xml:"link"` // the page it is of, if it is of one
	Entries []FeedEntry `xml:"entry"`
}

// A FeedEntry is an entry of a feed.
type FeedEntry struct {
	ID      string   `xml:"id"`
	Title   string   `xml:"title"`
	Updated string   `xml:"updated"`
	Link    FeedLink `xml:"link"`
	Content string   `xml:"content"`
}

// A FeedLink is an address.
type FeedLink struct {
	Href string `xml:"href,attr"`
}

// FeedID is the id of something in the feeds of a record: a tag of its origin (RFC 4151), the same for ever.
func FeedID(origin, what string) string {
	host, path, _ := strings.Cut(origin, "/")
	return fmt.Sprintf("tag:%s,2026:%s/%s", host, path, what)
}

// Bytes is the feed as it is sent.
func (f Feed) Bytes() []byte {
	text, err := xml.MarshalIndent(f, "", " ")
	if err != nil {
		panic("paper: a feed of texts cannot be written: " + err.Error())
	}
	return append([]byte(xml.Header), append(text, '\n')...)
}
