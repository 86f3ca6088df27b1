"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const root = document.documentElement;
  const TICK = 60; // px that an amount below an axis takes, with the gap to the next
  const NARROW = 520; // px: below it amounts beside lying bars would meet their names
  const PAPER = 680, HALF = 334; // px: the width of A4 between the margins of style.css, and of charts beside each other
  const MANY = 40; // charts over time: of more, those that are not open are neither unpacked before they are opened nor printed

  // Figures: named colours and what charts share become what Plotly takes, in lists of its own that it may change.
  const colour = (name) => getComputedStyle(root).getPropertyValue("--" + name).trim();
  const resolved = (value, key) => {
    if (Array.isArray(value)) return value.map((one) => resolved(one, key));
    if (value !== null && typeof value === "object") {
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
  const config = {
    displaylogo: false, responsive: false, doubleClick: "reset", plotlyServerURL: "",
    modeBarButtons: [["toImage"], ["zoom2d", "pan2d"], ["zoomIn2d", "zoomOut2d", "resetScale2d"]], // none that leaves this machine
  };

  // Plotly and the columns of charts over time come compressed.
  const charts = [...document.querySelectorAll(".chart")];
  const clock = new timeline.Clock(timeline.summed(data.days), data.hours);
  const utc = data.utc ? new timeline.Clock(timeline.summed(data.utc.days), data.utc.hours) : clock;
  const clockOf = (chart) => (chart.utc ? utc : clock); // panels are on their exchange's, all together in UTC
  for (const [name, chart] of Object.entries(data.charts)) {
    if (chart.shared) data.charts[name] = { ...data.shared[chart.shared], ...chart };
    if (chart.days) chart.days = timeline.summed(chart.days);
  }
  const bytes = new Map(), unpacked = new Map();
  const bytesOf = async (pack) => new Uint8Array(await timeline.inflated(pack.base64).arrayBuffer());
  const inflate = async (name) => {
    const chart = data.charts[name];
    if (!chart.pack) return;
    const content = await bytesOf(chart.pack);
    if (!chart.days) {
      const days = (chart.days = timeline.daysOf(chart.pack, content));
      const on = clockOf(chart), range = days.length ? [on.start(days[0]), on.end(days.at(-1))] : [0, on.end(0)];
      chart.layout = { ...chart.layout, xaxis: { ...chart.layout.xaxis, range } };
    }
    bytes.set(name, content);
  };
  const unpack = (name) => {
    if (!unpacked.has(name)) unpacked.set(name, inflate(name));
    return unpacked.get(name);
  };
  const load = async () => {
    if (typeof DecompressionStream === "undefined") {
      throw new Error("this browser cannot unpack them. Chrome and Edge can from version 80 on, Firefox from 113, Safari from 16.4");
    }
    const packed = document.getElementById("plotly"), script = document.createElement("script");
    script.textContent = await timeline.inflated(packed.textContent).text();
    document.head.append(script);
    packed.remove();
  };
  let here = false; // whether Plotly is
  const plotly = load(), { pack } = data.sweep || {};
  const columns = pack && bytesOf(pack).then((content) => timeline.columnsOf(pack.columns, content));
  const loaded = Promise.all([plotly, columns]).then(() => { here = true; }, (error) => {
    const place = document.getElementById("no-charts");
    place.textContent = "There are no charts: " + error.message + ". All figures are in the tables below.";
    place.hidden = false;
    root.dataset.charts = "none";
  });

  const escaped = (text) => text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
  const drawn = new Set();
  const prepared = new Map();
  const ready = (div) => here && (!data.charts[div.dataset.chart].pack || bytes.has(div.dataset.chart));
  const figureOf = (div, width, height) => {
    const chart = data.charts[div.dataset.chart], figure = resolved({ data: chart.data, layout: chart.layout }, "");
    const layout = { ...figure.layout, template: template(), height, width };
    const named = { $SECURITY: div.dataset.ticker || "", $CURRENCY: div.dataset.currency || data.currency || "", $PRICES: div.dataset.prices || "" };
    const filled = (text) => text && text.replace(/\$(SECURITY|CURRENCY|PRICES)/g, (name) => escaped(named[name]));
    figure.data.forEach((trace) => { trace.hovertemplate = filled(trace.hovertemplate); });
    for (const [name, axis] of Object.entries(layout)) if (/^[xy]axis/.test(name) && axis.title && axis.title.text) axis.title = { ...axis.title, text: filled(axis.title.text) };
    if (div._paper) small(div, figure, layout, width);
    if (width < NARROW && figure.data.some((trace) => trace.orientation === "h")) {
      for (const trace of figure.data) if (trace.orientation === "h") trace.textposition = "none";
      const room = width - layout.margin.l - layout.margin.r;
      layout.xaxis = { ...layout.xaxis, tickangle: 0, nticks: Math.max(Math.floor(room / TICK), 2) };
    }
    if (chart.pack) inSight(div, figure, layout);
    return { data: figure.data, layout };
  };
  // On the paper of a run: small letters; panels, which are many, say in their heading what they have.
  const small = (div, figure, layout, width) => {
    layout.template.layout.font.size = layout.template.layout.legend.font.size = width === HALF ? 8 : 9;
    const panel = div.closest(".panels");
    const isLying = figure.data.some((trace) => trace.orientation === "h");
    if (width === HALF) layout.margin = { ...layout.margin, l: isLying ? 104 : panel ? 42 : 50, t: panel || isLying ? 6 : 26, b: panel ? 22 : 34 };
    layout.showlegend = panel ? false : layout.showlegend;
    const size = layout.yaxis2 ? 7 : 8; // of rows, titles stand end to end
    for (const [name, axis] of Object.entries(layout)) {
      if (!/^[xy]axis/.test(name)) continue;
      if (axis.title) axis.title = panel ? undefined : { ...axis.title, font: { size } };
      axis.tickfont = { size: 8 };
    }
    for (const trace of figure.data) if (trace.orientation === "h") trace.textfont = { size: 7 };
  };
  const draw = (div, width) => {
    if (!ready(div)) return loaded.then(() => here && unpack(div.dataset.chart).then(() => draw(div, width)));
    const chart = data.charts[div.dataset.chart], figure = figureOf(div, width || div.clientWidth, div.clientHeight);
    const first = !drawn.has(div);
    if (first) div.replaceChildren();
    if (first && chart.pack) tools(div);
    drawn.add(div);
    return Plotly.react(div, figure.data, figure.layout, config).then(() => {
      if (first && chart.pack) {
        div.on("plotly_relayout", (event) => moved(div, event));
        div.on("plotly_click", (event) => explained(div, event.points));
      }
      div.setAttribute("data-drawn", "");
    });
  };
  const drawAll = (widthOf = () => undefined) => Promise.all(charts.filter((div) => div.clientWidth).map((div) => draw(div, widthOf(div))));

  // A chart as an image, on white and under its title: images.py asks for it.
  const image = async (div, width, scale) => {
    root.dataset.theme = "light";
    await unpack(div.dataset.chart);
    const chart = data.charts[div.dataset.chart], height = parseInt(div.style.height, 10) + 60;
    const figure = figureOf(div, width, height), about = chart.about ? ": " + chart.about : "";
    const text = escaped(div.getAttribute("aria-label").replace("Chart: ", "") + about);
    Object.assign(figure.layout, { title: { text, x: 0.02 }, paper_bgcolor: "#ffffff" });
    figure.layout.margin = { l: 70, r: 20, b: 50, ...figure.layout.margin, t: 80 };
    return Plotly.toImage(figure, { format: "png", width, height, scale });
  };

  // Charts over time: of the stretch in sight all that can be seen is drawn, and fills the height.
  const count = (value) => value.toLocaleString("en-US");
  const inSight = (div, figure, layout) => {
    const name = div.dataset.chart, chart = data.charts[name];
    if (!prepared.has(name)) prepared.set(name, timeline.prepared(chart, bytes.get(name), clockOf(chart)));
    (div._fullData || []).forEach((trace, at) => { figure.data[at].visible = trace.visible; });
    const range = div._range || chart.layout.xaxis.range, pixels = layout.width - layout.margin.l - layout.margin.r;
    const { data: traces, heights, seen, shown } = timeline.view(figure.data, prepared.get(name), range, pixels, clockOf(chart));
    figure.data = traces;
    layout.xaxis.range = [...range];
    layout.modebar = { uirevision: 1 };
    shade(div, layout, chart, range, pixels);
    for (const [axis, height] of Object.entries(heights)) layout[axis].range = height;
    const place = div.parentElement.querySelector("[data-seen]");
    if (place) place.textContent = shown < seen ? count(shown) + " of the " + count(seen) + " fills in sight are drawn: zoom in to see each." : "";
  };
  // The market's phases: shaded over a few days, named on one, and said below with the name of their clock.
  const SHADES = { "pre-open": ["faint", 0.16], break: ["faint", 0.32], "trade at last": ["faint", 0.22] };
  const LABEL = 14; // px: narrower than that a phase has no room for its name
  const hhmm = (seconds) => new Date(((seconds % 86400) + 86400) % 86400 * 1000).toISOString().slice(11, 16);
  const shade = (div, layout, chart, range, pixels) => {
    const market = (data.markets || {})[chart.market];
    if (!market) return;
    const phases = timeline.phasesIn(market, chart.days, range, clockOf(chart)), isDay = new Set(phases.map((one) => one.day)).size === 1;
    layout.shapes = phases.map(({ name, x0, x1 }) => {
      const [shown, opacity] = SHADES[name] || ["accent", 0.18];
      const fits = isDay && !div._paper && (x1 - x0) / clockOf(chart).span * pixels > LABEL;
      const label = fits ? { text: name, textangle: -90, textposition: "top center", xanchor: "right", yanchor: "middle", font: { size: 10, color: colour("quiet") } } : {};
      return { type: "rect", layer: "below", xref: "x", yref: "paper", x0, x1, y0: 0, y1: 1, line: { width: 0 }, fillcolor: colour(shown), opacity, label };
    });
    let place = div.parentElement.querySelector("[data-phases]");
    if (!place) {
      place = document.createElement("p");
      place.className = "note";
      place.dataset.phases = "";
      div.after(place);
    }
    const last = phases.filter((one) => one.day === phases.at(-1).day);
    const said = [...new Map(last.map((one) => [one.name + one.from, one.name + " " + hhmm(one.from) + "\u2013" + hhmm(one.to)])).values()];
    place.textContent = (phases.length ? "Shaded: " + said.join(", ") : "Zoom in to a few days to see the market's phases") + ". Hours of " + chart.market + ", " + market.zone + ".";
  };
  const look = (div, range, days) => {
    const [start, end] = data.charts[div.dataset.chart].layout.xaxis.range;
    div._range = !range || (range[0] <= start && range[1] >= end) ? null : range;
    div._tools(div._range ? days : 0);
    return draw(div);
  };
  const moved = (div, event) => {
    if (!Object.keys(event).some((key) => key.startsWith("xaxis."))) return;
    const axis = div._fullLayout.xaxis;
    look(div, axis.range.map((one) => axis.r2l(one)));
  };
  const explained = (div, points) => {
    const place = div.parentElement.querySelector("[data-fill]"), point = points.find((one) => one.customdata);
    if (!place || !point) return;
    const command = document.createElement("code");
    command.textContent = "python -m pipeline explain " + quoted(div.dataset.ticker) + " --fill " + point.customdata[0];
    place.replaceChildren("Fill " + count(point.customdata[0]) + " is explained by ", command, " (of the run written last; of another with --run and its folder).");
  };
  const quoted = (word) => (/^[\w.-]+$/.test(word) ? word : "'" + word.replace(/'/g, "'\\''") + "'");
  const tools = (div) => {
    const bar = document.createElement("div");
    bar.className = "tools";
    bar.setAttribute("role", "group");
    bar.setAttribute("aria-label", "Zoom");
    const chart = data.charts[div.dataset.chart], { days } = chart, hours = clockOf(chart);
    let last = days.length - 1, size = 0;
    const show = (count, end) => {
      last = Math.max(Math.min(end, days.length - 1), count - 1);
      return look(div, count && count < days.length ? [hours.start(days[last - count + 1]), hours.start(days[last]) + hours.span] : null, count);
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
  // What is in sight is drawn at once, the rest when it comes near or its panel is opened.
  const near = new IntersectionObserver((entries) => {
    for (const entry of entries) {
      if (!entry.isIntersecting || drawn.has(entry.target)) continue;
      draw(entry.target);
    }
  }, { rootMargin: "600px" });
  const few = Object.values(data.charts).filter((chart) => chart.pack).length <= MANY;
  const first = charts.find((div) => "first" in div.dataset) || charts[0];
  const start = async () => {
    if (first) unpack(first.dataset.chart).catch(() => {}); // beside the script; a browser that cannot has been told
    await loaded;
    if (!here) return;
    if (first && first.clientWidth) {
      await draw(first);
      performance.mark("first-drawn");
    }
    charts.filter((div) => !drawn.has(div)).forEach((div) => near.observe(div));
    if (few) for (const name of Object.keys(data.charts)) await unpack(name); // before anyone prints: printing waits for nothing
  };

  const again = () => drawn.forEach((div) => div.clientWidth && draw(div));
  const fit = () => drawn.forEach((div) => div.clientWidth && div.clientWidth !== div._fullLayout.width && draw(div));
  let pending;
  new ResizeObserver(() => { clearTimeout(pending); pending = setTimeout(fit, 150); }).observe(document.body);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", again);

  // Paper: everything open, light, drawn at the paper's width; the charts of a run smaller, those beside each other by half.
  const panels = document.querySelector(".panels");
  const onPaper = (div) => {
    const half = panels && div.closest(".pair, .panels"), scale = !panels ? 1 : div.closest(".panels") ? 0.31 : half ? 0.58 : 0.6;
    div._paper = div.style.height;
    div.style.height = Math.round(parseInt(div._paper, 10) * scale) + "px";
    return half ? HALF : PAPER;
  };
  let opened = [];
  addEventListener("beforeprint", () => {
    opened = [...document.querySelectorAll(few ? "details:not([open])" : "details:not(.panel, [open])")];
    opened.forEach((one) => { one.open = true; });
    root.dataset.theme = "light";
    if (here) drawAll(onPaper);
  });
  addEventListener("afterprint", () => {
    opened.forEach((one) => { one.open = false; });
    delete root.dataset.theme;
    for (const div of charts) if (div._paper) [div.style.height, div._paper] = [div._paper, ""];
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
  window.report = { data, charts, columns, drawAll, redraw, image, ready: start() };
})();
