"use strict";
(() => {
  // Tables: sorted by their headings; numbers by their exact value, what is missing last; tables of one set together.
  const numeric = (cell) => (cell.dataset.value === undefined ? NaN : parseFloat(cell.dataset.value));
  const missing = (cell) => cell.dataset.value === "" || cell.textContent === "";
  const compared = (one, other, sign) => {
    if (missing(one) || missing(other)) return missing(one) - missing(other);
    const by = numeric(one) - numeric(other);
    return sign * (Number.isNaN(by) ? one.textContent.localeCompare(other.textContent, "en") : by);
  };
  const sort = (table, heading) => {
    const was = heading.getAttribute("aria-sort");
    const text = heading.cellIndex === 0;
    const order = was === "descending" || (!was && text) ? "ascending" : "descending";
    const rows = [...table.tBodies[0].rows];
    const at = heading.cellIndex;
    rows.sort((one, other) => compared(one.cells[at], other.cells[at], order === "ascending" ? 1 : -1));
    const set = table.dataset.set;
    const places = new Map(rows.map((row, place) => [row.dataset.row, place]));
    const together = set ? [...document.querySelectorAll("table.sortable")].filter((one) => one.dataset.set === set) : [];
    for (const one of together) {
      if (one === table) continue;
      const theirs = [...one.tBodies[0].rows].sort((a, b) => places.get(a.dataset.row) - places.get(b.dataset.row));
      one.tBodies[0].append(...theirs);
      one.querySelectorAll("th[aria-sort]").forEach((th) => th.removeAttribute("aria-sort"));
    }
    table.tBodies[0].append(...rows);
    table.querySelectorAll("th[aria-sort]").forEach((th) => th.removeAttribute("aria-sort"));
    heading.setAttribute("aria-sort", order);
  };
  for (const table of document.querySelectorAll("table.sortable")) {
    for (const heading of table.tHead.rows[table.tHead.rows.length - 1].cells) {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...heading.childNodes);
      heading.append(button);
      button.addEventListener("click", () => sort(table, heading));
    }
  }

  // A figure that is missing says why, as the list of reasons has it.
  for (const cell of document.querySelectorAll("td[aria-describedby]")) {
    cell.title = document.getElementById(cell.getAttribute("aria-describedby")).textContent;
  }

  // Tables of which one is seen at a time, chosen by a row of tabs.
  for (const tabs of document.querySelectorAll(".tabs")) {
    const panels = [...tabs.children], list = document.createElement("div");
    list.setAttribute("role", "tablist");
    list.setAttribute("aria-label", "Tables");
    const buttons = panels.map((panel) => {
      const button = document.createElement("button");
      Object.assign(button, { type: "button", textContent: panel.getAttribute("aria-label") });
      button.setAttribute("role", "tab");
      panel.setAttribute("role", "tabpanel");
      list.append(button);
      return button;
    });
    const choose = (at) => buttons.forEach((button, number) => {
      button.setAttribute("aria-selected", String(number === at));
      button.tabIndex = number === at ? 0 : -1;
      panels[number].classList.toggle("away", number !== at);
    });
    const moves = { ArrowRight: 1, ArrowLeft: -1, Home: -Infinity, End: Infinity };
    list.addEventListener("click", (event) => buttons.includes(event.target) && choose(buttons.indexOf(event.target)));
    list.addEventListener("keydown", (event) => {
      if (!(event.key in moves)) return;
      event.preventDefault();
      const at = Math.max(0, Math.min(buttons.indexOf(document.activeElement) + moves[event.key], buttons.length - 1));
      choose(at);
      buttons[at].focus();
    });
    choose(0);
    tabs.prepend(list);
  }

  // A field that leaves the rows that have every word of it, and says how many those are: the rows of a table, by all
  // their text, or what is named of a section, by its name.
  for (const field of document.querySelectorAll("[data-filter]")) {
    const of = document.getElementById(field.dataset.filter);
    const rows = of.tBodies ? [...of.tBodies[0].rows] : [...of.querySelectorAll("[data-row]")];
    const place = document.querySelector('[data-filtered="' + field.dataset.filter + '"]');
    const names = new Map(rows.map((row) => [row, (of.tBodies ? row.textContent : row.dataset.row).toLowerCase()]));
    const counted = of.tBodies ? rows : rows.filter((row) => row.tagName === "DETAILS");
    const filter = () => {
      const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
      for (const row of rows) row.hidden = !words.every((word) => names.get(row).includes(word));
      const shown = counted.filter((row) => !row.hidden).length;
      place.textContent = words.length ? shown + " of " + counted.length : "";
    };
    field.addEventListener("input", filter);
    filter(); // what was typed before the page was opened again
  }
})();
