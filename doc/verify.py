#!/usr/bin/env python3
"""A second verifier of the form of a record, written from record.md alone (standard library only).

    verify.py DIR [-key VERIFIERKEY]   checks an exported record (record.md section 10); prints `ok N ROOT`, exit 0,
                                       or `damaged PLACE REASON`, exit 1; on stderr whence the key came
    verify.py -entries FILE            FILE holds entries, each as index and length (4 bytes big-endian) and bytes;
                                       prints `ok` or `bad` for the form of each one
    verify.py -vectors FOLDER          runs the vectors of Ed25519, ECDSA, WebAuthn and JCS in FOLDER

It reads the other way round: it takes whatever JSON is there, leniently, writes it anew as record.md says it must be
spelt, and compares the bytes. Everything read is hostile, so every failure ends as `damaged`, never as a traceback.
"""
import base64, hashlib, json, os, re, sys

sys.setrecursionlimit(10000)
sha = lambda b: hashlib.sha256(b).digest()


class Bad(Exception):
    """What is wrong, and the entry it names (None: none)."""

    def __init__(self, why, place=None):
        super().__init__(why)
        self.place = place


def need(ok, why, place=None):
    if not ok:
        raise Bad(why, place)


# --- section 1: canonical JSON -------------------------------------------------------------------------------

KEY = re.compile(r"[a-z][A-Za-z0-9]{0,39}", re.A)
ESCAPE = {'"': '\\"', "\\": "\\\\", "\b": "\\b", "\t": "\\t", "\n": "\\n", "\f": "\\f", "\r": "\\r"}


def text(s):
    need(s != "" and "\0" not in s, "empty string or U+0000")
    return '"' + "".join(ESCAPE.get(c) or ("\\u%04x" % ord(c) if c < " " else c) for c in s) + '"'


def spell(v, depth=1):
    """The one spelling of a value; Bad if it has none."""
    if v is True:
        return "true"
    if type(v) is str:
        return text(v)
    if type(v) is int:
        need(abs(v) < 2**53, "integer too large")
        return str(v)
    need(type(v) in (dict, list) and len(v) > 0, "a value of no allowed kind, or empty")
    need(depth <= 16, "too deep")
    if type(v) is list:
        return "[" + ",".join(spell(x, depth + 1) for x in v) + "]"
    need(all(KEY.fullmatch(k) for k in v), "bad key")
    return "{" + ",".join('"%s":%s' % (k, spell(v[k], depth + 1)) for k in sorted(v)) + "}"


def whole(digits):
    need(len(digits) <= 20, "integer too large")
    return int(digits)


def refuse(what):
    raise Bad("number that is no integer")


def canonical(b):
    """Parses canonical bytes and no others."""
    try:
        v = json.loads(b.decode("utf-8"), parse_int=whole, parse_float=refuse, parse_constant=refuse)
        need(spell(v).encode("utf-8") == b, "not canonical")
    except (ValueError, RecursionError, UnicodeError) as e:
        raise Bad("not JSON: " + type(e).__name__)
    return v


def unbase64(s, size=None):
    """Bytes of base64url without padding that encode again to the same text."""
    need(type(s) is str and re.fullmatch(r"[A-Za-z0-9_-]+", s, re.A), "not base64url")
    try:
        b = base64.urlsafe_b64decode(s + "=" * (-len(s) % 4))
    except ValueError:
        raise Bad("not base64url")
    need(base64.urlsafe_b64encode(b).rstrip(b"=").decode() == s, "base64url with unused bits")
    need(size is None or len(b) == size, "bytes of another length")
    return b


DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]


def instant(s):
    m = type(s) is str and re.fullmatch(r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)\.\d{3}Z", s, re.A)
    need(m, "not an instant")
    y, mo, d, h, mi, se = map(int, m.groups())
    leap = y % 4 == 0 and (y % 100 != 0 or y % 400 == 0)
    need(y >= 1 and 1 <= mo <= 12 and h < 24 and mi < 60 and se < 60, "not an instant")
    need(1 <= d <= DAYS[mo - 1] + (mo == 2 and leap), "not a day")
    return s  # of one length, so the order of texts is the order of time


# --- section 2: entries --------------------------------------------------------------------------------------

def match(pattern):
    r = re.compile(pattern, re.A)
    return lambda v: need(type(v) is str and r.fullmatch(v), "not as it should be: %.20r" % (v,))


ident, name, kind = match(r"[a-z0-9-]{1,40}"), match(r"[A-Z][A-Za-z0-9]{0,39}"), match(r"[a-z][A-Za-z0-9]{0,39}")
origin = match(r"[!-*,-~]{1,200}")


def number(v):
    need(type(v) is int and v >= 0, "not a number from 0")
    return v


def keys(v, must, may=()):
    need(type(v) is dict, "no object")
    need(set(must) <= set(v) <= set(must) | set(may), "keys missing or unknown: " + ",".join(sorted(map(str, v)))[:80])


def padded(n):
    """Whether so many bytes can be kept of a private blob (section 4)."""
    e = n.bit_length() - 1
    return 4096 <= n <= 64 << 20 and n % (1 << e - e.bit_length()) == 0


def references(v):
    """Below fields and events, what has the key sealed or blob is a reference and nothing else."""
    if type(v) is dict and ("sealed" in v or "blob" in v):
        k = "sealed" if "sealed" in v else "blob"
        keys(v, [k] if k == "sealed" else [k, "size"], ["size"])
        unbase64(v[k], 32)
        number(v.get("size", 0))
        need(k == "blob" or "size" not in v or padded(v["size"]), "no size of a private blob")
    elif type(v) in (dict, list):
        for x in v.values() if type(v) is dict else v:
            references(x)


def submitted(s, index):
    keys(s, ["as", "by", "key", "name", "origin"], ["about", "fields", "for", "meeting", "notAfter", "seen", "with"])
    name(s["as"]), ident(s["by"]), unbase64(s["key"], 16), name(s["name"]), origin(s["origin"])
    for a in array(s, "about"):
        keys(a, ["id", "kind", "version"])
        need(type(a["id"]) is str and len(a["id"]) <= 100, "about")
        kind(a["kind"])
        need(number(a["version"]) < index, "version of the future")
    for k in ("for", "meeting"):
        if k in s:
            ident(s[k])
    if "notAfter" in s:
        instant(s["notAfter"])
    need(number(s.get("seen", 0)) <= index, "seen of the future")
    for w in array(s, "with"):
        keys(w, ["as", "by"])
        name(w["as"]), ident(w["by"])
    if "fields" in s:
        need(type(s["fields"]) is dict, "fields")
        references(s["fields"])


def array(v, key):
    need(type(v.get(key, [])) is list, key)
    return v.get(key, [])


def effects(e, index):
    """The act, its attestations and its events."""
    submitted(e["act"], index)
    attestations = array(e, "attestations")
    for a in attestations:
        keys(a, ["authenticatorData", "clientDataJSON", "credential", "signature"])
        for v in a.values():
            unbase64(v)
    need(len(attestations) in (0, 1 + len(array(e["act"], "with"))), "attestations")
    for x in array(e, "events"):
        need(type(x) is dict, "event")
        name(x.get("kind"))
        references(x)


def entry(b, index):
    """Parses the bytes of entry index and checks their form."""
    need(len(b) <= 65535, "too long")
    e = canonical(b)
    if type(e) is dict and "closed" in e:
        keys(e, ["at", "closed", "index"])
        unbase64(e["closed"], 32)
    else:
        keys(e, ["act", "at", "events", "index"], ["attestations"])
        effects(e, index)
    instant(e["at"])
    need(type(e["index"]) is int and e["index"] == index, "index")
    return e


# --- section 9: tree and signatures --------------------------------------------------------------------------

leaf = lambda b: sha(b"\0" + b)
node = lambda a, b: sha(b"\1" + a + b)


def levels(hashes):
    """All full levels of the tree, the leaves first."""
    out = [hashes]
    while len(out[-1]) > 1:
        below = out[-1]
        out.append([node(below[i], below[i + 1]) for i in range(0, len(below) - 1, 2)])
    return out


def root(tree, size):
    """The root of the first size leaves: its perfect subtrees, joined from the right."""
    at, peaks = 0, []
    for k in reversed(range(size.bit_length())):
        if size >> k & 1:
            peaks.append(tree[k][at >> k])
            at += 1 << k
    h = peaks.pop()
    while peaks:
        h = node(peaks.pop(), h)
    return h


P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
I = pow(2, (P - 1) // 4, P)


def point(b):
    """Decodes a point as RFC 8032 section 5.1.3 does, but takes y not reduced, as common verifiers do."""
    y = int.from_bytes(b, "little")
    sign, y = y >> 255, (y & (2**255 - 1)) % P
    u, v = (y * y - 1) % P, (D * y * y + 1) % P
    x = u * pow(v, 3, P) * pow(u * pow(v, 7, P), (P - 5) // 8, P) % P
    if v * x * x % P != u:
        x = x * I % P
    if v * x * x % P != u:
        return None
    if x & 1 != sign:
        x = P - x
    return x % P, y, 1, x * y % P


def add(p, q):
    a, b = (p[1] - p[0]) * (q[1] - q[0]) % P, (p[1] + p[0]) * (q[1] + q[0]) % P
    c, d = 2 * p[3] * q[3] * D % P, 2 * p[2] * q[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


def times(n, p):
    q = (0, 1, 1, 0)
    while n:
        if n & 1:
            q = add(q, p)
        p, n = add(p, p), n >> 1
    return q


BASE = point((4 * pow(5, P - 2, P) % P).to_bytes(32, "little"))


def signed(key, message, signature):
    """Ed25519, RFC 8032 section 5.1.7: S reduced, no cofactor, R compared as bytes."""
    if len(key) != 32 or len(signature) != 64:
        return False
    a, s = point(key), int.from_bytes(signature[32:], "little")
    if a is None or s >= L:
        return False
    k = int.from_bytes(hashlib.sha512(signature[:32] + key + message).digest(), "little") % L
    x, y, z, _ = add(times(s, BASE), times(k, ((P - a[0]) % P, a[1], 1, (P - a[3]) % P)))
    z = pow(z, P - 2, P)
    x, y = x * z % P, y * z % P
    return (y | (x & 1) << 255).to_bytes(32, "little") == signature[:32]


# --- section 5: attestations ---------------------------------------------------------------------------------

# P-256 (SEC 2 section 2.4.2): y^2 = x^3 - 3x + PB modulo PP, PG of order PN.
PP = 2**256 - 2**224 + 2**192 + 2**96 - 1
PB = 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B
PN = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
PG = (0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296, 0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5)


def padd(p, q):
    """The sum of two points of P-256; None is the point at infinity."""
    if p is None or q is None:
        return p or q
    if p[0] == q[0]:
        if (p[1] + q[1]) % PP == 0:
            return None
        m = (3 * p[0] * p[0] - 3) * pow(2 * p[1], -1, PP)
    else:
        m = (q[1] - p[1]) * pow(q[0] - p[0], -1, PP)
    x = (m * m - p[0] - q[0]) % PP
    return x, (m * (p[0] - x) - p[1]) % PP


def ptimes(n, p):
    q = None
    while n:
        if n & 1:
            q = padd(q, p)
        p, n = padd(p, p), n >> 1
    return q


def ppoint(b):
    """A public key: 65 bytes of an uncompressed point (SEC 1 section 2.3.3), or None."""
    x, y = int.from_bytes(b[1:33], "big"), int.from_bytes(b[33:], "big")
    good = len(b) == 65 and b[0] == 4 and x < PP and y < PP and (y * y - x * x * x + 3 * x - PB) % PP == 0
    return (x, y) if good else None


def der(b):
    """The two integers of a signature in DER, or None. No signature needs a length of more than one byte."""
    if len(b) < 8 or b[0] != 0x30 or b[1] != len(b) - 2 or b[1] > 127:
        return None
    b, out = b[2:], []
    for _ in range(2):
        n = b[1] if len(b) > 2 else 0
        v = b[2 : 2 + n]
        if len(v) == 0 or b[0] != 2 or n > 127 or len(v) != n or v[0] > 127 or v[0] == 0 and n > 1 and v[1] < 128:
            return None
        out, b = out + [int.from_bytes(v, "big")], b[2 + n :]
    return None if b else out


def psigned(key, message, signature):
    """ECDSA over P-256 with SHA-256 (SEC 1 section 4.1.4), the signature in DER."""
    q, rs = ppoint(key), der(signature)
    if q is None or rs is None or not 0 < rs[0] < PN or not 0 < rs[1] < PN:
        return False
    w = pow(rs[1], -1, PN)
    p = padd(ptimes(int.from_bytes(sha(message), "big") * w % PN, PG), ptimes(rs[0] * w % PN, q))
    return p is not None and p[0] % PN == rs[0]


def asserts(a, challenge, key, domain, origins):
    """What is asked of one assertion, 3 to 6 of the section."""
    data, client, signature = (unbase64(a[k]) for k in ("authenticatorData", "clientDataJSON", "signature"))
    begin = b'{"type":"webauthn.get","challenge":"%s","origin":"' % base64.urlsafe_b64encode(challenge).rstrip(b"=")
    need(client.startswith(begin), "attestation: wrong-challenge")
    rest = client[len(begin) :]
    same = b',"crossOrigin":false'
    tails = [rest[len(o) + 1 :] for o in (o.encode() for o in origins) if rest.startswith(o + b'"')]
    made = [t == b"}" or t == same + b"}" or t.startswith(same + b",") for t in tails]
    need(any(made) and len(data) >= 37 and data[:32] == sha(domain.encode()), "attestation: wrong-origin")
    need(data[32] & 5 == 5, "attestation: not-verified")
    need(psigned(key, data + sha(client), signature), "attestation: bad-signature")


class Keys:
    """What the open entries before one left: credentials with their keys, and where people sign in."""

    def __init__(self):
        self.domain, self.origins, self.known, self.stopped = "", [], {}, False

    def check(self, act, attestations):
        if not attestations:
            return
        need("notAfter" in act, "attestation: notAfter")
        persons = [act["by"]] + [w["by"] for w in array(act, "with")]
        if act["name"] in ("CountersignKey", "ReplacePartyKey"):
            persons[0] = act.get("for")
        challenge = sha(b"kurultai/act/v1\n" + spell(act).encode())
        for a, person in zip(attestations, persons):
            k = self.known.get(a["credential"])
            need(k, "attestation: unknown-key")
            need(not k["revoked"], "attestation: key-revoked")
            need(k["owner"] == person, "attestation: not-your-key")
            asserts(a, challenge, unbase64(k["key"]), self.domain, self.origins)

    def fold(self, x):
        said = lambda k: x[k] if type(x.get(k)) is str else ""
        if x["kind"] == "OriginNamed":
            self.domain, self.origins = said("domain"), [o for o in array(x, "origins") if type(o) is str]
        elif x["kind"] == "PasskeyEnrolled":
            self.enrol(said("credential"), said("person"), said("key"))
        elif x["kind"] == "PartyKeyDeposited":
            self.revoke(lambda k: k["of"] == "party" and k["owner"] == said("party"))
            self.enrol(said("credential"), said("party"), said("key"), "party")
        elif x["kind"] == "PasskeyRevoked":
            self.revoke(lambda k: k["credential"] == said("credential"))
        elif x["kind"] == "PersonForgotten":
            self.revoke(lambda k: k["of"] == "person" and k["owner"] == said("person"))
        elif x["kind"] == "EditionAdopted":
            self.stopped = True

    def enrol(self, credential, owner, key, of="person"):
        self.known[credential] = {"credential": credential, "owner": owner, "key": key, "of": of, "revoked": False}

    def revoke(self, which):
        for k in self.known.values():
            k["revoked"] = k["revoked"] or which(k)


def attested(entries):
    """Checks every attestation that stands, and says how many entries bear them."""
    keys_, n = Keys(), 0
    for i, e in enumerate(entries):
        if "closed" in e:
            continue
        if keys_.stopped:
            print("from entry %d on under a later edition: attestations are not checked" % i, file=sys.stderr)
            break
        try:
            keys_.check(e["act"], array(e, "attestations"))
            for x in e["events"]:
                keys_.fold(x)
        except Bad as x:
            raise Bad(str(x), i)
        n += "attestations" in e
    print("attested: %d entries" % n, file=sys.stderr)


def base64std(s, size):
    try:
        b = base64.b64decode(s, validate=True)
    except ValueError:
        raise Bad("not base64")
    need(len(b) == size and base64.b64encode(b).decode() == s, "not base64 of %d bytes" % size)
    return b


def verifier(line):
    """The origin and public key of a verifier key."""
    parts = line.split("+", 2)
    need(len(parts) == 3, "key: not ORIGIN+HASH+BASE64")
    origin(parts[0])
    key = base64std(parts[2], 33)
    need(key[0] == 1, "key: not Ed25519")
    hashed = sha(parts[0].encode() + b"\n" + key)[:4]
    need(parts[1] == hashed.hex(), "key: its hash is of another")
    story = re.fullmatch(r"story\.invalid/([a-z0-9-]{1,40})/([0-9a-f]{16})", parts[0], re.A)
    need(story or not parts[0].startswith("story.invalid/"), "key: a story origin of another shape")
    need(not story or story[2] == sha(key[1:])[:8].hex(), "key: the story origin belongs to another key")
    host = parts[0].split("/")[0]
    need(story or not (host.endswith(".invalid") or host == "invalid"), "key: .invalid is for stories")
    return parts[0], key[1:], hashed, story and story[1]


def checkpoint(b, org, key, hashed):
    note = b.decode("utf-8")
    body, mark, tail = note.rpartition("\n\n")
    need(mark and tail.endswith("\n"), "checkpoint: no signed note")
    body += "\n"
    good = False
    for line in tail[:-1].split("\n"):
        m = re.fullmatch(r"— (\S+) (\S+)", line)
        need(m, "checkpoint: a line that is no signature")
        if m[1] == org:
            sig = base64.b64decode(m[2])
            if sig[:4] == hashed:
                need(signed(key, body.encode(), sig[4:]), "checkpoint: the signature is wrong")
                good = True
    need(good, "checkpoint: not signed by the log")
    lines = body.split("\n")
    need(len(lines) == 4 and lines[3] == "" and lines[0] == org, "checkpoint: not origin, size, root")
    need(re.fullmatch(r"0|[1-9][0-9]{0,17}", lines[1], re.A), "checkpoint: size")
    return int(lines[1]), base64std(lines[2], 32)


# --- section 10: the exported layout -------------------------------------------------------------------------

def number_path(n):
    parts = ["%03d" % (n % 1000)]
    while n >= 1000:
        n //= 1000
        parts.insert(0, "x%03d" % (n % 1000))
    return "/".join(parts)


def read(root_, path, limit):
    with open(os.path.join(root_, path), "rb") as f:
        b = f.read(limit + 1)
    need(len(b) <= limit, path + ": larger than it can be")
    return b


def tile(d, what, n, w, limit):
    return read(d, "tile/%s/%s%s" % (what, number_path(n), "" if w == 256 else ".p/%d" % w), limit)


def places(v, path=""):
    """Sealed values below v, in order: (name, digest, size of a private blob or None)."""
    if type(v) is dict and "sealed" in v:
        return [(path, v["sealed"], v.get("size"))]
    steps = v.items() if type(v) is dict else enumerate(v) if type(v) is list else ()
    out = []
    for k, x in steps:
        out += places(x, path + "." + str(k) if path else str(k))
    return out


def blobs(v):
    """Public blobs below v: (digest, size)."""
    if type(v) is dict and ("blob" in v or "sealed" in v):
        return [(v["blob"], v["size"])] if "blob" in v else []
    below = v.values() if type(v) is dict else v if type(v) is list else ()
    return [b for x in below for b in blobs(x)]


def check_blob(d, digest, size, place=None):
    """What stands under the digest of a blob is of it, and of that size."""
    try:
        b = read(d, "blob/" + unbase64(digest, 32).hex(), 64 << 20)
    except OSError as gone:
        raise Bad("blob: " + type(gone).__name__, place)
    except Bad as x:
        raise Bad(str(x), place)
    need(len(b) == size and sha(b) == unbase64(digest, 32), "a blob is not of its size or digest", place)


def check_opening(d, o, e, index):
    """The place of what o opens in entry e."""
    if "closed" in o:
        need("closed" in e, "nothing closed stands here")
        b = unbase64(o["closed"])
        need(len(b) > 32 and sha(b"kurultai/closed/v1\n" + b) == unbase64(e["closed"]), "closed opening of another digest")
        content = b[32:].rstrip(b"\0")
        need(content.endswith(b"\x80"), "padding")
        need(len(b) - 32 == min([s for s in (1024, 4096, 16384, 49152) if s >= len(content)], default=-1), "padding")
        inside = canonical(content[:-1])
        keys(inside, ["act", "events"], ["attestations"])
        effects(inside, index)
        return 0
    need(type(o["disclosure"]) is str, "disclosure")
    x = canonical(unbase64(o["disclosure"]))
    need(type(x) is list and len(x) in (3, 4) and type(x[1]) is str, "disclosure: neither a value's nor a blob's")
    unbase64(x[0], 16)
    digest = base64.urlsafe_b64encode(sha(o["disclosure"].encode())).rstrip(b"=").decode()
    stand = places(e.get("act", {}).get("fields", {}))
    here = [i for i, (_, sealed, _) in enumerate(stand) if sealed == digest]
    need(here, "disclosure of nothing in this entry")
    path, _, size = stand[here[0]]
    if size is None:
        need(len(x) == 3 and x[1] == path and "blob" not in o, "disclosure of something else")
    else:
        need(len(x) == 4 and x[1] == "blob" and "blob" in o, "disclosure of no private blob")
        unbase64(x[2], 32), unbase64(x[3], 32)
        check_blob(d, o["blob"], size)
    return here[0]


def check_openings(d, n, entries):
    path = "opening/" + number_path(n)
    if not os.path.lexists(os.path.join(d, path)):
        return
    b = read(d, path, 64 << 20)
    last = (-1, -1)
    while b:
        line, mark, b = b.partition(b"\n")
        need(mark, "openings: the last line does not end")
        index = None
        try:
            o = canonical(line)
            if type(o) is dict and type(o.get("index")) is int and o["index"] >= 0:
                index = o["index"]
            need("disclosure" in o or "closed" in o, "opening of nothing")
            keys(o, ["index", "closed"] if "closed" in o else ["index", "disclosure"], () if "closed" in o else ["blob"])
            need(index is not None and index // 256 == n and index < len(entries), "opening out of order")
            here = (index, check_opening(d, o, entries[index], index))
            need(here > last, "opening out of order")
            last = here
        except Bad as e:
            raise Bad(str(e), index)


def verify(d, given):
    if given is None:
        b = read(d, "key", 1000)
        need(b.endswith(b"\n"), "key: no line")
        given = b[:-1].decode("utf-8")
        whence = "the file key, which proves nothing by itself"
    else:
        whence = "the argument"
    org, key, hashed, story = verifier(given)
    print("key from " + ("the file key, bound by the story's origin" if story and whence != "the argument" else whence), file=sys.stderr)
    size, want = checkpoint(read(d, "checkpoint", 1 << 20), org, key, hashed)
    need(size > 0, "no entries")
    entries, hashes, last = [], [], ""
    for first in range(0, size, 256):
        w = min(256, size - first)
        try:
            bundle = tile(d, "entries", first // 256, w, 256 * 65537)
        except OSError as e:
            raise Bad("bundle: " + type(e).__name__, first)
        except Bad as e:
            raise Bad(str(e), first)
        try:
            level0 = tile(d, "0", first // 256, w, 256 * 32)
        except (OSError, Bad):
            level0 = b""
        for i in range(first, first + w):
            n = int.from_bytes(bundle[:2], "big")
            need(len(bundle) >= 2 and len(bundle) >= 2 + n, "missing or cut short", i)
            b, bundle = bundle[2 : 2 + n], bundle[2 + n :]
            try:
                e = entry(b, i)
            except Bad as x:
                raise Bad(str(x), i)
            need(e["at"] >= last, "earlier than the entry before it", i)
            need("closed" in e or e["act"]["origin"] == org, "meant for another record", i)
            if i == 0 and story:
                need("act" in e and e["act"].get("fields", {}).get("id") == story, "founds another body", 0)
            h = leaf(b)
            need(len(level0) == 32 * w and level0[32 * (i - first) :][:32] == h, "does not match its hash", i)
            for digest, n in blobs(e.get("act", {}).get("fields", {})):
                check_blob(d, digest, n, i)
            last = e["at"]
            entries.append(e)
            hashes.append(h)
        need(not bundle, "bytes behind the last entry", first + w - 1)
    tree = levels(hashes)
    for level in range(1, (len(tree) + 7) // 8):
        row = tree[8 * level] if 8 * level < len(tree) else []
        for first in range(0, len(row), 256):
            part = row[first : first + 256]
            try:
                need(tile(d, str(level), first // 256, len(part), 256 * 32) == b"".join(part), "hash tile")
            except OSError:
                raise Bad("hash tile missing")
    need(root(tree, size) == want, "the entries give another root")
    for n in range((size + 255) // 256):
        try:
            check_openings(d, n, entries)
        except OSError as e:
            raise Bad("openings: " + type(e).__name__)
    attested(entries)
    return "ok %d %s" % (size, base64.b64encode(want).decode())


def one_by_one(path):
    b, out = open(path, "rb").read(), []
    while b:
        index, n = int.from_bytes(b[:4], "big"), int.from_bytes(b[4:8], "big")
        try:
            entry(b[8 : 8 + n], index)
            out.append("ok")
        except Bad:
            out.append("bad")
        b = b[8 + n :]
    print("\n".join(out))


def strings(v):
    """The strings in a value, names of members too."""
    if type(v) is str:
        return [v] if v else []
    below = list(v) + list(v.values()) if type(v) is dict else v if type(v) is list else []
    return [s for x in below for s in strings(x)]


def vectors(folder):
    """Ed25519: every verdict of Wycheproof, and how many of the edge cases of CCTV are accepted (all nodes must
    accept the same 208). ECDSA: every verdict of Wycheproof on DER. WebAuthn: the assertions of the W3C by ES256.
    JCS (RFC 8785): every string of the inputs is spelt as in the output."""
    path = lambda *f: os.path.join(folder, *f)
    read_json = lambda *f: json.load(open(path(*f), encoding="utf-8"))
    verdicts = lambda file, check: [check(g, t) == (t["result"] == "valid") for g in file["testGroups"] for t in g["tests"]]
    octets = lambda *texts: (bytes.fromhex(x) for x in texts)
    ed25519 = verdicts(read_json("ed25519", "wycheproof-ed25519_test.json"), lambda g, t: signed(*octets(g["publicKey"]["pk"], t["msg"], t["sig"])))
    ecdsa = verdicts(read_json("ecdsa", "wycheproof-ecdsa_secp256r1_sha256_test.json"), lambda g, t: psigned(*octets(g["publicKey"]["uncompressed"], t["msg"], t["sig"])))
    webauthn = []
    for v in read_json("webauthn", "level3.json"):
        _, cose, xy = v["registration"].get("attestationObject", "").partition("a5010203262001215820")
        if cose and v["authentication"]:
            data, client, signature = octets(*(v["authentication"][k] for k in ("authenticatorData", "clientDataJSON", "signature")))
            webauthn.append(psigned(bytes.fromhex("04" + xy[:64] + xy[70:134]), data + sha(client), signature))
    spelt = []
    for f in sorted(os.listdir(path("jcs", "testdata", "input"))):
        output = open(path("jcs", "testdata", "output", f), encoding="utf-8").read()
        spelt += [text(s) in output for s in strings(read_json("jcs", "testdata", "input", f))]
    cases = read_json("ed25519", "cctv-ed25519vectors.json")
    accepted = sum(signed(bytes.fromhex(c["key"]), c["msg"].encode(), bytes.fromhex(c["sig"])) for c in cases)
    print("ed25519: %d verdicts agree, %d do not; %d of %d edge cases accepted" % (ed25519.count(True), ed25519.count(False), accepted, len(cases)))
    print("ecdsa: %d verdicts agree, %d do not" % (ecdsa.count(True), ecdsa.count(False)))
    print("webauthn: %d verdicts agree, %d do not" % (webauthn.count(True), webauthn.count(False)))
    print("jcs: %d strings spelt as there, %d not" % (spelt.count(True), spelt.count(False)))
    return all(x and all(x) for x in (ed25519, ecdsa, webauthn, spelt)) and accepted == 208


def main(args):
    if len(args) == 2 and args[0] == "-entries":
        one_by_one(args[1])
        return 0
    if len(args) == 2 and args[0] == "-vectors":
        return 0 if vectors(args[1]) else 1
    if len(args) not in (1, 3) or len(args) == 3 and args[1] != "-key" or args[0].startswith("-"):
        print(__doc__, file=sys.stderr)
        return 2
    try:
        print(verify(args[0], args[2] if len(args) == 3 else None))
        return 0
    except Bad as e:
        place, why = e.place, str(e)
    except (OSError, ValueError, KeyError, TypeError, RecursionError, OverflowError) as e:
        place, why = None, type(e).__name__
    print("damaged %s %s" % ("-" if place is None else place, why.replace("\n", " ")))
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
