// The desk by its keys: a key presses the button that names it; what was done is said without leaving the page.
(() => {
  const said = document.getElementById("said");
  const say = (text) => { if (said) { said.textContent = text; said.hidden = false; } };
  const typing = (at) => at.isContentEditable || /^(INPUT|SELECT|TEXTAREA)$/.test(at.tagName);

  // post sends a form, then the attestations it asks for, until something is done.
  const post = async (to, body, kind) => {
    const answer = await fetch(to, { method: "POST", body, headers: window.kurultai.traced({ "Content-Type": kind, Accept: "application/json" }) });
    const value = await answer.json();
    if (answer.ok) return value;
    throw Object.assign(new Error([value.title, value.detail, value.remedy].filter(Boolean).join(" ")), { told: true });
  };
  const submit = async (form, button) => {
    if (form.dataset.busy) return; // the second press of a double click
    form.dataset.busy = "1";
    try {
      let answer = await post(form.getAttribute("action"), new URLSearchParams(new FormData(form, button)), "application/x-www-form-urlencoded");
      while (answer.prepared)
        answer = await post(`/${document.documentElement.lang}/signed`, JSON.stringify(await window.kurultai.attest(answer.prepared)), "application/json");
      if (answer.said) say(answer.said);
      if (!document.getElementById("main").dataset.live) location.assign(answer.to);
    } catch (e) {
      say(e.told ? e.message : e instanceof TypeError ? said.dataset.offline : said.dataset.stopped);
    } finally {
      delete form.dataset.busy;
    }
  };
  document.addEventListener("submit", (event) => {
    const whole = event.target.matches("form[data-whole]") && event.submitter?.value === "enter";
    if (!whole && !event.target.matches("form[data-desk]")) return;
    event.preventDefault();
    submit(event.target, event.submitter);
  });

  document.addEventListener("keydown", (event) => {
    if (event.repeat || event.ctrlKey || event.metaKey || event.altKey || typing(event.target) || document.querySelector("dialog[open]")) return;
    const key = event.key.length === 1 ? event.key.toUpperCase() : event.key;
    const at = document.querySelector(`main [data-key="${CSS.escape(key)}"]`) ?? document.querySelector(`footer [data-key="${CSS.escape(key)}"]`);
    const field = document.querySelector(`main [data-focus="${CSS.escape(key)}"]`);
    if (at) { event.preventDefault(); at.click(); } else if (field) { event.preventDefault(); field.focus(); }
  });

  // The keys, and the palette: any act by a few letters of its title.
  const keys = document.getElementById("keys"), palette = document.getElementById("palette");
  document.getElementById("allkeys")?.addEventListener("click", (event) => { event.preventDefault(); keys.showModal(); });
  document.addEventListener("keydown", (event) => {
    if (!(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== "k") return;
    event.preventDefault();
    if (!palette.open) open();
  });
  document.getElementById("anyact")?.addEventListener("click", (event) => { event.preventDefault(); open(); });
  const make = (name, text, ...classes) => { const e = document.createElement(name); e.textContent = text ?? ""; e.classList.add(...classes); return e; };
  const find = document.getElementById("cmd"), list = document.getElementById("cmds");
  let acts = [], chosen = 0;
  const open = async () => {
    palette.showModal();
    find.value = ""; find.focus();
    try {
      acts = (await (await fetch(palette.dataset.at, { headers: { Accept: "application/json" } })).json()).acts;
    } catch {
      acts = [];
    }
    show();
  };
  const links = () => [...list.querySelectorAll("li:not(.barred)")];
  const choose = (n) => {
    const all = links();
    chosen = all.length ? (n + all.length) % all.length : 0;
    all.forEach((li, i) => { li.classList.toggle("on", i === chosen); li.setAttribute("aria-selected", i === chosen); });
    find.setAttribute("aria-activedescendant", all[chosen]?.id ?? "");
    all[chosen]?.scrollIntoView({ block: "nearest" });
  };
  list?.addEventListener("click", (event) => { const to = event.target.closest("[data-to]"); if (to) location.assign(to.dataset.to); });
  const show = () => {
    const words = find.value.toLocaleLowerCase(document.documentElement.lang).split(/\s+/).filter(Boolean);
    const fits = acts.filter((a) => words.every((w) => `${a.title} ${a.about ?? ""} ${a.name}`.toLocaleLowerCase(document.documentElement.lang).includes(w)));
    list.replaceChildren();
    for (const [title, part] of [[palette.dataset.now, fits.filter((a) => a.address)], [palette.dataset.notnow, fits.filter((a) => !a.address)]]) {
      if (!part.length) continue;
      const ul = make("ul");
      ul.setAttribute("role", "group"); ul.setAttribute("aria-label", title);
      part.slice(0, 12).forEach((a, i) => {
        const li = make("li");
        li.setAttribute("role", "option");
        if (a.address) {
          const to = make("span", a.title, "act");
          li.dataset.to = a.address;
          to.append(make("span", [a.about, a.rule].filter(Boolean).join(" · "), "small", "quiet"));
          li.id = "cmd-" + i;
          li.append(to);
          if (a.key) li.append(make("kbd", a.key));
        } else {
          li.classList.add("barred");
          li.setAttribute("aria-disabled", "true");
          const text = make("span", a.title);
          text.append(make("span", `${a.why} (${a.rule})`, "small"));
          li.append(make("span", "⊘"), text);
        }
        ul.append(li);
      });
      const head = make("h3", title);
      head.setAttribute("role", "presentation");
      list.append(head, ul);
    }
    if (!fits.length) list.append(make("p", palette.dataset.none, "quiet", "pad"));
    choose(0);
  };
  find?.addEventListener("input", show);
  find?.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") { event.preventDefault(); choose(chosen + (event.key === "ArrowDown" ? 1 : -1)); }
    if (event.key === "Enter") { const to = links()[chosen]; if (to) { event.preventDefault(); location.assign(to.dataset.to); } }
  });

  // The speaker's clock goes on between two frames, from the server's own time.
  const ahead = performance.now();
  setInterval(() => {
    const clock = document.querySelector(".floor .big[data-given]");
    const limit = Number(clock?.dataset.limit);
    if (!limit) return;
    if (clock.dataset.shown !== clock.dataset.given) Object.assign(clock.dataset, { shown: clock.dataset.given, from: performance.now(), left: clock.textContent.replace("−", "-") });
    const [m, s] = clock.dataset.left.replace("-", "").split(":").map(Number);
    const left = (clock.dataset.left.startsWith("-") ? -1 : 1) * (m * 60 + s) - Math.floor((performance.now() - (clock.dataset.from ?? ahead)) / 1000);
    clock.textContent = (left < 0 ? "−" : "") + Math.floor(Math.abs(left) / 60) + ":" + String(Math.abs(left) % 60).padStart(2, "0");
    clock.classList.toggle("over", left < 0);
    document.querySelector(".floor .meter rect")?.setAttribute("width", Math.max(0, Math.min(300, (left / limit) * 300)));
  }, 1000);
})();
