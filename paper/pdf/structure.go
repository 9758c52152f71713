package pdf

// An element is a node of the structure tree (ISO 32000-1, 14.7): what a paragraph, a table, a heading is, in the order
// in which it is read.
type element struct {
	tag        string // a standard structure type, 14.8.4
	language   string // where it differs from the document's
	alt        string
	attributes string // one attribute object, or none
	id         string // unique; notes need one (ISO 14289-1, 7.9)
	parent     *element
	kids       []kid
	object     int
}

// A kid is an element, marked content of a page, or an annotation.
type kid struct {
	element    *element
	page, mcid int
	annotation *annotation
}

// An annotation is a link over an area of a page, or a field for a signature.
type annotation struct {
	page           int
	x0, y0, x1, y1 Length // from the top left
	uri, contents  string
	home           *element
	object         int
	field          string // its name; "" for a link
	dict           string // of a field, without its appearance
}

// add makes a new last kid.
func (e *element) add(tag string) *element {
	k := &element{tag: tag, parent: e}
	e.kids = append(e.kids, kid{element: k})
	return k
}

// elements lists e and all below it in reading order.
func (e *element) elements() []*element {
	list := []*element{e}
	for _, k := range e.kids {
		if k.element != nil {
			list = append(list, k.element.elements()...)
		}
	}
	return list
}

// A bookmark leads to a heading.
type bookmark struct {
	level int
	title string
	page  int
	y     Length
}
