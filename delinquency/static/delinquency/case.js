// The action panel of a case: where the focus goes, how it closes, what is said. The page works without this file.
(() => {
  const panel = () => document.getElementById("panel");
  const sheet = () => document.getElementById("act-sheet");
  const said = () => document.getElementById("said");
  let swapped = false;
  let sending = null; // the form that is on its way
  let sent = null; // the form in what was said that is on its way: htmx wants it in the page until its answer is
  let opener = null; // the id of what opened the panel: the focus goes back there

  // What was typed and is not saved: a field's text that differs from what it came with, or any text in a form that
  // came back refused. Leaving is asked about once; the same again means it, another way out is asked about anew.
  const TEXT = "#act :is(textarea, input:not([type=hidden], [type=radio], [type=checkbox], [type=submit]))";
  let refused = false;
  let asked = null; // what was asked about: closing the panel, or what was pressed instead
  const unsaved = () => Boolean(sheet()) && [...document.querySelectorAll(TEXT)].some((field) => field.value !== field.defaultValue || (refused && field.value));

  function mayLeave(by) {
    if (asked === by || !unsaved()) return true;
    asked = by;
    const says = sheet().querySelector("[data-unsaved]");
    says.setAttribute("role", "alert");
    says.textContent = by === "close" ? says.dataset.unsaved : says.dataset.unsavedOther;
    return false;
  }

  document.addEventListener("input", (event) => {
    if (!asked || !event.target.closest("#act")) return;
    asked = null;
    sheet().querySelector("[data-unsaved]").textContent = "";
  });
  document.addEventListener("htmx:confirm", (event) => {
    if (event.detail.target?.id === "panel" && !event.detail.elt.closest("#act") && !mayLeave(event.detail.elt)) event.preventDefault();
  });
  window.addEventListener("beforeunload", (event) => { if (unsaved()) event.preventDefault(); });

  // The first field that is wrong, else the outcomes, else the first field; of a group of choices the chosen one.
  function begin() {
    const FIELD = ":is(input, select, textarea):not([type=hidden])";
    const first = ["[data-first]", `.is-wrong ${FIELD}`, "[data-first-choice] input", `#act ${FIELD}`, "#act .btn"]
      .map((wanted) => sheet().querySelector(wanted))
      .find(Boolean);
    const chosen = first?.type === "radio" && sheet().querySelector(`[name="${CSS.escape(first.name)}"]:checked`);
    (chosen || first)?.focus();
    if (["text", "number"].includes(first?.type)) first.select();
  }

  function close() {
    if (!mayLeave("close")) return;
    const verb = sheet().dataset.verb;
    sheet().remove();
    asked = null;
    refused = false;
    panel().querySelector("[aria-current]")?.removeAttribute("aria-current");
    giveBack(`do-${verb}`);
  }

  function giveBack(id) {
    const target = document.getElementById(opener || id) || document.getElementById(id) || panel().querySelector(".action");
    opener = null;
    target?.focus();
  }

  document.addEventListener("click", (event) => {
    if (!event.target.closest("[data-closes]")) return;
    event.preventDefault();
    close();
  });

  document.addEventListener("keydown", (event) => {
    if (!sheet()) return;
    if (event.key === "Escape" && !event.defaultPrevented && !document.querySelector("dialog[open]")) close();
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      document.getElementById("act").requestSubmit(sheet().querySelector("[data-saves]"));
    }
  });

  document.addEventListener("htmx:beforeRequest", (event) => {
    if (event.detail.target?.id !== "panel") return;
    if (!event.target.closest("#act-sheet")) opener = event.detail.elt.id || event.detail.elt.querySelector("[id]")?.id || null;
    sent = said().contains(event.detail.elt) ? event.detail.elt : null;
    if (!sent) said().textContent = "";
    sending = event.target.id === "act" ? sheet().dataset.verb : null;
  });

  // An outcome that asks for more leads to it; arrows among the outcomes stay among them.
  // What it opens comes into sight with no more scrolling than it needs: whom one talks to, and whether one may, stay.
  let byArrow = false;
  document.addEventListener("keydown", (event) => { byArrow = event.key.startsWith("Arrow"); }, true);
  document.addEventListener("pointerdown", () => { byArrow = false; });
  document.addEventListener("click", (event) => {
    const outcome = event.target.closest("#act [name=outcome]");
    const opened = outcome && !byArrow ? sheet()?.querySelector(`.for-${CSS.escape(outcome.value)}`) : null;
    const first = opened?.querySelector(":is(input, select, textarea):not([type=hidden])");
    first?.focus({ preventScroll: true });
    first?.scrollIntoView({ block: "nearest" });
  });

  // A stale screen (409), or one that nobody was shown (400), comes with the form as it was typed: it is shown, not swallowed.
  document.addEventListener("htmx:beforeSwap", (event) => {
    if (event.detail.target?.id === "panel") swapped = true;
    if (![400, 409].includes(event.detail.xhr.status)) return;
    event.detail.shouldSwap = true;
    event.detail.isError = false;
  });
  const failed = (event) => { if (event.detail.xhr?.status !== 401) said().textContent = said().dataset.failed; };
  document.addEventListener("htmx:responseError", failed);
  document.addEventListener("htmx:sendError", failed);

  document.addEventListener("htmx:afterSettle", (event) => {
    if (event.detail.target?.id !== "panel") return;
    if (!swapped) return; // told once for each part of the answer
    if (sent?.isConnected) said().textContent = "";
    sent = null;
    swapped = false;
    asked = null;
    markRail();
    refused = sending !== null && sheet()?.dataset.verb === sending; // the same form again: it was not saved
    if (sheet()) begin();
    else giveBack("do-call");
  });

  // Taken or given back, the case stands elsewhere on the rail.
  function markRail() {
    const of = panel().hasAttribute("data-mine") ? "mine" : "others";
    for (const link of document.querySelectorAll("[data-of]")) {
      if (link.dataset.of === of) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
    }
  }

  // How long the place under the caps is still kept.
  setInterval(() => {
    for (const mark of document.querySelectorAll("[data-until]")) {
      const left = Math.max(0, Math.floor((new Date(mark.dataset.until) - Date.now()) / 1000));
      mark.textContent = left < 3600 ? `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}` : "";
    }
  }, 1000);

  if (sheet()) begin();
})();
