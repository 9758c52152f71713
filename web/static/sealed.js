// Sealed notes: keys are made and kept here, notes are packed, encrypted and opened here (doc/record.md section 15). What the
// server gets is ciphertext, digests, and to whom it goes. Nothing here turns text into markup or code.
(() => {
  const root = document.getElementById("sealed");
  if (!root) return;
  const d = JSON.parse(root.dataset.sealed), words = d.words;
  const said = document.querySelector(".told");
  const say = (text, tone) => { said.textContent = text; said.hidden = !text; said.className = "note told " + (tone ?? ""); if (tone) said.focus(); };
  const told = (text) => Object.assign(new Error(text), { told: true });
  const behind = (rest) => d.place + rest + (d.query ? "?" + d.query : "");

  const encoded = new TextEncoder(), decoded = new TextDecoder("utf-8", { fatal: true });
  const base64 = async (bytes) => (await new Promise((yes, no) => { const r = new FileReader(); r.onload = () => yes(r.result); r.onerror = () => no(r.error); r.readAsDataURL(new Blob([bytes])); })).split(",")[1] ?? "";
  const url = (text) => text.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
  const digest = async (bytes) => url(await base64(await crypto.subtle.digest("SHA-256", bytes)));
  const clean = (text) => (text.toWellFormed?.() ?? text).replaceAll("\0", "").normalize("NFC");

  // The keys of this browser, by their public halves. The private half of one made here cannot be taken out.
  const keys = (mode, work) => new Promise((yes, no) => {
    const open = indexedDB.open("kurultai", 1);
    open.onupgradeneeded = () => open.result.createObjectStore("keys", { keyPath: "recipient" });
    open.onerror = () => no(open.error);
    open.onsuccess = () => {
      const t = open.result.transaction("keys", mode), r = work(t.objectStore("keys"));
      t.oncomplete = () => { open.result.close(); yes(r.result); };
      t.onabort = () => no(t.error);
    };
  });

  // padded is the length to which n bytes are filled up, as private blobs are (doc/record.md section 4).
  const log = (n) => 31 - Math.clz32(n);
  const padded = (plain) => { const n = Math.max(plain + 17, 4096), e = log(n), low = 2 ** (e - log(e) - 1) - 1; return (n + low) & ~low; };
  const FIRST = "kurultai/note/v1\n";

  // pack writes a note down as it is encrypted.
  const pack = (note, files) => {
    const head = {};
    if (files.length) head.files = files.map((f) => f.bytes.length ? { bytes: f.bytes.length, name: f.name } : { name: f.name });
    if (d.for) head.from = d.for;
    head.number = note.number; head.origin = d.origin;
    head.salt = note.salt;
    if (note.subject) head.subject = note.subject;
    if (note.text) head.text = note.text;
    const parts = [encoded.encode(FIRST + JSON.stringify(head) + "\n"), ...files.map((f) => f.bytes)];
    const bytes = new Uint8Array(padded(parts.reduce((n, p) => n + p.length, 0)));
    let at = 0;
    for (const p of parts) { bytes.set(p, at); at += p.length; }
    if (bytes.length > d.most) throw told(words.large);
    return bytes;
  };

  const unpack = (bytes) => {
    const first = encoded.encode(FIRST);
    if (!first.every((b, i) => bytes[i] === b)) throw told(words.wrong);
    const end = bytes.indexOf(10, first.length), head = JSON.parse(decoded.decode(bytes.subarray(first.length, end)));
    let at = end + 1;
    head.files = (head.files ?? []).map((f) => ({ name: f.name, bytes: bytes.subarray(at, at += f.bytes ?? 0) }));
    return head;
  };

  const encrypt = async (bytes, to) => {
    const e = new age.Encrypter();
    for (const k of to) e.addRecipient(k.recipient);
    return e.encrypt(bytes);
  };

  // same reports whether two values say the same.
  const ordered = (v) => v && typeof v === "object" && !Array.isArray(v) ? Object.fromEntries(Object.keys(v).sort().map((k) => [k, ordered(v[k])])) : Array.isArray(v) ? v.map(ordered) : v;
  const same = (a, b) => JSON.stringify(ordered(a)) === JSON.stringify(ordered(b));

  const post = async (to, body) => {
    const answer = await fetch(to, { method: "POST", headers: window.kurultai.traced({ "Content-Type": "application/json", Accept: "application/json", "Accept-Language": d.lang }), body: JSON.stringify(body) });
    const value = await answer.json();
    if (answer.ok) return value;
    throw told([value.title, value.remedy ?? value.detail].filter(Boolean).join(" "));
  };

  // act has an act prepared, signs it if it says what was asked for, and submits it with its ciphertext.
  const act = async (name, fields, ciphertext) => {
    const asked = { as: d.as, fields };
    if (d.for) asked.for = d.for;
    const prepared = await post(`/api/acts/${name}/prepare`, asked), says = JSON.parse(prepared.submitted);
    if (says.name !== name || (says.for ?? "") !== (d.for ?? "") || says.as !== d.as || !same(says.fields, fields)) throw told(words.wrong);
    const sent = { submitted: prepared.submitted, blobs: [await base64(ciphertext)] };
    if (prepared.attested) sent.attestations = [await kurultai.attest(prepared)];
    return post(`/api/acts/${name}`, sent);
  };

  const run = (button, work) => async (event) => {
    event.preventDefault();
    if (button.disabled) return;
    button.disabled = true;
    say(words.working);
    try { await work(); } catch (e) {
      if (e.told) say(e.message, "no");
      else if (["NotAllowedError", "NoPasskeyError", "SecurityError", "AbortError"].includes(e.name)) { say(""); kurultai.why(e); }
      else { console.error(e); say(words.failed, "no"); }
    } finally { button.disabled = false; }
  };

  const correspondent = (k) => k.party ?? "";
  const standing = (parties) => d.keys.filter((k) => k.stands && parties.includes(correspondent(k)));

  // Writing.
  const write = root.querySelector("form[data-write]");
  if (write) {
    const button = write.querySelector("button[type=submit]");
    button.disabled = false;
    write.addEventListener("submit", run(button, async () => {
      const f = new FormData(write), to = f.getAll("to");
      if (!to.length) throw told(words.noaddressee);
      const files = await Promise.all(f.getAll("files").filter((x) => x.name).map(async (x) => ({ name: clean(x.name), bytes: new Uint8Array(await x.arrayBuffer()) })));
      const note = { number: f.get("number").trim(), subject: clean(f.get("subject").trim()), text: clean(f.get("text").replaceAll("\r\n", "\n")), salt: url(await base64(crypto.getRandomValues(new Uint8Array(32)))) };
      const bytes = pack(note, files), recipients = standing([...to, d.for ?? ""]);
      const ciphertext = await encrypt(bytes, recipients);
      const fields = { number: note.number, form: f.get("form"), date: f.get("date"), keys: recipients.map((k) => k.index), mark: f.get("mark"), passing: f.get("passing"), plain: await digest(bytes), ciphertext: { blob: await digest(ciphertext), size: ciphertext.length } };
      const parties = to.filter(Boolean);
      if (parties.length) fields.to = parties;
      if (to.includes("")) fields.secretariat = true;
      if (f.get("replyBy")) fields.replyBy = f.get("replyBy");
      if (f.get("answers")) fields.answers = Number(f.get("answers"));
      if (f.get("refers")) fields.refers = Number(f.get("refers"));
      location.assign(behind("/" + (await act("SendNote", fields, ciphertext)).index));
    }));
  }

  // identities are those of this browser and of the file that was chosen.
  const identities = async (form) => {
    const list = (await keys("readonly", (s) => s.getAll()).catch(() => [])).map((k) => k.identity);
    const file = form?.elements.identity.files[0];
    if (!file) return list;
    let text = await file.text();
    if (text.startsWith("-----BEGIN AGE")) {
      const open = new age.Decrypter();
      open.addPassphrase(form.elements.passphrase.value);
      text = await open.decrypt(age.armor.decode(text), "text").catch(() => { throw told(words.passphrase); });
    }
    return list.concat(text.split("\n").map((l) => l.trim()).filter((l) => l.startsWith("AGE-SECRET-KEY-")));
  };

  // Reading.
  const read = root.querySelector("form[data-open]");
  let opened; // the pack, once it is open
  const show = (note) => {
    root.querySelector("[data-subject]").textContent = note.subject ?? "";
    root.querySelector("[data-text]").textContent = note.text ?? "";
    root.querySelector("[data-files]").replaceChildren(...note.files.map((f) => {
      const item = document.createElement("li"), a = document.createElement("a");
      a.href = URL.createObjectURL(new Blob([f.bytes], { type: "application/octet-stream" }));
      a.download = a.textContent = f.name;
      item.append(a);
      return item;
    }));
    root.querySelector("[data-opened]").hidden = false;
  };
  if (read) {
    const button = read.querySelector("button");
    button.disabled = false;
    read.addEventListener("submit", run(button, async () => {
      const decrypter = new age.Decrypter(), mine = await identities(read);
      for (const i of mine) decrypter.addIdentity(i);
      for (const copy of mine.length ? d.note.copies : []) {
        const answer = await fetch(behind(`/${d.note.index}/${copy}`));
        if (!answer.ok) throw told(words.failed);
        opened = await decrypter.decrypt(new Uint8Array(await answer.arrayBuffer())).catch(() => undefined);
        if (opened) break;
      }
      if (!opened) throw told(words.nokey);
      const note = unpack(opened), right = await digest(opened) === d.note.plain && (note.origin === d.origin || d.origin.startsWith("story.invalid/") && d.origin.startsWith(note.origin + "/")) && note.number === d.note.number && (note.from ?? "") === (d.note.from ?? "");
      show(note);
      if (!right) { opened = undefined; throw told(words.wrong); }
      say(words.checked, "yes");
      for (const b of root.querySelectorAll("form[data-again] button")) b.disabled = false;
    }));
  }

  // Encrypting anew, for further keys.
  const again = root.querySelector("form[data-again]");
  again?.addEventListener("submit", run(again.querySelector("button"), async () => {
    const chosen = new FormData(again).getAll("key").map(Number), to = d.keys.filter((k) => chosen.includes(k.index));
    if (!to.length || !opened) throw told(words.noaddressee);
    const has = [...d.note.holders, d.note.from ?? ""], others = [...new Set(to.map(correspondent))].filter((p) => !has.includes(p));
    const ciphertext = await encrypt(opened, to);
    const fields = { note: d.note.index, keys: to.map((k) => k.index), ciphertext: { blob: await digest(ciphertext), size: ciphertext.length } };
    if (others.filter(Boolean).length) fields.to = others.filter(Boolean);
    if (others.includes("")) fields.secretariat = true;
    await act("PassNote", fields, ciphertext);
    location.reload();
  }));

  // Keys.
  const deposit = (recipient, use, holder) => d.deposit + "&" + new URLSearchParams({ "field.recipient": recipient, "field.use": use, ...(holder ? { "field.holder": holder } : {}) });
  const make = root.querySelector("form[data-make]");
  if (make) {
    make.querySelector("button").disabled = false;
    make.addEventListener("submit", run(make.querySelector("button"), async () => {
      const pair = await crypto.subtle.generateKey({ name: "X25519" }, false, ["deriveBits"]).catch(() => { throw told(words.old); });
      const recipient = await age.identityToRecipient(pair.privateKey);
      await navigator.storage?.persist?.();
      await keys("readwrite", (s) => s.put({ recipient, identity: pair.privateKey }));
      location.assign(deposit(recipient, "device", d.me));
    }));
  }
  const file = root.querySelector("form[data-file]");
  if (file) {
    file.querySelector("button").disabled = false;
    file.addEventListener("submit", run(file.querySelector("button"), async () => {
      const word = file.elements.passphrase.value;
      if (word.length < 12) throw told(words.short);
      const identity = await age.generateX25519Identity(), recipient = await age.identityToRecipient(identity), lock = new age.Encrypter();
      lock.setPassphrase(word);
      const text = age.armor.encode(await lock.encrypt(`# public key: ${recipient}\n${identity}\n`));
      const a = document.createElement("a");
      a.href = URL.createObjectURL(new Blob([text], { type: "text/plain" }));
      a.download = `kurultai-${recipient.slice(4, 12)}.age.txt`;
      a.click();
      const on = root.querySelector("[data-deposit]");
      on.href = deposit(recipient, "backup");
      on.hidden = false;
      say("");
      on.focus();
    }));
    keys("readonly", (s) => s.getAllKeys()).then((mine) => {
      for (const k of d.keys.filter((k) => mine.includes(k.recipient))) {
        const tag = document.createElement("span");
        tag.className = "tag now"; tag.textContent = words.here;
        document.getElementById("k" + k.index)?.querySelector("th")?.append(" ", tag);
      }
    }, () => {});
  }
})();
