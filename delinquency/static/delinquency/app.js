// Keys, rows that open, and the dialog of keys. Every page works without this file.
(() => {
  // What J and K go through: the rows of a list; on a case the actions that stand beside what they act on.
  const rows = () => {
    const found = [...document.querySelectorAll("[data-row]")];
    return found.length ? found : [...document.querySelectorAll(".case .do")].filter((one) => one.checkVisibility());
  };
  const TICKED = ["radio", "checkbox", "button", "submit", "file"];
  const typing = (target) => {
    const field = target.closest("input, select, textarea, [contenteditable]");
    return field && !(field.tagName === "INPUT" && TICKED.includes(field.type)) ? field : null;
  };

  function move(step) {
    const list = rows();
    if (!list.length) return false;
    const now = list.findIndex((row) => row.contains(document.activeElement));
    const next = list[now < 0 ? (step > 0 ? 0 : list.length - 1) : Math.min(Math.max(now + step, 0), list.length - 1)];
    (next.querySelector("a.open") || next).focus();
    next.scrollIntoView({ block: "nearest" });
    return true;
  }

  // What has a key of its own says so: data-key="l" for an action, data-digit="3" for a choice.
  function press(key) {
    const found = [...document.querySelectorAll(`[data-key="${CSS.escape(key)}"], [data-digit="${CSS.escape(key)}"]`)];
    const target = found.find((one) => one.checkVisibility() && !one.disabled);
    if (!target) return false;
    (target.control || target).focus(); // a label stands for its choice
    target.click();
    return true;
  }

  function act(key) {
    const search = document.getElementById("search");
    if (key === "/" && search) return search.select(), search.focus(), true;
    if (key === "?") return document.getElementById("keys")?.showModal(), true;
    if (key === "j") return move(1);
    if (key === "k") return move(-1);
    return /^[a-z1-9]$/.test(key) && press(key);
  }

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (event.key === "Escape" && typing(event.target)) {
      event.target.blur();
      return event.preventDefault(); // only that: another Escape closes what the field stands in
    }
    if (typing(event.target) || document.querySelector("dialog[open]")) return;
    if (act(event.key.toLowerCase())) event.preventDefault();
  });

  // A page that is one form: its first field (or the first that is wrong) has the focus, Ctrl+Enter saves.
  const page = document.querySelector("form[data-begins]");
  const FIELD = ":is(input, select, textarea):not([type=hidden])";
  if (page) (page.querySelector(`.is-wrong ${FIELD}`) || page.querySelector(FIELD))?.focus();
  document.addEventListener("keydown", (event) => {
    if (!page || event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    page.requestSubmit();
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
      unhides.closest("section").querySelectorAll(":is(tr, li)[hidden]").forEach((row) => { row.hidden = false; });
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

  // What renews itself stops while nobody can see it, and catches up at once when it is shown again.
  document.addEventListener("htmx:beforeRequest", (event) => {
    if (document.hidden && event.target.matches("[data-renews]")) event.preventDefault();
  });
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) document.querySelectorAll("[data-renews]").forEach((part) => htmx.trigger(part, "shown"));
  });

  // What follows what is being written says while it is behind: the next is on its way, or did not come.
  const follower = (event) => event.detail.target?.closest?.("[data-follows]");
  document.addEventListener("htmx:beforeRequest", (event) => {
    const part = follower(event);
    part?.removeAttribute("data-behind");
    part?.setAttribute("aria-busy", "true");
  });
  document.addEventListener("htmx:afterRequest", (event) => {
    const part = follower(event);
    part?.removeAttribute("aria-busy");
    part?.toggleAttribute("data-behind", !event.detail.successful);
  });

  // Signing in changes the token of every form: one that was open before sends the present one.
  document.addEventListener("submit", (event) => {
    const field = event.target.querySelector("[name=csrfmiddlewaretoken]");
    const token = document.cookie.match(/(?:^|; )csrftoken=([^;]+)/)?.[1];
    if (field && token) field.value = token;
  }, true);

  // Signed out meanwhile: the page stays with what was typed in it, covered, until the reader has signed in in another tab.
  const door = document.getElementById("signed-out");
  document.addEventListener("htmx:responseError", (event) => {
    if (event.detail.xhr.status === 401 && door && !door.open) door.showModal();
  });
  async function goOn(asked) {
    const answer = await fetch(door.dataset.asks, { redirect: "manual", headers: { "X-Unattended": "true" } });
    if (answer.ok) door.close();
    door.querySelector("[data-not-yet]").textContent = answer.ok || !asked ? "" : door.querySelector("[data-not-yet]").dataset.notYet;
  }
  door?.addEventListener("cancel", (event) => event.preventDefault());
  door?.querySelector("[data-signed-in]").addEventListener("click", () => goOn(true));
  window.addEventListener("focus", () => { if (door?.open) goOn(false); });
})();
