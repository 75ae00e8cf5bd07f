// Today: the list beside its detail, and the letters that answer a check.
(() => {
  "use strict";

  const wide = matchMedia("(width >= 1200px)");
  const detail = document.getElementById("detail");
  const current = () => document.querySelector("[data-row].is-current");
  let kept = "";

  function choose(row) {
    current()?.classList.remove("is-current");
    row?.classList.add("is-current");
  }

  document.addEventListener("click", (event) => {
    const row = event.target.closest("[data-row]");
    if (row && event.target.closest("[data-check-link]")) choose(row);
  });

  // Where there is no room beside the list, a check is a page of its own.
  document.addEventListener("htmx:beforeRequest", (event) => {
    const link = event.detail.elt;
    if (!wide.matches && link.matches("a[data-check-link]")) {
      event.preventDefault();
      location.assign(link.href);
    }
  });

  // A row that was swapped stays the current one, with the focus it had.
  document.addEventListener("htmx:beforeSwap", () => {
    const row = current();
    kept = row ? row.id : "";
  });
  document.addEventListener("htmx:afterSettle", () => {
    const row = kept && document.getElementById(kept);
    if (!row || row.classList.contains("is-current")) return;
    choose(row);
    if (document.activeElement === document.body) row.querySelector("a[data-open]")?.focus({ preventScroll: true });
  });

  // A letter answers the check that is in sight: in the detail if it shows the current row, else in the row.
  document.addEventListener("keydown", (event) => {
    if (event.metaKey || event.ctrlKey || event.altKey || !["e", "f", "v", "p"].includes(event.key.toLowerCase())) return;
    if (event.target.closest?.("input:not([type=checkbox]), textarea, select, [contenteditable], .jump")) return;
    if (localStorage.getItem("single-keys") === "off" || document.querySelector("dialog[open]")) return;
    event.stopImmediatePropagation();
    const row = current();
    const shown = detail.querySelector("[data-check]");
    const isShown = shown && (!row || row.id === `check-${shown.dataset.check}`);
    const target = (isShown ? shown : row)?.querySelector(`[data-key="${event.key.toLowerCase()}"]`);
    if (!target || target.disabled) return;
    event.preventDefault();
    target.closest("details")?.setAttribute("open", "");
    if (target.matches("input:not([type=submit]), textarea, select")) target.focus();
    else target.click();
  }, true);
})();
