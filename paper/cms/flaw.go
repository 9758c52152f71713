package cms

// A Flaw is why bytes are no signature that counts. Code is for programs and for other languages; the error it wraps says
// it in English, with what was found.
type Flaw struct {
	Code string
	err  error
}

func (f *Flaw) Error() string { return f.err.Error() }
func (f *Flaw) Unwrap() error { return f.err }

// Codes of flaws.
const (
	Unreadable          = "unreadable"          // it, or a part of it, cannot be read
	SeveralSigners      = "several-signers"     // it has not one signer
	WrongForm           = "form"                // PAdES has it otherwise (ETSI EN 319 142-1)
	WeakDigest          = "weak-digest"         // below SHA-256
	WeakKey             = "weak-key"            // RSA below 2,048 bits, a curve below 256
	OtherAlgorithm      = "other-algorithm"     // neither ECDSA nor RSA
	NoCertificate       = "no-certificate"      // the signer's did not come with it
	SigningTime         = "signing-time"        // its own word about when, which PAdES forbids
	CertificateUnnamed  = "certificate-unnamed" // no signing-certificate-v2 that can be read
	CertificateOther    = "certificate-other"   // signing-certificate-v2 names another
	OtherDocument       = "other-document"      // it signs other bytes
	NotByItsCertificate = "not-by-its-certificate"
)

// Flaws are the codes of flaws.
var Flaws = []string{Unreadable, SeveralSigners, WrongForm, WeakDigest, WeakKey, OtherAlgorithm, NoCertificate, SigningTime, CertificateUnnamed, CertificateOther, OtherDocument, NotByItsCertificate}

func flaw(code string, err error) error { return &Flaw{code, err} }
