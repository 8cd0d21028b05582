// Lists: selecting rows, and the bar that acts on what is selected. Lists work without this file.
(() => {
  const typing = (target) => target.closest("input:not([type=checkbox]), select, textarea, [contenteditable]");
  const boxes = () => [...document.querySelectorAll("[data-select]")];
  let last = null;

  function show() {
    const bar = document.querySelector("[data-bulk]");
    if (!bar) return;
    const all = boxes();
    const chosen = all.filter((box) => box.checked).length;
    bar.querySelector("[data-selected]").textContent = chosen;
    bar.classList.toggle("is-idle", chosen === 0);
    bar.querySelectorAll("button, select").forEach((part) => { part.disabled = chosen === 0; });
    const every = document.querySelector("[data-select-all]");
    if (every) {
      every.hidden = false;
      every.checked = chosen > 0 && chosen === all.length;
      every.indeterminate = chosen > 0 && chosen < all.length;
    }
  }

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (typing(event.target) || document.querySelector("dialog[open]")) return;
    if (event.key.toLowerCase() !== "s") return;
    const box = document.activeElement.closest("[data-row]")?.querySelector("[data-select]");
    if (box) box.click(), event.preventDefault();
  });

  document.addEventListener("click", (event) => {
    const box = event.target.closest("[data-select]");
    if (box) {
      // With shift, everything between this row and the one before it follows.
      const all = boxes();
      if (event.shiftKey && last && all.includes(last)) {
        const ends = [all.indexOf(last), all.indexOf(box)].sort((one, other) => one - other);
        all.slice(ends[0], ends[1] + 1).forEach((one) => { one.checked = box.checked; });
      }
      last = box;
      show();
    }
    if (event.target.closest("[data-select-all]")) {
      boxes().forEach((one) => { one.checked = event.target.checked; });
      show();
    }
    document.querySelectorAll("details.more[open]").forEach((menu) => { if (!menu.contains(event.target)) menu.open = false; });
  });

  // Who presses Assign without saying to whom is told so here: the page stays, with what is ticked.
  document.addEventListener("invalid", (event) => {
    if (event.target.dataset.missing) event.target.setCustomValidity(event.target.dataset.missing);
  }, true);
  document.addEventListener("change", (event) => { if (event.target.dataset.missing) event.target.setCustomValidity(""); });

  // A search that is refused says so where its results would stand.
  document.addEventListener("htmx:beforeSwap", (event) => {
    if (event.detail.target.id === "found" && [403, 429].includes(event.detail.xhr.status)) event.detail.shouldSwap = true;
  });
  document.addEventListener("htmx:afterSettle", show);
  document.addEventListener("DOMContentLoaded", show);
})();
