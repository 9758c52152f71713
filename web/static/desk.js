// The desk by its keys: a key presses the button that names it; what was done is said without leaving the page.
(() => {
  const said = document.getElementById("said");
  const say = (text) => { if (said) { said.textContent = text; said.hidden = false; } };
  const typing = (at) => at.isContentEditable || /^(INPUT|SELECT|TEXTAREA)$/.test(at.tagName);

  // post sends a form, then the attestations it asks for, until something is done.
  const post = async (to, body, kind) => {
    const answer = await fetch(to, { method: "POST", body, headers: { "Content-Type": kind, Accept: "application/json" } });
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
    if (!event.target.matches("form[data-desk]")) return;
    event.preventDefault();
    submit(event.target, event.submitter);
  });

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target) || document.querySelector("dialog[open]")) return;
    const key = event.key.length === 1 ? event.key.toUpperCase() : event.key;
    const at = document.querySelector(`main [data-key="${CSS.escape(key)}"]`) ?? document.querySelector(`footer [data-key="${CSS.escape(key)}"]`);
    const field = document.querySelector(`main [data-focus="${CSS.escape(key)}"]`);
    if (at) { event.preventDefault(); at.click(); } else if (field) { event.preventDefault(); field.focus(); }
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
