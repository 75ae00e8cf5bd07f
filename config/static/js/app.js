// What every page does beyond HTML: clocks that run, dialogs, notes, selection, keys.
// Pages work without it; it only reads data-* attributes and listens at the document.
(() => {
  const words = JSON.parse(document.getElementById("words")?.textContent ?? "{}");
  const say = (text, values) => text.replace(/%\((\w+)\)s/g, (_all, name) => values[name]);

  // Clocks: the same wording as the server's countdown filter.
  function span(seconds) {
    const days = Math.floor(seconds / 86400);
    const hours = Math.floor((seconds % 86400) / 3600);
    const minutes = Math.floor((seconds % 3600) / 60);
    const parts = { days, hours, minutes, padded: String(minutes).padStart(2, "0") };
    if (days >= 10 || (days && !hours)) return say(words.days, parts);
    if (days) return say(words.daysHours, parts);
    if (hours >= 10 || (hours && !minutes)) return say(words.hours, parts);
    if (hours) return say(words.hoursMinutes, parts);
    return say(words.minutes, parts);
  }

  function countdown(left) {
    return left < 0 ? say(words.late, { span: span(-left) }) : span(left);
  }

  const dueTone = (left) => (left < 0 ? "bad" : left <= 86400 ? "warn" : "none");

  // The reader's clock runs on in the zone that she chose.
  function readerClock({ zone, zoneName }, now) {
    const lang = document.documentElement.lang.replace(/^en$/, "en-GB");
    const format = new Intl.DateTimeFormat(lang, {
      weekday: "short", day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", hour12: false,
      timeZone: zone || undefined, timeZoneName: zoneName ? undefined : "short",
    });
    return `${format.format(now)} ${zoneName ?? ""}`.trim();
  }

  function runClocks(scope) {
    const now = Date.now();
    for (const time of scope.querySelectorAll("time[data-due]")) {
      const left = Math.trunc((Date.parse(time.dataset.due) - now) / 1000);
      const text = countdown(left);
      if (time.textContent !== text) time.textContent = text;
      const clock = time.closest(".clock");
      if (clock) {
        clock.classList.remove("tone--bad", "tone--warn", "tone--none");
        clock.classList.add(`tone--${dueTone(left)}`);
      }
    }
    for (const time of scope.querySelectorAll("time[data-since]")) {
      const age = Math.trunc((now - Date.parse(time.dataset.since)) / 1000);
      time.textContent = age < 60 ? words.justNow : say(words.ago, { span: span(age) });
    }
    for (const time of scope.querySelectorAll("time[data-now]")) time.textContent = readerClock(time.dataset, now);
  }

  // The number in the title stands in the tab's mark too.
  function showCount() {
    const link = document.getElementById("favicon");
    if (!link || !Number(document.body.dataset.count)) return;
    const mark = encodeURIComponent(
      '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24"><rect width="24" height="24" rx="5.5" fill="#066fd1"/>'
      + '<path d="M12 4 18.5 6.3v5.2c0 4-2.7 6.7-6.5 8.3-3.8-1.6-6.5-4.3-6.5-8.3V6.3z" fill="none" stroke="#fff" stroke-width="1.9"/>'
      + '<circle cx="17.5" cy="6.5" r="6.5" fill="#d63939" stroke="#fff" stroke-width="1.5"/></svg>',
    );
    link.href = `data:image/svg+xml,${mark}`;
  }

  // Notes go after some seconds; refusals stay until they are closed.
  function settle(note) {
    if (!("stays" in note.dataset)) setTimeout(() => note.remove(), 8000);
  }

  function note(text, tone = "none") {
    const box = document.createElement("div");
    box.className = `said-note tone--${tone}`;
    const body = document.createElement("div");
    body.className = "grow";
    body.textContent = text;
    const close = document.createElement("button");
    close.className = "said-note__close";
    close.type = "button";
    close.dataset.dismiss = "";
    close.setAttribute("aria-label", words.close);
    close.textContent = "×";
    box.append(body, close);
    if (tone === "bad") box.dataset.stays = "";
    document.getElementById("notes")?.append(box);
    settle(box);
  }

  // Selection of a list: the head box has three states, the bar shows with the first one.
  const boxes = (list) => [...list.querySelectorAll("input[data-pick]")];

  function showSelection(list) {
    const all = boxes(list);
    const picked = all.filter((box) => box.checked);
    for (const box of all) box.closest("[data-row]")?.classList.toggle("is-picked", box.checked);
    const head = list.querySelector("input[data-pick-all]");
    if (head) {
      head.checked = picked.length > 0 && picked.length === all.length;
      head.indeterminate = picked.length > 0 && picked.length < all.length;
    }
    const bar = list.querySelector("[data-bulk]");
    if (bar) {
      bar.hidden = picked.length === 0;
      const count = bar.querySelector("[data-bulk-count]");
      if (count) count.textContent = say(words.selected, { count: picked.length });
    }
  }

  function setUp(scope) {
    runClocks(scope);
    for (const box of scope.querySelectorAll(".said-note")) settle(box);
    for (const list of document.querySelectorAll("[data-list]")) showSelection(list);
    for (const dialog of scope.querySelectorAll("dialog[data-opened]")) if (!dialog.open) dialog.showModal();
  }

  document.addEventListener("change", (event) => {
    const list = event.target.closest("[data-list]");
    if (list && event.target.matches("input[data-pick-all]")) {
      for (const box of boxes(list)) box.checked = event.target.checked;
    }
    if (list && event.target.matches("input[data-pick], input[data-pick-all]")) showSelection(list);
    if (event.target.matches("[data-sends]")) event.target.form?.requestSubmit();
    if (event.target.matches(".drop input[type=file]")) showFiles(event.target);
    if (event.target.matches("[data-single-keys]")) {
      localStorage.setItem("single-keys", event.target.checked ? "on" : "off");
    }
  });

  document.addEventListener("click", async (event) => {
    const near = (selector) => event.target.closest(selector);
    const opener = near("[data-opens]");
    if (opener) {
      opener.closest("[popover]")?.hidePopover();
      document.getElementById(opener.dataset.opens)?.showModal();
    }
    near("[data-closes]")?.closest("dialog")?.close();
    near("[data-dismiss]")?.closest(".said-note, .strip")?.remove();
    const clear = near("[data-pick-none]");
    if (clear) {
      const list = clear.closest("[data-list]");
      for (const box of boxes(list)) box.checked = false;
      showSelection(list);
    }
    const copy = near("[data-copies]");
    if (copy) {
      await navigator.clipboard.writeText(document.getElementById(copy.dataset.copies).textContent.trim());
      note(words.copied, "good");
    }
    // A press beside an open dialog closes it.
    if (event.target.matches("dialog.ask")) {
      const { left, right, top, bottom } = event.target.getBoundingClientRect();
      const beside = event.clientX < left || event.clientX > right || event.clientY < top || event.clientY > bottom;
      if (beside && event.detail > 0) event.target.close();
    }
    const reveal = near("[data-reveals]");
    if (reveal) {
      const field = document.getElementById(reveal.dataset.reveals);
      field.type = field.type === "password" ? "text" : "password";
      reveal.setAttribute("aria-pressed", String(field.type === "text"));
    }
  });

  // Dropped files go into the field, and their names are shown.
  function showFiles(input) {
    const names = input.closest(".drop").querySelector(".drop__names");
    names.replaceChildren(...[...input.files].map((file) => {
      const line = document.createElement("li");
      line.textContent = file.name;
      return line;
    }));
  }

  document.addEventListener("dragover", (event) => {
    const drop = event.target.closest(".drop");
    if (!drop) return;
    event.preventDefault();
    drop.classList.add("is-over");
  });
  document.addEventListener("dragleave", (event) => event.target.closest?.(".drop")?.classList.remove("is-over"));
  document.addEventListener("drop", (event) => {
    const drop = event.target.closest(".drop");
    if (!drop) return;
    event.preventDefault();
    drop.classList.remove("is-over");
    const input = drop.querySelector("input[type=file]");
    input.files = event.dataTransfer.files;
    input.dispatchEvent(new Event("change", { bubbles: true }));
  });

  // Keys. No single key fires while a field has focus, and they can be switched off.
  const singleKeys = () => localStorage.getItem("single-keys") !== "off";
  const inField = (target) => target.closest?.("input:not([type=checkbox]), textarea, select, [contenteditable]");

  function move(list, step) {
    const rows = [...list.querySelectorAll("[data-row]")].filter((row) => row.offsetParent !== null);
    if (!rows.length) return;
    const at = rows.findIndex((row) => row.classList.contains("is-current"));
    const next = rows[Math.min(rows.length - 1, Math.max(0, at + step))] ?? rows[0];
    for (const row of rows) row.classList.toggle("is-current", row === next);
    (next.querySelector("a[data-open]") ?? next.querySelector("a, button"))?.focus({ preventScroll: true });
    next.scrollIntoView({ block: "nearest" });
  }

  // The jump: what was found stands below it while it has the focus. The arrows walk through it,
  // Escape takes it away, and whoever types on is back in the box.
  function walkHits(event, jump) {
    const box = jump.form.querySelector(".jump__hits");
    const hits = [...box.querySelectorAll("a[href]")];
    const at = hits.indexOf(document.activeElement);
    if (event.key === "ArrowDown" && hits.length) {
      hits[Math.min(at + 1, hits.length - 1)].focus();
    } else if (event.key === "ArrowUp" && at >= 0) {
      (hits[at - 1] ?? jump).focus();
    } else if (event.key === "Escape" && box.hasChildNodes()) {
      jump.dispatchEvent(new Event("htmx:abort"));
      box.replaceChildren();
      jump.focus();
    } else {
      // No letter of the page's own, nor of a list, while the focus is here.
      if (at >= 0 && event.key.length === 1 && !event.metaKey && !event.ctrlKey && !event.altKey) jump.focus();
      return;
    }
    event.preventDefault();
  }

  document.addEventListener("keydown", (event) => {
    const jump = document.querySelector("[data-jump]");
    if ((event.metaKey || event.ctrlKey) && event.key.toLowerCase() === "k" && jump) {
      event.preventDefault();
      jump.focus();
      jump.select();
      return;
    }
    if (jump?.form.contains(event.target)) {
      walkHits(event, jump);
      return;
    }
    if (event.metaKey || event.ctrlKey || event.altKey || inField(event.target) || !singleKeys()) return;
    if (document.querySelector("dialog[open]")) return;
    const list = event.target.closest?.("[data-list]") ?? document.querySelector("[data-list]");
    const row = list?.querySelector("[data-row].is-current");
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    if (key === "/" && jump) {
      (document.querySelector("[data-search]") ?? jump).focus();
    } else if (key === "?") {
      document.getElementById("keys")?.showModal();
    } else if (key === "j" && list) {
      move(list, 1);
    } else if (key === "k" && list) {
      move(list, -1);
    } else if (key === "x" && row) {
      const box = row.querySelector("input[data-pick]");
      if (box) box.click();
    } else if (key === "Enter" && row && event.target === document.body) {
      row.querySelector("a[data-open]")?.click();
    } else {
      // A page's own letters: an element says which one presses it, in the current row first.
      if (key.length !== 1 || !/[a-z]/.test(key)) return;
      const target = row?.querySelector(`[data-key="${key}"]`) ?? document.querySelector(`main [data-key="${key}"]`);
      if (!target || target.disabled) return;
      target.matches("input:not([type=submit]), textarea, select") ? target.focus() : target.click();
    }
    event.preventDefault();
  });

  // What htmx brings in is set up as the page was; what fails is said.
  document.addEventListener("htmx:load", (event) => setUp(event.detail.elt));
  document.addEventListener("htmx:sendError", () => note(words.failed, "bad"));
  document.addEventListener("htmx:responseError", () => note(words.refused, "bad"));
  document.addEventListener("note", (event) => note(event.detail.text, event.detail.tone));

  const switchBox = document.querySelector("[data-single-keys]");
  if (switchBox) switchBox.checked = singleKeys();
  setUp(document);
  showCount();
  setInterval(() => runClocks(document), 20000);
})();
