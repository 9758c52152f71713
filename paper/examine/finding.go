package examine

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"kurultai/language"
	"kurultai/paper/cms"
)

// A Finding says one thing about a file. Code is for programs, Args are its names and numbers in the order in which the
// sentences of the code count them. The sentences are texts of package language, finding.CODE; what to do about it is
// finding.do.REMEDY.
type Finding struct {
	Code string
	Args []any // strings, ints, Findings and Reasons
}

// In says it in a language.
func (f Finding) In(l *language.Language) string {
	var args []string
	for _, a := range f.Args {
		switch a := a.(type) {
		case Finding:
			args = append(args, a.In(l))
		case Reason:
			args = append(args, a.In(l))
		default:
			args = append(args, fmt.Sprint(a))
		}
	}
	return l.Say("finding."+f.Code, args...)
}

// Remedy says in a language what a person should do about it, "" where nothing is to be done. Of a finding within another
// it is that of the inner one. A signature that is of other bytes, or by another key, is not one to sign again.
func (f Finding) Remedy(l *language.Language) string {
	remedy := codes[f.Code]
	for _, a := range f.Args {
		switch a := a.(type) {
		case Finding:
			return a.Remedy(l)
		case Reason:
			if f.Code == "cms" && slices.Contains([]string{cms.OtherDocument, cms.NotByItsCertificate, cms.CertificateOther, cms.Unreadable}, a.Code) {
				remedy = "original"
			}
		}
	}
	if remedy == "" {
		return ""
	}
	return l.Say("finding.do." + remedy)
}

// Error says it in English.
func (f Finding) Error() string { return f.In(english()) }

func english() *language.Language {
	l, _ := language.Get("en")
	return l
}

func found(code string, args ...any) Finding {
	if _, ok := codes[code]; !ok {
		panic("examine: no sentence for " + code)
	}
	return Finding{code, args}
}

// A Reason is why something is not as it should be, within a finding or of a file that cannot be examined. Code chooses
// its sentence, reason.CODE; in English Text says it, with what was found.
type Reason struct{ Code, Text string }

func (r Reason) Error() string { return r.Text }

// In says it in a language.
func (r Reason) In(l *language.Language) string {
	if l.Code == "en" && r.Text != "" {
		return r.Text
	}
	return l.Say("reason." + r.Code)
}

// reasonOf is why an error says no: in the words of package cms where it is a signature's, without what a parser of DER
// says to itself.
func reasonOf(err error) Reason {
	var r Reason
	var f *cms.Flaw
	text, _, _ := strings.Cut(err.Error(), ": asn1: ")
	switch {
	case errors.As(err, &r):
		return r
	case errors.As(err, &f):
		return Reason{f.Code, text}
	}
	return Reason{cms.Unreadable, text}
}

// unread is why a file cannot be examined.
func unread(code string, err error) error { return Reason{"file-" + code, err.Error()} }

// Unread says why a file could not be examined, from the error of Examine; the Text of it names the place.
func Unread(err error) Reason {
	r := Reason{Code: "file-broken"}
	errors.As(err, &r)
	return Reason{r.Code, err.Error()}
}

// Codes are all codes a Finding can have, in order.
func Codes() []string { return slices.Sorted(maps.Keys(codes)) }

// Reasons are all codes a Reason can have, in order.
func Reasons() []string {
	return slices.Sorted(slices.Values(append([]string{"file-large", "file-not-pdf", "file-tail", "file-hidden", "file-ambiguous", "file-encrypted", "file-linearized", "file-limit", "file-xfa", "file-broken",
		"other-signature", "use", "authority", "authority-form"}, cms.Flaws...)))
}

// Remedies are what a person should do about findings, in a language, each once.
func Remedies(list []Finding, l *language.Language) (todo []string) {
	for _, f := range list {
		if r := f.Remedy(l); r != "" && !slices.Contains(todo, r) {
			todo = append(todo, r)
		}
	}
	return todo
}

// RemedyCodes are all remedies findings have, in order.
func RemedyCodes() []string {
	list := slices.Compact(slices.Sorted(maps.Values(codes)))
	return slices.DeleteFunc(list, func(r string) bool { return r == "" })
}

// quoted is a name of the file between quotation marks, with what cannot be printed spelt out.
func quoted(s string) string { return strconv.Quote(s) }

// codes are what can be found, each with the remedy it has, if any. Arguments of the sentences are counted, so that a
// language can take them in another order.
var codes = map[string]string{
	// lawful changes
	"field-signed":       "",
	"document-certified": "",
	"document-timestamp": "",
	"validation-data":    "",
	"nothing-changed":    "",

	// changes that are not allowed
	"catalog-swapped":       "original",
	"catalog-entry":         "original",
	"pages-swapped":         "original",
	"page-added":            "original",
	"page-removed":          "original",
	"pages-reordered":       "original",
	"page-replaced":         "original",
	"page-tree":             "original",
	"page-text":             "original",
	"page-resources":        "original",
	"page-entry":            "original",
	"annotation-added":      "original",
	"annotation-removed":    "original",
	"annotation-changed":    "original",
	"form-changed":          "original",
	"form-swapped":          "original",
	"field-added":           "original",
	"field-removed":         "original",
	"field-filled":          "original",
	"field-entry":           "original",
	"field-renamed":         "original",
	"field-moved":           "original",
	"field-appearance":      "original",
	"field-appearance-form": "original",
	"field-several-places":  "original",
	"value-borrowed":        "original",
	"value-old":             "original",
	"value-replaced":        "original",
	"value-removed":         "original",
	"signature-changed":     "original",
	"locked":                "original",
	"closed":                "original",
	"perms-changed":         "original",
	"dss-form":              "original",
	"info-changed":          "original",
	"metadata-changed":      "original",
	"structure-changed":     "original",
	"bookmarks-changed":     "original",
	"attachment-changed":    "original",
	"profile-changed":       "original",
	"identity-changed":      "original",
	"object-removed":        "original",
	"object-changed":        "original",
	"object-unused":         "original",
	"reference-filled":      "original",
	"more-changes":          "original",

	// a signature
	"no-byte-range":       "original",
	"range-start":         "original",
	"range-gap":           "original",
	"range-end":           "original",
	"no-contents":         "original",
	"padding":             "original",
	"subfilter":           "again",
	"signature-type":      "again",
	"signature-packed":    "again",
	"cms":                 "again",
	"key-large":           "again",
	"several-at-once":     "original",
	"certifies-late":      "original",
	"certifies-twice":     "original",
	"certifies-unnamed":   "original",
	"transform":           "again",
	"lock-left-out":       "again",
	"certificate-time":    "time",
	"certificate-chain":   "party",
	"certificate-usage":   "party",
	"authority-wrong":     "party",
	"no-trust-anchor":     "anchor",
	"no-anchor-for-field": "anchor",
	"timestamp-cms":       "time",
	"timestamp-authority": "time",

	// the file
	"not-signed":      "signed",
	"signature-stray": "original",

	// warnings
	"unused-objects":    "compare",
	"value-not-shown":   "compare",
	"value-shown-other": "compare",
	"value-undecided":   "compare",
	"actions":           "compare",
	"layers":            "compare",
	"field-large":       "compare",
	"before-signing":    "compare",

	// where a finding belongs
	"of-signature": "",
	"of-revision":  "",
}
