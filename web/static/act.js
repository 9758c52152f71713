// Signs what the page shows, with a passkey, and sends it. Where there is no script the button stays disabled.
(() => {
  for (const form of document.querySelectorAll("form[data-prepared]")) {
    const button = form.querySelector("button");
    button.disabled = !window.kurultai || !window.kurultai.attest;
    form.addEventListener("submit", async (event) => {
      const field = form.elements.attestation;
      if (field.value) return;
      event.preventDefault();
      button.disabled = true;
      try {
        field.value = JSON.stringify(await window.kurultai.attest(JSON.parse(form.dataset.prepared)));
        form.submit();
      } catch (e) {
        button.disabled = false; // nothing was sent; it can be tried again
        window.kurultai.why(e);
      }
    });
  }
})();
