// The wall: clocks count here from a start and a limit, so nothing is sent while somebody speaks; F fills the screen; a
// line that died in silence is noticed, and the page comes back by itself.
(() => {
  const main = () => document.getElementById("main");
  const notice = document.getElementById("offline");
  const live = () => main().dataset.live !== undefined;
  let skew; // milliseconds between the record's clock and this screen's
  const now = () => (!live() || skew === undefined ? Date.parse(main().dataset.last) : Date.now() + skew);
  const span = (seconds) => {
    const s = Math.abs(Math.trunc(seconds)), two = (n) => String(n).padStart(2, "0");
    return (seconds < 0 ? "+" : "") + (s >= 3600 ? Math.floor(s / 3600) + ":" + two(Math.floor(s / 60) % 60) : Math.floor(s / 60)) + ":" + two(s % 60);
  };
  const around = 2 * Math.PI * 45;
  const ring = (at) => {
    const { from, limit, words, over } = at.dataset;
    const spoken = Math.max(0, (now() - Date.parse(from)) / 1000), left = limit - spoken;
    const late = limit > 0 && left < 0;
    at.classList.toggle("over", late);
    at.querySelector(".run").textContent = limit > 0 ? span(late ? Math.floor(left) : Math.ceil(left)) : span(spoken);
    at.querySelector(".of").textContent = late ? over : words;
    at.querySelector(".v").setAttribute("stroke-dasharray", (limit > 0 ? (late ? 1 : left / limit) * around : 0) + " " + around);
    at.setAttribute("aria-label", at.querySelector(".run").textContent + " " + at.querySelector(".of").textContent);
  };
  // A result that was announced while something else is on gives place to it after its time.
  const give = () => {
    const at = main(), { starts, then, thenTitle } = at.dataset;
    if (!starts || now() < Date.parse(starts)) return;
    const [result, after] = at.querySelectorAll(".scene");
    if (!after.hidden) return;
    result.hidden = true;
    after.hidden = false;
    at.className = then;
    document.title = thenTitle;
  };
  const tick = () => {
    give();
    document.querySelectorAll(".ring").forEach(ring);
    for (const at of document.querySelectorAll("[data-until]")) {
      const left = (Date.parse(at.dataset.until) - now()) / 1000;
      at.textContent = left > 0 && left < 86400 ? span(left) : "";
    }
    for (const at of document.querySelectorAll("[data-lapses]")) if (Date.parse(at.dataset.lapses) <= now()) at.textContent = at.dataset.lapsed;
    const clock = document.querySelector("footer .clock");
    clock.textContent = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", timeZone: main().dataset.zone }).format(now());
  };
  let lost = false;
  // ask sets the clock by the server's, and finds a line on which nothing comes any more.
  const ask = async () => {
    const sent = Date.now();
    try {
      const answer = await fetch(location.pathname, { method: "HEAD", cache: "no-store", signal: AbortSignal.timeout(5000) });
      const told = Date.parse(answer.headers.get("Kurultai-Time"));
      if (!answer.ok || !told) throw answer;
      skew = told - (sent + Date.now()) / 2;
      if (lost) document.dispatchEvent(new Event("reconnect"));
      lost = false;
    } catch {
      lost = true;
      notice.querySelector("span").textContent = main().dataset.asof;
      notice.hidden = false;
    }
    tick();
  };
  document.addEventListener("renewed", () => { tick(); if (document.querySelector(".ring, [data-until], [data-starts]")) ask(); });
  document.addEventListener("keydown", (event) => {
    if (event.key.toLowerCase() !== "f" || event.ctrlKey || event.metaKey || event.altKey) return;
    if (document.fullscreenElement) document.exitFullscreen();
    else document.documentElement.requestFullscreen().catch(() => {});
  });
  const awake = () => { if (!document.hidden) navigator.wakeLock?.request("screen").catch(() => {}); };
  document.addEventListener("visibilitychange", awake);
  awake();
  tick();
  setInterval(tick, 1000);
  if (live()) { ask(); setInterval(ask, 10000); }
})();
