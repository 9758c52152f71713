package pdf

import (
	"bytes"
	"compress/zlib"
	"crypto/sha256"
	"fmt"
	"runtime"
	"sort"
	"strings"
	"sync"
)

// The first objects have fixed numbers, so that a later revision finds them without looking.
const (
	objCatalog = 1 + iota
	objPages
	objStructure
	objParents // the parent tree
	objMetadata
	objProfile // the colour profile of the output intent
	objInfo
	objFirst // the first free number
)

// A file is objects by number, written in order.
type file struct {
	objects    [][]byte // [0] is number 1, after those of earlier revisions
	before     int      // objects of earlier revisions
	compressed bool

	packing sync.WaitGroup
	packed  []*packed
}

func (f *file) reserve() int {
	f.objects = append(f.objects, nil)
	return f.before + len(f.objects)
}

func (f *file) set(n int, format string, args ...any) {
	f.objects[n-f.before-1] = fmt.Appendf(nil, format, args...)
}

func (f *file) add(format string, args ...any) int {
	n := f.reserve()
	f.set(n, format, args...)
	return n
}

// compressors are kept, for one takes more memory than most files: it begins anew with each stream.
var compressors = sync.Pool{New: func() any { return zlib.NewWriter(nil) }}

// compressing is how many streams are compressed at a time, of all files.
var compressing = make(chan struct{}, runtime.GOMAXPROCS(0))

// A packed stream is compressed while the rest of the file is made.
type packed struct {
	number int
	body   []byte
}

// stream sets object n; dict is what its dictionary holds beside length and filter. plain streams are never compressed.
// data is not to be changed any more.
func (f *file) stream(n int, dict string, data []byte, plain bool) {
	if !f.compressed || plain {
		f.objects[n-f.before-1] = streamObject(dict, data)
		return
	}
	p := &packed{number: n}
	f.packed = append(f.packed, p)
	compressing <- struct{}{}
	f.packing.Go(func() {
		defer func() { <-compressing }()
		var b bytes.Buffer
		w := compressors.Get().(*zlib.Writer)
		w.Reset(&b)
		w.Write(data) // into memory
		w.Close()
		compressors.Put(w)
		p.body = streamObject(dict+"/Filter/FlateDecode", b.Bytes())
	})
}

func streamObject(dict string, data []byte) []byte {
	out := fmt.Appendf(make([]byte, 0, len(dict)+len(data)+60), "<<%s/Length %d>>\nstream\n", dict, len(data))
	return append(append(out, data...), "\nendstream"...)
}

// bytes is the file, where its cross-reference table begins, and what its trailer holds beside the size: header, objects, one
// cross-reference table, trailer (ISO 32000-1, 7.5). The identifier is the digest of all before the trailer.
func (f *file) bytes() ([]byte, int, string) {
	f.packing.Wait()
	for _, p := range f.packed {
		f.objects[p.number-f.before-1] = p.body
	}
	var out bytes.Buffer
	out.WriteString("%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")
	offsets := make([]int, len(f.objects))
	for i, o := range f.objects {
		offsets[i] = out.Len()
		fmt.Fprintf(&out, "%d 0 obj\n%s\nendobj\n", i+1, o)
	}
	start := out.Len()
	fmt.Fprintf(&out, "xref\n0 %d\n0000000000 65535 f \n", len(f.objects)+1)
	for _, o := range offsets {
		fmt.Fprintf(&out, "%010d 00000 n \n", o)
	}
	id := sha256.Sum256(out.Bytes())
	trailer := fmt.Sprintf("/Root %d 0 R/Info %d 0 R/ID[<%X><%X>]", objCatalog, objInfo, id[:16], id[:16])
	fmt.Fprintf(&out, "trailer\n<</Size %d%s>>\nstartxref\n%d\n%%%%EOF\n", len(f.objects)+1, trailer, start)
	return out.Bytes(), start, trailer
}

// write makes the file of pages and their structure.
func write(d Document, l Layout, c *canvas, root *element) (*Form, error) {
	f := &file{compressed: !l.Uncompressed}
	for range objFirst - 1 {
		f.reserve()
	}
	fonts, err := writeFonts(f, c)
	if err != nil {
		return nil, err
	}
	pages := writePages(f, l, c, fonts)
	writeStructure(f, c, root, pages)
	outlines := writeOutlines(f, l, c, pages)
	f.stream(objMetadata, "/Type/Metadata/Subtype/XML", metadata(d), true)
	f.stream(objProfile, "/N 3", profile(), false)
	f.set(objInfo, "<</Title%s%s%s/Producer(%s)/CreationDate(%s)/ModDate(%s)>>", textString(clean(d.Title)), optional("/Author", clean(d.Author)), optional("/Subject", clean(d.Subject)), producer, pdfDate(d), pdfDate(d))
	catalog := fmt.Sprintf("/Type/Catalog/Pages %d 0 R/Lang%s/MarkInfo<</Marked true>>/StructTreeRoot %d 0 R/Metadata %d 0 R/ViewerPreferences<</DisplayDocTitle true>>", objPages, literal(d.Language), objStructure, objMetadata)
	catalog += fmt.Sprintf("/OutputIntents[<</Type/OutputIntent/S/GTS_PDFA1/OutputConditionIdentifier(sRGB)/Info(sRGB IEC61966-2.1)/DestOutputProfile %d 0 R>>]", objProfile)
	if outlines != 0 {
		catalog += fmt.Sprintf("/Outlines %d 0 R", outlines)
	}
	if d.Source != nil {
		spec := writeAttachment(f, d)
		catalog += fmt.Sprintf("/AF[%d 0 R]/Names<</EmbeddedFiles<</Names[%s %d 0 R]>>>>", spec, textString(clean(d.Source.Name)), spec)
	}
	form := fieldsOf(c)
	if len(form.Fields) > 0 {
		catalog += "/AcroForm<</SigFlags 3/Fields["
		for _, x := range form.Fields {
			catalog += fmt.Sprintf(" %d 0 R", x.Object)
		}
		catalog += "]>>"
	}
	f.set(objCatalog, "<<%s>>", catalog)
	form.Catalog, form.Objects = catalog, len(f.objects)
	form.Bytes, form.Table, form.Trailer = f.bytes()
	return form, nil
}

func optional(key, text string) string {
	if text == "" {
		return ""
	}
	return key + textString(text)
}

func pdfDate(d Document) string { return d.Date.UTC().Format("D:20060102150405Z") }

// literal is a string of bytes in parentheses.
func literal(s string) string {
	return "(" + strings.NewReplacer(`\`, `\\`, "(", `\(`, ")", `\)`, "\r", `\r`, "\n", `\n`).Replace(s) + ")"
}

// name is a name object.
func name(s string) string {
	var b strings.Builder
	b.WriteByte('/')
	for i := range len(s) {
		if c := s[i]; c > ' ' && c < 0x7f && !strings.ContainsRune("#%()/<>[]{}", rune(c)) {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "#%02X", c)
		}
	}
	return b.String()
}

// writeAttachment embeds the source (ISO 19005-3, 6.8) and returns its file specification.
func writeAttachment(f *file, d Document) int {
	n := f.reserve()
	f.stream(n, fmt.Sprintf("/Type/EmbeddedFile/Subtype%s/Params<</Size %d/ModDate(%s)>>", name(d.Source.Type), len(d.Source.Bytes), pdfDate(d)), d.Source.Bytes, false)
	file := textString(clean(d.Source.Name))
	return f.add("<</Type/Filespec/F%s/UF%s/AFRelationship/Source/Desc%s/EF<</F %d 0 R/UF %d 0 R>>>>", file, file, textString(clean(d.Source.Description)), n, n)
}

func writePages(f *file, l Layout, c *canvas, fonts [faces]int) (pages []int) {
	for range c.pages {
		pages = append(pages, f.reserve())
	}
	var kids strings.Builder
	written := map[*Picture]int{}
	key := len(pages) // in the parent tree: pages, then annotations
	for i, p := range c.pages {
		content := f.reserve()
		f.stream(content, "", p.content.Bytes(), false)
		var resources, annotations strings.Builder
		for face, used := range p.faces {
			if used {
				fmt.Fprintf(&resources, "/F%d %d 0 R", face, fonts[face])
			}
		}
		for _, a := range p.annotations {
			if a.field != "" {
				writeField(f, l, a, pages[i], key)
			} else {
				a.object = f.add("<</Type/Annot/Subtype/Link/Rect[%s %s %s %s]/Border[0 0 0]/F 4/StructParent %d/Contents%s/A<</S/URI/URI%s>>>>",
					num(a.x0), num(l.Height-a.y1), num(a.x1), num(l.Height-a.y0), key, textString(clean(a.contents)), literal(ascii(a.uri)))
			}
			fmt.Fprintf(&annotations, " %d 0 R", a.object)
			key++
		}
		drawn := ""
		for n, i := range p.pictures {
			if written[i] == 0 {
				written[i] = f.reserve()
				f.stream(written[i], fmt.Sprintf("/Type/XObject/Subtype/Image/Width %d/Height %d/ColorSpace/DeviceRGB/BitsPerComponent 8", i.Width, i.Height), i.RGB, false)
			}
			drawn += fmt.Sprintf("/I%d %d 0 R", n, written[i])
		}
		if drawn != "" {
			drawn = "/XObject<<" + drawn + ">>"
		}
		annots := ""
		if annotations.Len() > 0 {
			annots = "/Annots[" + annotations.String()[1:] + "]"
		}
		f.set(pages[i], "<</Type/Page/Parent %d 0 R/MediaBox[0 0 %s %s]/Resources<</Font<<%s>>%s>>/Contents %d 0 R/StructParents %d/Tabs/S%s>>",
			objPages, num(l.Width), num(l.Height), resources.String(), drawn, content, i, annots)
		fmt.Fprintf(&kids, " %d 0 R", pages[i])
	}
	f.set(objPages, "<</Type/Pages/Count %d/Kids[%s]>>", len(pages), strings.TrimSpace(kids.String()))
	return pages
}

// ascii writes a URI as RFC 3986 has it: what is none of its characters in percents.
func ascii(uri string) string {
	var b strings.Builder
	for i := range len(uri) {
		if c := uri[i]; c > ' ' && c < 0x7f {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}

// writeStructure writes the tree of elements, and the tree from marked content back to elements.
func writeStructure(f *file, c *canvas, root *element, pages []int) {
	all := root.elements()
	for _, e := range all {
		e.object = f.reserve()
	}
	var ids []*element
	for _, e := range all {
		parent := objStructure
		if e.parent != nil {
			parent = e.parent.object
		}
		f.set(e.object, "<</Type/StructElem/S/%s/P %d 0 R%s/K[%s]>>", e.tag, parent, e.entries(), e.kidList(pages))
		if e.id != "" {
			ids = append(ids, e)
		}
	}
	var numbers strings.Builder
	for i, p := range c.pages {
		var homes strings.Builder
		for _, e := range p.marked {
			fmt.Fprintf(&homes, " %d 0 R", e.object)
		}
		fmt.Fprintf(&numbers, " %d[%s]", i, strings.TrimSpace(homes.String()))
	}
	key := len(pages)
	for _, p := range c.pages {
		for _, a := range p.annotations {
			fmt.Fprintf(&numbers, " %d %d 0 R", key, a.home.object)
			key++
		}
	}
	f.set(objParents, "<</Nums[%s]>>", strings.TrimSpace(numbers.String()))
	tree := fmt.Sprintf("/Type/StructTreeRoot/K[%d 0 R]/ParentTree %d 0 R/ParentTreeNextKey %d", root.object, objParents, key)
	if len(ids) > 0 {
		sort.Slice(ids, func(i, j int) bool { return ids[i].id < ids[j].id })
		tree += "/IDTree<</Kids[<</Limits[" + literal(ids[0].id) + literal(ids[len(ids)-1].id) + "]/Names["
		for _, e := range ids {
			tree += fmt.Sprintf("%s %d 0 R ", literal(e.id), e.object)
		}
		tree += "]>>]>>"
	}
	f.set(objStructure, "<<%s>>", tree)
}

func (e *element) entries() (s string) {
	if e.language != "" {
		s += "/Lang" + literal(e.language)
	}
	if e.alt != "" {
		s += "/Alt" + textString(clean(e.alt))
	}
	if e.attributes != "" {
		s += "/A<<" + e.attributes + ">>"
	}
	if e.id != "" {
		s += "/ID" + literal(e.id)
	}
	return s
}

func (e *element) kidList(pages []int) string {
	var b strings.Builder
	for _, k := range e.kids {
		switch {
		case k.element != nil:
			fmt.Fprintf(&b, " %d 0 R", k.element.object)
		case k.annotation != nil:
			fmt.Fprintf(&b, "<</Type/OBJR/Pg %d 0 R/Obj %d 0 R>>", pages[k.annotation.page], k.annotation.object)
		default:
			fmt.Fprintf(&b, "<</Type/MCR/Pg %d 0 R/MCID %d>>", pages[k.page], k.mcid)
		}
	}
	return strings.TrimSpace(b.String())
}

// writeOutlines writes the bookmarks; 0 if there are none.
func writeOutlines(f *file, l Layout, c *canvas, pages []int) int {
	n := len(c.bookmarks)
	if n == 0 {
		return 0
	}
	root := f.reserve()
	first := root + 1
	for range n {
		f.reserve()
	}
	// above[i] is the bookmark i stands under, -1 for none.
	above := make([]int, n)
	var path []int
	for i, b := range c.bookmarks {
		for len(path) > 0 && c.bookmarks[path[len(path)-1]].level >= b.level {
			path = path[:len(path)-1]
		}
		above[i] = -1
		if len(path) > 0 {
			above[i] = path[len(path)-1]
		}
		path = append(path, i)
	}
	children := map[int][]int{}
	for i, a := range above {
		children[a] = append(children[a], i)
	}
	below := map[int]int{}
	for i := range n {
		for a := above[i]; ; a = above[a] { // four levels at most
			below[a]++
			if a == -1 {
				break
			}
		}
	}
	family := func(of int) string {
		kids := children[of]
		if len(kids) == 0 {
			return ""
		}
		return fmt.Sprintf("/First %d 0 R/Last %d 0 R/Count %d", first+kids[0], first+kids[len(kids)-1], below[of])
	}
	f.set(root, "<</Type/Outlines%s>>", family(-1))
	for a, kids := range children {
		for k, i := range kids {
			b, links := c.bookmarks[i], ""
			if k > 0 {
				links += fmt.Sprintf("/Prev %d 0 R", first+kids[k-1])
			}
			if k+1 < len(kids) {
				links += fmt.Sprintf("/Next %d 0 R", first+kids[k+1])
			}
			f.set(first+i, "<</Title%s/Parent %d 0 R%s%s/Dest[%d 0 R/XYZ null %s null]>>", textString(b.title), first+a, links, family(i), pages[b.page], num(l.Height-b.y))
		}
	}
	return root
}
