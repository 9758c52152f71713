// Passkeys: makes them, signs in with them, attests acts with them. Nothing here turns text into markup or code.
(() => {
  const words = document.getElementById("ceremony");
  const say = (text) => { if (words) { words.textContent = text; words.hidden = false; words.focus(); } };

  // traced adds to headers the trace that what is sent belongs to (W3C Trace Context): two numbers drawn for it alone.
  const hex = (n) => Array.from(crypto.getRandomValues(new Uint8Array(n)), (b) => b.toString(16).padStart(2, "0")).join("");
  const traced = (headers) => ({ ...headers, traceparent: `00-${hex(16)}-${hex(8)}-01` });

  // post sends a step and returns the answer; a refusal is an error that says what to do.
  const post = async (to, body, kind) => {
    const answer = await fetch(to, { method: "POST", headers: traced({ "Content-Type": kind ?? "application/json", Accept: "application/json" }), body: kind ? body : JSON.stringify(body ?? {}) });
    const value = await answer.json();
    if (answer.ok) return value;
    throw Object.assign(new Error([value.title, value.detail].filter(Boolean).join(". ")), { told: true });
  };

  const bytes = (text) => Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));
  const base64url = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer))).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");

  // attest signs what was prepared: {challenge, rpId, credentials, timeout}. It returns the attestation as the record keeps it.
  const attest = async (prepared) => {
    if (!window.PublicKeyCredential) throw Object.assign(new Error("no passkeys"), { name: "NotSupportedError" });
    if (!prepared.credentials.length) throw Object.assign(new Error("no passkey"), { name: "NoPasskeyError" });
    const made = await navigator.credentials.get({ publicKey: {
      challenge: bytes(prepared.challenge), rpId: prepared.rpId, timeout: prepared.timeout, userVerification: "required",
      allowCredentials: prepared.credentials.map((id) => ({ type: "public-key", id: bytes(id) })),
    } });
    const r = made.response;
    return { authenticatorData: base64url(r.authenticatorData), clientDataJSON: base64url(r.clientDataJSON), credential: made.id, signature: base64url(r.signature) };
  };

  // enrol makes a passkey as the server's options ask (WebAuthn Level 3 section 5.1.9).
  const enrol = async (options) => (await navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(options) })).toJSON();

  const signIn = async (options) => (await navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(options) })).toJSON();

  // follow goes where an answer leads: to a page, or first through the attestations it asks for.
  const follow = async (answer) => {
    const lang = document.documentElement.lang;
    while (answer.prepared) answer = await post(`/${lang}/signed`, await attest(answer.prepared));
    location.assign(answer.to);
  };

  const ceremonies = {
    enrol: async (at) => follow(await post(at + "/finish", await enrol(await post(at + "/begin")))),
    signin: async (at) => follow(await post(at + "/finish", await signIn(await post(at + "/begin")))),
    device: async (at) => follow(await post(at + "/made", await enrol(await post(at + "/begin")))),
  };

  // run holds the button while its ceremony lasts, and says why it came to nothing.
  const run = async (button, ceremony) => {
    button.disabled = true;
    if (words) words.hidden = true;
    try {
      if (!window.PublicKeyCredential?.parseCreationOptionsFromJSON) throw Object.assign(new Error(words.dataset.old), { told: true });
      await ceremony();
    } catch (e) {
      say(e.told ? e.message : e.name === "InvalidStateError" ? words.dataset.already : words.dataset.stopped);
    } finally {
      button.disabled = false;
    }
  };

  for (const button of document.querySelectorAll("button[data-ceremony]"))
    button.addEventListener("click", (event) => {
      event.preventDefault();
      run(button, () => ceremonies[button.dataset.ceremony](button.dataset.at));
    });
  for (const form of document.querySelectorAll("form[data-attested]"))
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const fields = new URLSearchParams(new FormData(form, event.submitter));
      run(event.submitter ?? form.querySelector("button"), async () => follow(await post(form.action, fields, "application/x-www-form-urlencoded")));
    });

  // why tells a person what became of a signature that came to nothing, in the words of the page, and puts it where it is heard.
  const why = (e) => {
    const said = words?.dataset ?? {};
    const text = e.told ? e.message : { NotSupportedError: said.old, NoPasskeyError: said.none, SecurityError: said.place }[e.name] ?? said.stopped;
    say(text);
    return text;
  };

  window.kurultai = Object.assign(window.kurultai ?? {}, { attest, enrol, traced, why });
})();
