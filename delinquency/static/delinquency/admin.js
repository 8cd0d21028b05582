// What a screen reader misses on Django's data-entry pages: names of its searching fields, of icons and of bare table heads, and
// tables that scroll by the keyboard.
window.addEventListener("load", () => {
  const mend = () => {
    for (const box of document.querySelectorAll(".select2-selection")) {
      const field = box.closest(".related-widget-wrapper, td, .form-row")?.querySelector("select");
      const label = field && document.querySelector(`label[for="${field.id}"]`);
      const name = label?.textContent.trim() || box.closest("table")?.querySelector(`th.column-${field?.name.split("-").pop()}`)?.textContent.trim();
      const shown = box.querySelector(".select2-selection__rendered");
      if (name) {
        box.setAttribute("aria-label", name);
        shown?.setAttribute("aria-label", name);
      }
    }
    for (const icon of document.querySelectorAll(".help-tooltip[aria-label]")) icon.setAttribute("role", "img");
    for (const head of document.querySelectorAll("th")) {
      if (!head.textContent.trim() && !head.querySelector("input")) head.setAttribute("role", "presentation");
    }
    for (const group of document.querySelectorAll(".inline-group, .results")) group.tabIndex = 0;
    const search = document.getElementById("searchbar");
    if (search) search.setAttribute("aria-label", document.querySelector('label[for="searchbar"] img')?.alt || search.name);
  };
  // Behind Django's own scripts, which begin on the same event.
  setTimeout(mend);
  document.addEventListener("formset:added", () => setTimeout(mend));
});
