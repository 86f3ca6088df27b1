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

  // A field that leaves of a table the rows that have every word of it, and says how many those are.
  for (const field of document.querySelectorAll("[data-filter]")) {
    const rows = [...document.getElementById(field.dataset.filter).tBodies[0].rows];
    const place = document.querySelector('[data-filtered="' + field.dataset.filter + '"]');
    const texts = new Map(rows.map((row) => [row, row.textContent.toLowerCase()]));
    const filter = () => {
      const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
      for (const row of rows) row.hidden = !words.every((word) => texts.get(row).includes(word));
      const shown = rows.filter((row) => !row.hidden).length;
      place.textContent = words.length ? shown + " of " + rows.length : "";
    };
    field.addEventListener("input", filter);
    filter(); // what was typed before the page was opened again
  }
})();
