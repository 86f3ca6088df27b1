"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const root = document.documentElement;
  const NARROW = 520; // px: below it amounts beside lying bars would meet their names
  const PAPER = 680; // px: the width of A4 between the margins of style.css

  // Figures: named colours and shared columns become what Plotly takes.
  const columns = new Map();
  const column = (name) => {
    if (!columns.has(name)) columns.set(name, listed(data.columns[name]));
    return columns.get(name);
  };
  const listed = (held) => {
    if (Array.isArray(held)) return held;
    let at = held.start;
    return held.steps.map((step) => (at += step * held.unit));
  };
  const colour = (name) => getComputedStyle(root).getPropertyValue("--" + name).trim();
  const resolved = (value, key) => {
    if (Array.isArray(value)) return typeof value[0] === "number" && typeof value[1] !== "string" ? value : value.map((one) => resolved(one, key));
    if (value !== null && typeof value === "object") {
      if (typeof value.column === "string") return column(value.column);
      const { shared, ...own } = value;
      const all = typeof shared === "string" ? { ...data.shared[shared], ...own } : own;
      return Object.fromEntries(Object.entries(all).map(([name, one]) => [name, resolved(one, name)]));
    }
    const named = typeof value === "string" && /color(scale|way)?$/.test(key) && value.startsWith("$");
    return named ? colour(value.slice(1)) : value;
  };
  const template = () => {
    const found = resolved(data.template, "");
    found.layout.font.family = getComputedStyle(document.body).fontFamily;
    return found;
  };
  const config = { displaylogo: false, responsive: false, doubleClick: "reset", modeBarButtonsToRemove: ["lasso2d", "select2d", "autoScale2d"] };

  const charts = [...document.querySelectorAll(".chart")];
  const drawn = new Set();
  const draw = (div, width) => {
    const figure = resolved(data.charts[div.dataset.chart], "");
    const layout = { ...figure.layout, template: template(), height: div.clientHeight, width: width || div.clientWidth };
    if (div._range) layout.xaxis = { ...layout.xaxis, range: div._range };
    if (layout.width < NARROW) figure.data.forEach((trace) => { if (trace.orientation === "h") trace.textposition = "none"; });
    const first = !drawn.has(div);
    if (first) div.replaceChildren();
    drawn.add(div);
    return Plotly.react(div, figure.data, layout, config).then(() => {
      if (first && "zoom" in div.dataset) div.on("plotly_relayout", (event) => moved(div, event));
      if (div._range) fitted(div);
      div.setAttribute("data-drawn", "");
    });
  };
  const drawAll = (width) => Promise.all(charts.filter((div) => div.clientWidth).map((div) => draw(div, width)));

  // Zoom: by mouse as Plotly has it, by buttons in whole market days; the values in sight fill the height.
  const moved = (div, event) => {
    if (!event["xaxis.autorange"] && !event["xaxis.range[0]"] && !event["xaxis.range"]) return;
    const axis = div._fullLayout.xaxis;
    const [from, to] = axis.range.map(axis.r2l);
    const [start, end] = whole(div).map(axis.r2l);
    div._range = event["xaxis.autorange"] || (from <= start && to >= end) ? null : [...axis.range];
    fitted(div);
    if (div._tools) div._tools(event._days);
  };
  const whole = (div) => data.charts[div.dataset.chart].layout.xaxis.range;
  const fitted = (div) => {
    const all = div._fullLayout, change = {};
    const [from, to] = all.xaxis.range.map((one) => all.xaxis.r2l(one));
    const seen = {};
    for (const trace of div._fullData) {
      if (trace.visible !== true || !trace.x || !trace.y) continue;
      const y = (trace.yaxis || "y").replace("y", "yaxis");
      const held = (seen[y] = seen[y] || [Infinity, -Infinity]);
      const stepped = trace.line && trace.line.shape === "hv";
      let before = null;
      for (let at = 0; at < trace.x.length; at++) {
        const x = all.xaxis.d2l ? all.xaxis.d2l(trace.x[at]) : trace.x[at];
        const value = trace.y[at];
        if (value === null) continue;
        if (x < from) { before = value; continue; }
        if (x > to) break;
        held[0] = Math.min(held[0], value); held[1] = Math.max(held[1], value);
      }
      if (stepped && before !== null) { held[0] = Math.min(held[0], before); held[1] = Math.max(held[1], before); }
    }
    for (const [y, [low, high]] of Object.entries(seen)) {
      if (all[y] === undefined || low > high) continue;
      const room = (high - low || Math.abs(high) * 0.01 || 1) * 0.06;
      if (div._range) change[y + ".range"] = [low - room, high + room];
      else change[y + ".autorange"] = true;
    }
    return Plotly.relayout(div, change);
  };
  const at = (day, end) => (typeof day === "number" ? day * 86400000 : Date.parse(day)) + data.hours[end] * 3600000;
  const tools = (div) => {
    const bar = document.createElement("div");
    bar.className = "tools";
    bar.setAttribute("role", "group");
    bar.setAttribute("aria-label", "Zoom");
    const days = resolved(data.charts[div.dataset.chart].days || data.days || [], "");
    let last = days.length - 1, size = 0;
    const show = async (count, end) => {
      if (!drawn.has(div)) await draw(div);
      size = count;
      last = Math.max(Math.min(end, days.length - 1), count - 1);
      if (!count || count >= days.length) return Plotly.relayout(div, { "xaxis.range": whole(div), _days: 0 });
      return Plotly.relayout(div, { "xaxis.range": [at(days[last - count + 1], 0), at(days[last], 1)], _days: count });
    };
    const button = (text, label, act) => {
      const one = document.createElement("button");
      one.type = "button"; one.textContent = text; one.setAttribute("aria-label", label);
      one.addEventListener("click", act);
      bar.append(one);
      return one;
    };
    const sizes = [[1, "1 day"], [5, "1 week"], [21, "1 month"], [0, "All"]].filter(([count]) => count < days.length);
    const sized = sizes.map(([count, text]) => [count, button(text, "Show " + text.toLowerCase(), () => show(count, last))]);
    const back = button("\u25c0", "Earlier", () => show(size, last - size));
    const on = button("\u25b6", "Later", () => show(size, last + size));
    div._tools = (count) => {
      size = count === undefined ? -1 : count;
      for (const [one, element] of sized) element.setAttribute("aria-pressed", String(one === size));
      back.disabled = size < 1 || last < size;
      on.disabled = size < 1 || last >= days.length - 1;
    };
    div._tools(0);
    if (sizes.length > 1) div.before(bar);
  };
  charts.filter((div) => "zoom" in div.dataset).forEach(tools);

  // What is in sight is drawn at once, the rest when it comes near or its panel is opened.
  const near = new IntersectionObserver((entries) => {
    for (const entry of entries) {
      if (!entry.isIntersecting || drawn.has(entry.target)) continue;
      draw(entry.target);
    }
  }, { rootMargin: "600px" });
  const first = charts.find((div) => "first" in div.dataset) || charts[0];
  if (first && first.clientWidth) draw(first).then(() => performance.mark("first-drawn"));
  charts.filter((div) => !drawn.has(div)).forEach((div) => near.observe(div));

  const again = () => drawn.forEach((div) => div.clientWidth && draw(div));
  const fit = () => drawn.forEach((div) => div.clientWidth && div.clientWidth !== div._fullLayout.width && draw(div));
  let pending;
  new ResizeObserver(() => { clearTimeout(pending); pending = setTimeout(fit, 150); }).observe(document.body);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", again);

  // Paper: everything open, light, drawn at the paper's width.
  let opened = [];
  addEventListener("beforeprint", () => {
    opened = [...document.querySelectorAll("details:not([open])")];
    opened.forEach((one) => { one.open = true; });
    root.dataset.theme = "light";
    drawAll(PAPER);
  });
  addEventListener("afterprint", () => {
    opened.forEach((one) => { one.open = false; });
    delete root.dataset.theme;
    again();
  });
  for (const button of document.querySelectorAll("[data-open-all]")) {
    const open = button.dataset.openAll === "true";
    button.addEventListener("click", () => {
      for (const one of document.querySelectorAll("details.panel")) one.open = open;
    });
  }
  const followed = () => {
    const panel = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (panel && panel.tagName === "DETAILS") { panel.open = true; panel.scrollIntoView(); }
  };
  addEventListener("hashchange", followed);
  followed();
  const redraw = (name) => Promise.all([...drawn].filter((div) => div.dataset.chart === name && div.clientWidth).map((div) => draw(div)));
  window.report = { data, drawAll, redraw };

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
})();
