// The podium's keys: each button's own, N for what comes next, ? for all. Enter does nothing on a button, so that a key
// pressed out of habit never puts a question; a key that is held acts once, and so does a button pressed twice.
(() => {
  const main = () => document.getElementById("main");
  const target = (key) => (key === "N" && main().querySelector("[data-next]")) || main().querySelector(`[data-key="${CSS.escape(key)}"]`);
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Enter" && event.target.closest("button[data-key], button[data-next]")) { event.preventDefault(); return; }
    if (event.repeat || event.target.closest("input, select, textarea")) return;
    if (event.key === "?") {
      const keys = document.getElementById("keys");
      keys.open = !keys.open;
      return;
    }
    const at = target(event.key.length === 1 ? event.key.toUpperCase() : event.key);
    if (!at) return;
    event.preventDefault();
    at.click();
  });
  // An act is sent without leaving the page, so that no key pressed meanwhile is lost and nothing of it stays behind
  // "back". What is answered with more than the way back here, a refusal or bytes to sign, is shown by sending the form
  // once more: it has the same key, so it is the same act. Without a network it can be pressed again.
  document.addEventListener("submit", async (event) => {
    const form = event.target;
    event.preventDefault();
    if (form.dataset.sent) return;
    form.dataset.sent = "1";
    try {
      const answer = await fetch(form.action, { method: "POST", headers: window.kurultai.traced(), body: new URLSearchParams(new FormData(form)), redirect: "manual" });
      if (answer.type !== "opaqueredirect") form.submit();
      else if (!main().dataset.live) location.assign(document.querySelector("[data-key=Escape]").href);
    } catch {
      delete form.dataset.sent;
      document.dispatchEvent(new Event("reconnect"));
    }
  });
  addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
  let skew = 0; // milliseconds between the node's clock and this device's
  const set = () => { skew = Date.parse(main().dataset.now) - Date.now(); };
  const span = (s) => Math.floor(s / 60) + ":" + String(Math.floor(s % 60)).padStart(2, "0");
  const tick = () => {
    const now = Date.now() + skew;
    document.querySelector(".clocknow").textContent = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", timeZone: main().dataset.zone }).format(now);
    for (const at of document.querySelectorAll(".runs")) {
      const spoken = Math.max(0, (now - Date.parse(at.dataset.from)) / 1000), left = at.dataset.limit - spoken;
      const late = at.dataset.limit > 0 && left < 0;
      at.classList.toggle("over", late);
      at.querySelector(".run").textContent = late ? "+" + span(-left) : span(at.dataset.limit > 0 ? Math.ceil(left) : spoken);
      if (late) at.querySelector(".of").textContent = at.dataset.over;
    }
  };
  document.addEventListener("renewed", () => { set(); tick(); });
  set();
  tick();
  setInterval(tick, 1000);
})();
