// Counts a text while it is written, against what each form takes.
(() => {
  "use strict";
  const field = document.querySelector("textarea[data-counted]");
  if (!field) return;
  const lines = document.querySelectorAll("[data-limit]");
  const show = () => {
    const length = field.value.replaceAll("\r\n", "\n").trim().length;
    for (const line of lines) {
      const limit = Number(line.dataset.limit);
      line.querySelector("[data-length]").textContent = length.toLocaleString(document.documentElement.lang);
      line.classList.toggle("tone--bad", length > limit);
      line.classList.toggle("tone--none", length <= limit);
    }
  };
  field.addEventListener("input", show);
})();
