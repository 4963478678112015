// Names for what the theme and Django leave nameless to screen readers: boxes that search while one
// types, calendars, and marks beside filters.
"use strict";

(() => {
  const labelOf = (select) =>
    select?.labels?.[0]?.textContent.replace("*", "").trim() || select?.getAttribute("aria-label");

  function name(element, text) {
    if (element && text && !element.hasAttribute("aria-label")) element.setAttribute("aria-label", text);
  }

  /** What is named by the choice that it shows, alone, is named by its label first. */
  function nameByLabel(element, label) {
    const named = element.getAttribute("aria-labelledby");
    if (!named || !label) return;
    label.id ||= `${label.htmlFor}_label`;
    if (!named.startsWith(label.id)) element.setAttribute("aria-labelledby", `${label.id} ${named}`);
  }

  function nameAll() {
    for (const select of document.querySelectorAll("select.select2-hidden-accessible")) {
      const text = labelOf(select);
      const box = select.nextElementSibling;
      if (!box?.matches(".select2")) continue;
      for (const part of box.querySelectorAll("[role=combobox], [role=textbox], [role=searchbox], input")) {
        name(part, text);
        nameByLabel(part, select.labels?.[0]);
      }
    }
    for (const typed of document.querySelectorAll(".select2-dropdown input")) {
      const list = typed.closest(".select2-dropdown").querySelector("[role=listbox]");
      const id = list?.id.replace(/^select2-|-results$/g, "");
      name(typed, labelOf(document.getElementById(id)));
    }
    for (const link of document.querySelectorAll("a:has(> .date-icon)")) name(link, "打开日历");
    for (const mark of document.querySelectorAll("span.help-tooltip[aria-label]:not([role])")) {
      mark.setAttribute("role", "img");
    }
  }

  document.addEventListener("DOMContentLoaded", () => {
    nameAll();
    new MutationObserver(nameAll).observe(document.body, { childList: true, subtree: true });
  });
})();
