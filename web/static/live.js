// Renews <main> when the record has grown; says as of when the page is while there is no network.
(() => {
  const main = document.getElementById("main");
  const address = main.dataset.live + "?seen=" + main.dataset.size;
  const stream = new EventSource(address);
  let notice = null;
  const online = () => { if (notice) { notice.remove(); notice = null; } };
  stream.onopen = online;
  stream.onmessage = (event) => {
    online();
    const page = new DOMParser().parseFromString(event.data, "text/html");
    const next = page.getElementById("main");
    if (!next) return;
    for (const part of ["main", "footer.foot"]) {
      const from = document.querySelector(part), to = page.querySelector(part);
      if (from && to) Idiomorph.morph(from, to);
    }
    document.title = page.title;
  };
  stream.addEventListener("moved", (event) => { location.replace(event.data); });
  stream.onerror = () => {
    if (notice) return;
    notice = document.createElement("p");
    notice.className = "note wait offline";
    notice.setAttribute("role", "status");
    notice.textContent = document.getElementById("main").dataset.asof;
    document.body.insertBefore(notice, document.getElementById("main"));
  };
})();
