// Renews the page when the record has grown; says as of when it is while there is no network.
(() => {
  // The one place where text becomes markup (Trusted Types): a page of this server, parsed and not yet shown.
  const policy = self.trustedTypes?.createPolicy("kurultai", { createHTML: (text) => text }) ?? { createHTML: (text) => text };
  const main = () => document.getElementById("main");
  const notice = document.getElementById("offline");
  // What the reader has opened stays open.
  const stays = (name, node) => !(name === "open" && node.tagName === "DETAILS");
  // What is being typed stays; a button that has the focus says what it does now, like all others.
  const typing = () => document.activeElement?.matches("input, select, textarea") ?? false;
  const renew = (event) => {
    notice.hidden = true;
    const next = new DOMParser().parseFromString(policy.createHTML(event.data), "text/html");
    for (const part of ["body.desk > header", "#edge", "main", "footer"]) {
      const from = document.querySelector(part), to = next.querySelector(part.split(" > ").pop());
      if (from && to) Idiomorph.morph(from, to, { ignoreActiveValue: typing(), callbacks: { beforeAttributeUpdated: stays } });
    }
    document.title = main().dataset.title;
    document.dispatchEvent(new Event("renewed"));
  };
  // What is for one person alone are elements that the page has already, by their ids.
  const own = (event) => {
    for (const to of new DOMParser().parseFromString(policy.createHTML(event.data), "text/html").body.children) {
      const from = to.id && document.getElementById(to.id);
      if (from) Idiomorph.morph(from, to);
    }
  };
  // A renewal may put another button under the finger: the second click of a double click presses nothing.
  document.addEventListener("click", (event) => {
    if (event.detail > 1 && event.target.closest("button, a.btn")) { event.preventDefault(); event.stopPropagation(); }
  }, true);
  let stream, left = Date.now();
  const connect = () => {
    stream?.close();
    stream = new Stream(main().dataset.live + "?seen=" + main().dataset.size, main().dataset.share);
    stream.onopen = () => { notice.hidden = true; dispatchEvent(new Event("back")); };
    stream.onmessage = renew;
    stream.addEventListener("me", own);
    stream.addEventListener("moved", (event) => { stream.close(); location.replace(event.data); });
    stream.onerror = () => {
      notice.querySelector("span").textContent = main().dataset.asof;
      notice.hidden = false;
      // The browser comes back by itself unless it was answered with something else than a stream.
      if (stream.readyState !== EventSource.CLOSED) return;
      stream.close();
      setTimeout(connect, 2000 + Math.random() * 6000);
    };
  };
  document.addEventListener("reconnect", connect); // a page found out that the line is dead
  // A device that slept does not always learn that its connection died meanwhile: it makes a new one.
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) left = Date.now();
    else if (Date.now() - left > 30000) connect();
  });
  addEventListener("pageshow", (event) => { if (event.persisted) connect(); });
  connect();
})();
