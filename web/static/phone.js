// The delegate's place: asks once more, signs, keeps what is to be sent until it was, and tells what became of it.
//
// What is sent was prepared when the page was: its bytes have a key, so sending them twice counts once, and a time
// after which they are no longer meant. So an act can be signed and kept without a network. It is kept in this
// browser (localStorage) from the press until the person has read what became of it.
(() => {
  const box = document.getElementById("outbox"), ask = document.getElementById("ask"), main = () => document.getElementById("main");
  const lang = document.documentElement.lang, words = box.dataset, place = "kurultai.outbox";
  const skew = Date.parse(main().dataset.now) - Date.now(); // the node's clock decides, not the device's
  const now = () => Date.now() + skew;
  const hour = (at) => new Date(at).toLocaleTimeString(lang, { hour: "2-digit", minute: "2-digit" });
  const fill = (text, value) => text.replace("{0}", value);

  // All that is kept: {id, person, act, body, said, until, state, text, entry}. Another tab may have changed it.
  const kept = () => { try { return JSON.parse(localStorage.getItem(place)) ?? []; } catch { return []; } };
  const keep = (list) => localStorage.setItem(place, JSON.stringify(list));
  const put = (item) => { keep([...kept().filter((x) => x.id !== item.id), item].slice(-50)); show(); };
  const drop = (id) => { keep(kept().filter((x) => x.id !== id)); show(); };
  // Of what was taken the newest alone is told: all of it stands under the delegation's name.
  const told = () => keep(kept().filter((x) => x.person !== words.person || x.state !== "taken"));
  const mine = () => kept().filter((x) => x.person === words.person);

  const element = (name, text, className) => Object.assign(document.createElement(name), { textContent: text ?? "", className: className ?? "" });

  // tells says what became of something: its words, and whether it is over.
  const tells = (item) => {
    const until = hour(Date.parse(item.until) - skew);
    if (item.state === "taken") return [words.taken, true, "yes"];
    if (item.state === "refused") return [[words.refused, item.text].filter(Boolean).join(": "), true, "no"];
    if (item.state === "sending") return [words.sending, false, "wait"];
    if (item.state === "signin") return [words.signin, false, "wait"];
    if (now() > Date.parse(item.until)) return [fill(words.late, until), false, "wait"];
    return [(item.state === "fault" ? words.fault + " " : "") + fill(words.waits, until), false, "wait"];
  };

  const show = () => {
    const lines = mine().map((item) => {
      const line = element("div", "", "note"), [text, over, kind] = tells(item);
      line.dataset.state = item.state;
      line.classList.add(kind);
      line.append(element("b", item.said), document.createElement("br"));
      const [before, after] = text.split("{0}");
      line.append(before);
      if (item.state === "taken") {
        const link = element("a", item.entry.toLocaleString(lang), "mark open");
        link.href = `/${lang}/record/${item.entry}`;
        line.append(link, after ?? "");
      }
      if (item.state === "signin") {
        const link = element("a", words.signin, "btn");
        link.href = `/${lang}/signin`;
        line.append(" ", link);
      }
      if (over) {
        const close = element("button", words.close, "btn");
        close.type = "button";
        close.addEventListener("click", () => drop(item.id));
        line.append(" ", close);
      }
      return line;
    });
    box.replaceChildren(...lines);
    box.hidden = !lines.length;
  };

  const headers = { "Content-Type": "application/json", Accept: "application/json", "Accept-Language": lang };
  const post = (to, body) => fetch(to, { method: "POST", headers: window.kurultai.traced(headers), body, signal: AbortSignal.timeout(15000) });
  const why = (problem) => [problem.title, problem.rule && `(${problem.rule})`, problem.remedy ?? problem.detail].filter(Boolean).join(" ");

  // send sends one thing and says what became of it; without an answer it is kept for another time.
  const send = async (item) => {
    put({ ...item, state: "sending" });
    let answer, value;
    try {
      answer = await post(`/api/acts/${item.act}`, item.body);
      value = await answer.json();
    } catch {
      return put({ ...item, state: "waits" });
    }
    if (answer.ok) put({ ...item, state: "taken", entry: value.index });
    else if (answer.status === 401) put({ ...item, state: "signin" });
    else if (value.code === "not-connected") put({ ...item, state: "waits" });
    else if (answer.status === 429 || answer.status >= 500) put({ ...item, state: "fault" });
    else put({ ...item, state: "refused", text: why(value) });
  };

  // flush sends what waits, one after the other, and comes back to it as long as something does.
  let busy = false, timer;
  const flush = async () => {
    clearTimeout(timer);
    if (busy) return;
    busy = true;
    for (const item of mine()) if (item.state !== "taken" && item.state !== "refused") await send(item);
    busy = false;
    if (mine().some((x) => x.state === "waits" || x.state === "fault")) timer = setTimeout(flush, 4000 + Math.random() * 4000);
  };

  // fresh gives what was prepared too long ago new bytes, which needs the network.
  const fresh = async (form) => {
    const prepared = JSON.parse(form.dataset.prepared);
    if (now() < Date.parse(form.dataset.until) - 20000) return prepared;
    const { by, name, origin, key, notAfter, ...asked } = JSON.parse(prepared.submitted);
    asked.notAfter = new Date(now() + 600000).toISOString();
    let answer;
    try {
      answer = await post(`/api/acts/${form.dataset.act}/prepare`, JSON.stringify(asked));
    } catch {
      throw Object.assign(new Error(words.stale), { told: true });
    }
    const value = await answer.json();
    if (!answer.ok) throw Object.assign(new Error(why(value)), { told: true });
    return value;
  };

  // press signs where it has to be signed, keeps and sends. Pressed again meanwhile, nothing happens.
  const pressed = new Set();
  const press = async (form) => {
    const id = JSON.parse(JSON.parse(form.dataset.prepared).submitted).key;
    if (pressed.has(id)) return;
    pressed.add(id);
    const button = form.querySelector("button");
    button.disabled = true;
    try {
      const prepared = await fresh(form);
      const submission = { submitted: prepared.submitted };
      if (prepared.disclosures) submission.disclosures = prepared.disclosures;
      if (prepared.attested) submission.attestations = [await window.kurultai.attest(prepared)];
      const bytes = JSON.parse(prepared.submitted);
      ask.close();
      document.getElementById("ceremony").hidden = true;
      told();
      put({ id: bytes.key, person: words.person, act: form.dataset.act, body: JSON.stringify(submission), said: form.dataset.sentence, until: bytes.notAfter, state: "waits" });
      await flush();
    } catch (e) {
      ask.close();
      window.kurultai.why(e);
      pressed.delete(id);
    } finally {
      button.disabled = false;
    }
  };

  // once shows what would be sent, and waits for a second press.
  const once = (id) => {
    ask.replaceChildren(...[...document.getElementById(id).childNodes].map((n) => n.cloneNode(true)));
    ask.showModal();
  };

  document.addEventListener("submit", (event) => {
    const form = event.target, from = event.submitter?.dataset.ask ?? form.dataset.asks;
    if (!from && !form.dataset.prepared) return;
    event.preventDefault();
    if (from) once(from);
    else press(form);
  });
  document.addEventListener("click", (event) => {
    if (!ask.open || !event.target.closest("[data-back]")) return;
    event.preventDefault();
    ask.close();
  });

  // What a reader elsewhere reads of the hour at the seat, and the time a speaker has left.
  const clock = () => {
    for (const time of main().querySelectorAll("time[data-over]")) {
      const left = Math.round((Date.parse(time.dataset.over) - now()) / 1000), abs = Math.abs(left);
      time.textContent = `${left < 0 ? "−" : ""}${Math.floor(abs / 60)}:${String(abs % 60).padStart(2, "0")}`;
    }
    for (const time of main().querySelectorAll("time[data-local]")) {
      const here = hour(Date.parse(time.dateTime));
      if (!time.textContent.includes(here)) time.textContent += ` (${here})`;
    }
  };
  setInterval(clock, 1000);
  document.addEventListener("renewed", clock);
  clock();

  // How many messages this browser has not shown this person yet. Opening the tab reads them all.
  const unread = () => {
    const badge = document.getElementById("unread");
    if (!badge) return;
    const place = "kurultai.read " + badge.dataset.read + location.pathname.replace(/^\/\w+(\/meetings\/[^/]+).*/, " $1");
    const entries = badge.dataset.entries.trim().split(" ").map(Number);
    if (badge.closest("a").hasAttribute("aria-current")) localStorage.setItem(place, Math.max(...entries));
    const left = entries.filter((n) => n > Number(localStorage.getItem(place) ?? -1)).length;
    badge.hidden = !left;
    badge.replaceChildren(Object.assign(element("span", String(left)), { ariaHidden: "true" }), element("span", fill(badge.dataset.words, left), "vh"));
  };
  document.addEventListener("renewed", unread);
  addEventListener("storage", unread);
  unread();

  for (const from of ["online", "back", "pageshow"]) addEventListener(from, flush);
  addEventListener("storage", show);
  document.addEventListener("visibilitychange", () => { if (!document.hidden) flush(); });
  show();
})();
