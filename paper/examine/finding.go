package examine

import (
	"fmt"
	"maps"
	"slices"
)

// A Finding says one thing about a file. Code is for programs and for other languages, Args are its names and numbers in
// the order in which the sentence of the code counts them; Error is the sentence in English.
type Finding struct {
	Code string
	Args []any // strings and ints
}

func (f Finding) Error() string { return fmt.Sprintf(sentences[f.Code], f.Args...) }

func found(code string, args ...any) Finding {
	if _, ok := sentences[code]; !ok {
		panic("examine: no sentence for " + code)
	}
	return Finding{code, args}
}

// Codes are all codes a Finding can have, in order.
func Codes() []string { return slices.Sorted(maps.Keys(sentences)) }

// sentences say what codes mean. Arguments are counted, so that another language can take them in another order.
var sentences = map[string]string{
	// lawful changes
	"field-signed":       "field %[1]s was signed",
	"document-certified": "the document was certified in field %[1]s",
	"document-timestamp": "a document timestamp was added in field %[1]s",
	"validation-data":    "validation data were added",
	"nothing-changed":    "nothing was changed",

	// changes that are not allowed
	"catalog-swapped":       "the catalog was swapped for another",
	"catalog-entry":         "the document's entry /%[1]s was changed",
	"pages-swapped":         "the page tree was swapped for another",
	"page-added":            "a page was added: %[2]d pages became %[1]d",
	"page-removed":          "a page was taken away: %[2]d pages became %[1]d",
	"pages-reordered":       "the pages were put in another order",
	"page-replaced":         "page %[1]d was replaced by another",
	"page-tree":             "the page tree was changed",
	"page-text":             "the text of page %[1]d was replaced",
	"page-resources":        "the fonts and images of page %[1]d were changed",
	"page-entry":            "the entry /%[2]s of page %[1]d was changed",
	"annotation-added":      "an annotation was laid over page %[1]d",
	"annotation-removed":    "an annotation of page %[1]d was taken away",
	"annotation-changed":    "an annotation of page %[1]d was changed",
	"form-changed":          "the form's entry /%[1]s was changed",
	"form-swapped":          "the form was swapped for another",
	"field-added":           "a field was added: %[1]s",
	"field-removed":         "field %[1]s was taken away",
	"field-filled":          "field %[1]s was filled in",
	"field-entry":           "the entry /%[2]s of field %[1]s was changed",
	"field-renamed":         "field %[1]s was renamed %[2]s",
	"field-moved":           "field %[1]s was moved or made larger",
	"field-appearance":      "the appearance of field %[1]s was replaced",
	"field-appearance-form": "field %[1]s was given an appearance of a kind that is not allowed",
	"field-several-places":  "field %[1]s stands in several places: what it is given would be seen in each",
	"value-borrowed":        "field %[1]s was given the value of %[2]s",
	"value-old":             "field %[1]s was given a value that was in the file before",
	"value-replaced":        "the signature of field %[1]s was replaced",
	"value-removed":         "the signature of field %[1]s was taken away",
	"signature-changed":     "the signature of field %[1]s was changed",
	"locked":                "field %[1]s was changed, which the signature of %[2]s had locked",
	"closed":                "field %[1]s was signed, though the signature of %[2]s allows no change",
	"perms-changed":         "the permissions of the document were changed",
	"dss-form":              "validation data of a kind that is not allowed were added",
	"info-changed":          "the title, the author or the dates of the document were changed",
	"metadata-changed":      "the metadata of the document were changed",
	"structure-changed":     "the structure of the text, as it is read out, was changed",
	"bookmarks-changed":     "the bookmarks were changed",
	"attachment-changed":    "an embedded file was changed",
	"profile-changed":       "the colours of the document were changed",
	"identity-changed":      "the identifier of the document was changed",
	"object-removed":        "object %[1]d was taken away",
	"object-changed":        "object %[1]d was changed",
	"object-unused":         "object %[1]d was added, which nothing uses",
	"reference-filled":      "object %[1]d was added, which the document had named before it was there",
	"more-changes":          "%[1]d more changes",

	// a signature
	"no-byte-range":       "its /ByteRange is not four numbers written in the signature itself",
	"range-start":         "its /ByteRange does not begin with the file",
	"range-gap":           "its /ByteRange leaves out other bytes than its own value",
	"range-end":           "it covers %[1]d bytes and its revision ends at byte %[2]d",
	"no-contents":         "its value is not one string of hexadecimal digits, of one spelling, in the signature itself",
	"padding":             "behind its value stand bytes that are not zero",
	"subfilter":           "it is of the kind %[1]q: ETSI.CAdES.detached is asked for",
	"signature-type":      "its /Type is not that of a signature",
	"signature-packed":    "it stands in an object stream",
	"cms":                 "%[1]s",
	"key-large":           "its key has more than %[1]d bits",
	"several-at-once":     "it came with others at once, %[1]d: none can cover the others",
	"certifies-late":      "it certifies the document behind other signatures",
	"certifies-twice":     "it certifies the document a second time",
	"certifies-unnamed":   "it certifies the document and is not named in the document's permissions, or the other way about",
	"transform":           "it asks for rules of change that are not known",
	"lock-left-out":       "it leaves out the lock its field asks for",
	"certificate-time":    "its certificate was not valid at %[1]s",
	"certificate-chain":   "its certificate does not come from the authority of %[1]s: %[2]s",
	"certificate-usage":   "its certificate is not one for signing: %[1]s",
	"authority-wrong":     "it was made under the authority of %[2]s: the field is of %[1]s",
	"no-trust-anchor":     "no trust anchor given",
	"no-anchor-for-field": "no trust anchor given for field %[1]s",
	"timestamp-cms":       "its timestamp: %[1]s",
	"timestamp-authority": "its timestamp is of an authority nobody named",

	// the file
	"not-signed":      "nothing is signed",
	"signature-stray": "object %[1]d is a signature no field has",

	// warnings
	"unused-objects":    "%[1]d objects are used by nothing, the first is %[2]d: a later change could show them",
	"value-not-shown":   "the value of field %[1]s is not shown",
	"value-shown-other": "the value of field %[1]s may be another than the one shown",
	"value-undecided":   "the form leaves it to the reader's program how values are shown",
	"actions":           "the document can run actions (/%[1]s)",
	"layers":            "the document has layers that can be shown or hidden",
	"field-large":       "field %[1]s covers more than half of page %[2]d",
	"before-signing":    "before anybody signed, in revision %[1]d: %[2]s",
}
