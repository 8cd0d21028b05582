// Keys, rows that open, and the dialog of keys. Every page works without this file.
(() => {
  const rows = () => [...document.querySelectorAll("[data-row]")];
  const typing = (target) => target.closest("input, select, textarea, [contenteditable]");

  function move(step) {
    const list = rows();
    if (!list.length) return;
    const now = list.findIndex((row) => row.contains(document.activeElement));
    const next = list[now < 0 ? (step > 0 ? 0 : list.length - 1) : Math.min(Math.max(now + step, 0), list.length - 1)];
    next.querySelector("a.open").focus();
    next.scrollIntoView({ block: "nearest" });
  }

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (event.key === "Escape" && typing(event.target)) return event.target.blur();
    if (typing(event.target) || document.querySelector("dialog[open]")) return;
    const search = document.getElementById("search");
    const keys = document.getElementById("keys");
    if (event.key === "/" && search) search.select(), search.focus();
    else if (event.key === "?" && keys) keys.showModal();
    else if (event.key === "j" || event.key === "J") move(1);
    else if (event.key === "k" || event.key === "K") move(-1);
    else return;
    event.preventDefault();
  });

  document.addEventListener("click", (event) => {
    const opens = event.target.closest("[data-opens]");
    if (opens) {
      opens.closest("details")?.removeAttribute("open");
      document.getElementById(opens.dataset.opens).showModal();
      return;
    }
    const unhides = event.target.closest("[data-unhides]");
    if (unhides) {
      unhides.closest("section").querySelectorAll("tr[hidden]").forEach((row) => { row.hidden = false; });
      unhides.parentElement.remove();
      return;
    }
    document.querySelectorAll("details.me[open]").forEach((menu) => {
      if (!menu.contains(event.target)) menu.open = false;
    });
    // A click anywhere in a row opens it, except on what has an action of its own or while text is being selected.
    const row = event.target.closest("[data-row]");
    if (row && !event.target.closest("a, button, input, label, select, summary") && !String(getSelection())) row.querySelector("a.open").click();
  });
})();
