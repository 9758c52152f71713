// Goes through a meeting without loading the page again: by slider, buttons, arrow keys, or by itself.
(() => {
  const policy = self.trustedTypes?.createPolicy("kurultai", { createHTML: (text) => text }) ?? { createHTML: (text) => text };
  const form = () => document.getElementById("scrub");
  const play = () => document.getElementById("play");
  let playing = 0, asked = 0;

  // Shows another entry; of several asked for at once, the last.
  const show = async (address) => {
    const mine = ++asked;
    const answer = await fetch(address);
    if (!answer.ok || mine !== asked) return;
    const next = new DOMParser().parseFromString(policy.createHTML(await answer.text()), "text/html");
    Idiomorph.morph(document.getElementById("main"), next.getElementById("main"));
    document.title = next.title;
    history.replaceState(null, "", answer.url);
    const { slider, entry, was } = form().elements;
    slider.value = entry.value = was.value;
    document.dispatchEvent(new Event("renewed"));
    ready();
  };
  const to = (entry) => form().getAttribute("action") + "?at=" + (Number(entry) + 1);
  const stop = () => { clearTimeout(playing); playing = 0; play().textContent = play().dataset.play; };
  const step = async () => {
    await show(form().querySelector("[rel=next]").href);
    const { slider } = form().elements;
    if (playing && slider.value !== slider.max) playing = setTimeout(step, 900); else stop();
  };
  const ready = () => { play().hidden = false; play().textContent = playing ? play().dataset.pause : play().dataset.play; };

  document.addEventListener("click", (event) => {
    const way = event.target.closest("[data-step]");
    if (event.target.closest("#play")) {
      if (playing) return stop();
      playing = setTimeout(step);
      ready();
    } else if (way && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
      event.preventDefault();
      stop();
      show(way.href);
    }
  });
  document.addEventListener("input", (event) => {
    if (event.target.name === "slider") { stop(); show(to(event.target.value)); }
  });
  document.addEventListener("submit", (event) => {
    if (event.target.id !== "scrub") return;
    event.preventDefault();
    stop();
    const { entry, slider } = form().elements;
    show(to(Math.min(Math.max(entry.value, slider.min), slider.max)));
  });
  ready();
})();
