// Adds the reader's own time to each moment that is written in another zone, and brings into sight where one is.
(() => {
  const yours = document.body.dataset.yours;
  const complete = () => {
    for (const time of document.querySelectorAll("time[data-moment]")) {
      const at = new Date(time.dateTime), there = /(\d\d):(\d\d)/.exec(time.textContent);
      if (isNaN(at) || !there || time.nextElementSibling?.matches(".yours")) continue;
      const here = at.toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" });
      if (here === there[0]) continue;
      const own = document.createElement("span");
      own.className = "yours small quiet";
      own.textContent = " " + yours.replace("00:00", here);
      time.after(own);
    }
  };
  document.fonts.ready.then(() => { for (const here of document.querySelectorAll(".places [aria-current], .tongues [aria-current]")) {
    const strip = here.closest("ul, nav");
    strip.scrollLeft += here.getBoundingClientRect().left - strip.getBoundingClientRect().left - 48;
  } });
  complete();
  document.addEventListener("renewed", complete);
})();
