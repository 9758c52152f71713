// What the pages need of age (age-encryption.org/v1): keys of X25519, files to and from them, and identities behind a passphrase.
import { Decrypter, Encrypter, armor, generateX25519Identity, identityToRecipient } from "age-encryption";

export { Decrypter, Encrypter, armor, generateX25519Identity, identityToRecipient };
