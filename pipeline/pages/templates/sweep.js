"use strict";
// The settings of a sweep, as sweep_block.py packed them: what is chosen in the page's fields fills its charts anew.
(() => {
  const { data, redraw } = window.report;
  const swept = data.sweep, charts = data.charts;
  if (!swept.figures.length) return;
  const POINTS = 2000, LINES = 400, BARS = 30, TICKS = 12, TOP = 15;

  const kinds = { i1: Int8Array, i2: Int16Array, i4: Int32Array, f8: Float64Array };
  const unpacked = (column) => {
    const held = new kinds[column.kind](Uint8Array.from(atob(column.base64), (one) => one.charCodeAt(0)).buffer);
    if (column.kind === "f8") return held;
    const none = -(2 ** (8 * held.BYTES_PER_ELEMENT - 1)), scale = 10 ** column.digits;
    return Float64Array.from(held, (one) => (one === none ? NaN : one / scale));
  };
  const cache = new Map();
  const once = (name, make) => cache.get(name) || cache.set(name, make()).get(name);

  const numbers = unpacked(swept.numbers);
  const every = [...numbers.keys()];
  const axes = swept.axes.map((axis) => ({ ...axis, codes: unpacked(axis.codes) }));
  const axisOf = (name) => axes.find((axis) => axis.name === name);
  const cellOf = (axis, at) => (axis.cellOf && axis.codes[at] >= 0 ? axis.cellOf[axis.codes[at]] : axis.codes[at]);
  const figureOf = (name) => swept.figures.find((figure) => figure.name === name);
  const viewOf = (name) => swept.views.find((view) => view.name === name);
  const valuesOf = (view, figure) => once(view + "\n" + figure, () => {
    const column = viewOf(view).columns[figure];
    return column ? unpacked(column) : new Float64Array(numbers.length).fill(NaN);
  });
  const state = { ...swept.start, held: { ...swept.start.held } };

  const plain = (value, digits) => {
    const text = Math.abs(value).toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits });
    return (value < 0 && /[1-9]/.test(text) ? "-" : "") + text;
  };
  const forms = {
    money: (value) => plain(value, 2), whole_money: (value) => plain(value, 0), count: (value) => plain(value, 0), ratio: (value) => plain(value, 2),
    share: (value) => plain(value * 100, 1),
  };
  const shown = (figure, value) => (Number.isNaN(value) ? "-" : forms[figure.form](value) + (figure.form === "share" ? " %" : ""));
  const formats = { money: ",.0f", whole_money: ",.0f", count: ",.0f", ratio: ".2f", share: ".1%" };
  const safe = (text) => text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
  const orNull = (value) => (Number.isNaN(value) ? null : value);
  const known = (values) => values.filter((value) => !Number.isNaN(value));
  const ends = (values) => values.reduce(([low, high], one) => [Math.min(low, one), Math.max(high, one)], [Infinity, -Infinity]);
  const median = (values) => {
    const sorted = Float64Array.from(values).sort();
    return (sorted[(sorted.length - 1) >> 1] + sorted[sorted.length >> 1]) / 2;
  };
  const told = (at) => [
    "setting " + numbers[at].toLocaleString("en-US"),
    ...axes.filter((axis) => axis.codes[at] >= 0).map((axis) => axis.label + " " + axis.values[axis.codes[at]]),
  ];

  // The map over two axes: folded here from all settings, or one that was made of settings this page does not have.
  const inHold = (at) => Object.keys(state.held).every((name) => cellOf(axisOf(name), at) === state.held[name]);
  const chosen = () => (viewOf(state.view).chosen >= 0 && inHold(viewOf(state.view).chosen) ? viewOf(state.view).chosen : -1);
  const sampled = () => every.filter((at) => at < swept.sampled && inHold(at));
  const folded = () => {
    const across = axisOf(state.across), up = axisOf(state.up), better = figureOf(state.figure).better;
    const values = valuesOf(state.view, state.figure);
    const groups = Array.from({ length: across.cells.length * up.cells.length }, () => []);
    for (const at of every) {
      const place = cellOf(up, at) * across.cells.length + cellOf(across, at);
      if (!Number.isNaN(values[at]) && !Number.isNaN(place) && inHold(at)) groups[place].push(at);
    }
    return groups.map((group) => {
      if (!group.length) return { value: NaN, count: 0 };
      const held = group.map((at) => values[at]);
      if (state.fold === "median") return { value: median(held), count: group.length, at: group.length === 1 ? group[0] : -1 };
      const value = ends(held)[better < 0 ? 0 : 1];
      return { value, count: group.length, at: group[held.indexOf(value)] };
    });
  };
  const looked = () => {
    const maps = swept.maps, column = (maps.columns[state.view] || {})[state.figure];
    const size = axisOf(state.across).cells.length * axisOf(state.up).cells.length;
    if (!column) return Array(size).fill({ value: NaN });
    const values = once("map\n" + state.view + "\n" + state.figure, () => unpacked(column));
    const names = Object.keys(state.held);
    const hold = Math.max(0, maps.holds.findIndex((one) => one && one[0] === names[0] && one[1] === state.held[names[0]]));
    let start = 0;
    for (const [one, other] of maps.pairs) {
      const columns = axisOf(one).cells.length, rows = axisOf(other).cells.length, cells = columns * rows;
      const first = start + (hold * maps.folds.length + maps.folds.indexOf(state.fold)) * cells;
      const found = [...values.slice(first, first + cells)].map((value) => ({ value }));
      if (one === state.across && other === state.up) return found;
      if (one === state.up && other === state.across) return found.map((_, at) => found[(at % rows) * columns + Math.floor(at / rows)]);
      start += cells * maps.holds.length * maps.folds.length;
    }
    return Array(size).fill({ value: NaN });
  };
  const scale = (values, figure) => {
    const [low, high] = values.length ? ends(values) : [0, 0];
    if (figure.signed && low < 0 && high > 0) {
      const most = Math.max(-low, high);
      return { colorscale: [[0, "$map-bad"], [0.5, "$map-middle"], [1, "$map-good"]], zmin: -most, zmax: most };
    }
    const loss = figure.signed && high <= 0;
    const end = figure.better < 0 || loss ? "$map-bad" : "$map-good";
    return { colorscale: loss ? [[0, end], [1, "$map-middle"]] : [[0, "$map-middle"], [1, end]], zmin: low, zmax: high };
  };
  const drawMap = () => {
    const figure = figureOf(state.figure), across = axisOf(state.across), up = axisOf(state.up);
    const cells = swept.maps ? looked() : folded();
    const rows = up.cells.map((_, row) => cells.slice(row * across.cells.length, (row + 1) * across.cells.length));
    const [heat] = charts.map.data;
    Object.assign(heat, scale(known(cells.map((cell) => cell.value)), figure), {
      x: across.cells.map(safe), y: up.cells.map(safe), z: rows.map((row) => row.map((cell) => orNull(cell.value))),
      text: rows.map((row, y) => row.map((cell, x) => [
        across.label + " " + across.cells[x], up.label + " " + up.cells[y], figure.label + ": " + shown(figure, cell.value),
        ...(cell.count > 1 ? ["of " + cell.count + " settings"] : []), ...(cell.at >= 0 ? ["setting " + numbers[cell.at]] : []),
      ].map(safe).join("<br>"))),
      hovertemplate: "%{text}<extra></extra>",
    });
    heat.colorbar.tickformat = formats[figure.form];
    const few = across.cells.length * 56 < document.querySelector('[data-chart="map"]').clientWidth - 150;
    heat.texttemplate = few ? "%{z:" + (["money", "whole_money", "count"].includes(figure.form) ? ".3s" : formats[figure.form]) + "}" : "";
    const at = chosen();
    const there = at >= 0 && across.codes[at] >= 0 && up.codes[at] >= 0;
    charts.map.layout.shapes = (there ? [[cellOf(across, at), cellOf(up, at)]] : []).map(([x, y]) => (
      { type: "rect", x0: x - 0.5, x1: x + 0.5, y0: y - 0.5, y1: y + 0.5, line: { color: "$text", width: 3 } }));
    charts.map.layout.xaxis.title.text = safe(across.label);
    charts.map.layout.yaxis.title.text = safe(up.label);
    say("map", mapSentence(figure, cells, across, up));
    mapTable(figure, rows, across, up);
  };
  const mapSentence = (figure, cells, across, up) => {
    const values = known(cells.map((cell) => cell.value));
    if (swept.maps && !swept.maps.columns[state.view]) return "There was no room on this page for the map of " + state.view + ".";
    if (!values.length) return "No setting has this figure here.";
    const word = state.fold === "median" ? "the median" : figure.better < 0 ? "the lowest" : "the highest";
    const others = axes.filter((axis) => axis !== across && axis !== up);
    const over = others.filter((axis) => !axis.name in state.held).map((axis) => axis.label);
    const at = others.filter((axis) => axis.name in state.held).map((axis) => axis.label + " at " + axis.cells[state.held[axis.name]]);
    const single = cells.every((cell) => cell.count <= 1);
    const together = [across, up].filter((axis) => axis.cells.length < axis.values.length || axis.cellOf).map((axis) => axis.label);
    const best = ends(values)[figure.better < 0 ? 0 : 1];
    const place = cells.findIndex((cell) => cell.value === best);
    return "Each cell is " + (single && !swept.maps ? "one setting" : word + " of its settings" + (over.length ? ", over all values of " + over.join(", ") : "")) +
      (at.length ? ", with " + at.join(", ") : "") + "." + (together.length ? " Values of " + together.join(" and ") + " are put together." : "") +
      " The " + (figure.better < 0 ? "lowest" : "highest") + " cell is " + shown(figure, best) + ", at " + across.label + " " +
      across.cells[place % across.cells.length] + " and " + up.label + " " + up.cells[Math.floor(place / across.cells.length)] + "." +
      (charts.map.layout.shapes.length ? " The outlined cell has the chosen setting." : "");
  };
  const mapTable = (figure, rows, across, up) => {
    const table = document.getElementById("map-table");
    if (!table.closest("details").open) return;
    table.caption.textContent = figure.label + " by " + up.label + " (down) and " + across.label + " (across)";
    table.tHead.replaceChildren(row("th", [up.label, ...across.cells].map((text) => ({ text, scope: "col" }))));
    table.tBodies[0].replaceChildren(...rows.map((cells, y) => row("td", [
      { text: up.cells[y], scope: "row" }, ...cells.map((cell) => numberCell(figure, cell.value)),
    ])).reverse());
  };

  const drawLine = () => {
    const figure = figureOf(state.figure), axis = axes[0], values = valuesOf(state.view, state.figure);
    const [line, star] = charts.map.data;
    const order = [...every].sort((one, other) => axis.codes[one] - axis.codes[other]);
    line.y = order.map((at) => orNull(values[at]));
    line.text = order.map((at) => safe([...told(at), figure.label + ": " + shown(figure, values[at])].join("\n")).replace(/\n/g, "<br>"));
    line.textposition = "none";
    line.hovertemplate = "%{text}<extra></extra>";
    const mine = chosen() < 0 ? [] : [chosen()];
    star.x = mine.map((at) => line.x[order.indexOf(at)]);
    star.y = mine.map((at) => orNull(values[at]));
    Object.assign(charts.map.layout.yaxis, { title: { text: figure.label, standoff: 8 }, tickformat: formats[figure.form] });
    say("map", "Each point is one setting; the star is the one chosen for " + viewName() + ".");
  };

  const drawSpread = () => {
    const figure = figureOf(state.figure), values = known(sampled().map((at) => valuesOf(state.view, state.figure)[at]));
    const chart = charts.spread, [bar] = chart.data;
    const [low, high] = values.length ? ends(values) : [0, 0];
    const width = (high - low) / BARS || 1, counts = Array(values.length ? BARS : 0).fill(0);
    for (const value of values) counts[Math.min(Math.floor((value - low) / width), BARS - 1)] += 1;
    Object.assign(bar, { x: counts.map((_, at) => low + (at + 0.5) * width), y: counts, width });
    bar.hovertemplate = "%{y} settings around %{x:" + formats[figure.form] + "}<extra></extra>";
    chart.layout.xaxis = { ...chart.layout.xaxis, title: { text: figure.label }, tickformat: formats[figure.form] };
    const mine = chosen() < 0 ? NaN : valuesOf(state.view, state.figure)[chosen()];
    const lines = values.length ? [["median", median(values), "$price", 0]] : [];
    if (!Number.isNaN(mine)) lines.push(["chosen", mine, "$accent", 1]);
    chart.layout.shapes = lines.map(([, x, color]) => ({ type: "line", x0: x, x1: x, y0: 0, y1: 1, yref: "paper", line: { color, width: 2 } }));
    chart.layout.annotations = lines.map(([text, x, color, rise]) => (
      { yref: "paper", yanchor: "bottom", showarrow: false, x, y: 1 + 0.12 * rise, text, font: { color } }));
    if (!values.length) return say("spread", "No setting has this figure here.");
    const above = values.filter((value) => value > 0).length;
    const best = ends(values)[figure.better < 0 ? 0 : 1];
    say("spread", plain(values.length, 0) + " settings" + limits() + ", " + viewName() + ": " + (figure.better < 0 ? "lowest " : "highest ") + shown(figure, best) + ", median " + shown(figure, median(values)) +
      (Number.isNaN(mine) ? "" : ", the chosen setting " + shown(figure, mine)) +
      (figure.signed ? "; " + plain(above, 0) + " are above 0." : "."));
  };

  const steps = (most) => {
    const some = sampled();
    if (some.length <= most) return some;
    const keys = new Map(some.map((at) => [at, Math.imul(numbers[at], 2654435761) >>> 0]));
    return some.sort((one, other) => keys.get(one) - keys.get(other)).slice(0, most).sort((one, other) => one - other);
  };
  const ranks = (values) => {
    const order = [...values.keys()].sort((one, other) => values[one] - values[other]), found = [];
    for (let start = 0, end; start < order.length; start = end) {
      for (end = start; end < order.length && values[order[end]] === values[order[start]]; end++);
      for (let at = start; at < end; at++) found[order[at]] = (start + end + 1) / 2;
    }
    return found;
  };
  const correlation = (one, other) => {
    if (one.length < 3) return NaN;
    const [a, b] = [ranks(one), ranks(other)].map((held) => held.map((rank) => rank - (held.length + 1) / 2));
    const sum = (x, y) => x.reduce((total, value, at) => total + value * y[at], 0);
    return sum(a, b) / Math.sqrt(sum(a, a) * sum(b, b));
  };
  const meant = (value) => {
    if (Number.isNaN(value)) return "there is too little to tell whether their order held";
    return "the rank correlation between train and test is " + plain(value, 2) + ": " + swept.held.find(([least]) => value >= least)[1];
  };
  const drawChoice = () => {
    const base = /sharpe/.test(state.figure) && figureOf("test_sharpe") ? "sharpe" : "net_pnl";
    const [x, y] = ["train_", "test_"].map((part) => valuesOf(state.view, part + base));
    const [points, star] = charts.choice.data, some = steps(POINTS);
    const [train, test] = ["train_", "test_"].map((part) => figureOf(part + base));
    const text = (at) => [...told(at), train.label + ": " + shown(train, x[at]), test.label + ": " + shown(test, y[at])].map(safe).join("<br>");
    Object.assign(points, { x: some.map((at) => orNull(x[at])), y: some.map((at) => orNull(y[at])), text: some.map(text) });
    const mine = chosen() < 0 ? [] : [chosen()];
    Object.assign(star, { x: mine.map((at) => orNull(x[at])), y: mine.map((at) => orNull(y[at])), text: mine.map(text) });
    points.hovertemplate = star.hovertemplate = "%{text}<extra></extra>";
    for (const [name, figure] of [["xaxis", train], ["yaxis", test]]) {
      Object.assign(charts.choice.layout[name], { title: { text: figure.label, standoff: 8 }, tickformat: formats[figure.form] });
    }
    const pairs = sampled().filter((at) => !Number.isNaN(x[at]) && !Number.isNaN(y[at]));
    say("choice", "Over " + plain(pairs.length, 0) + " settings" + limits() + ", " + viewName() + ", " + meant(correlation(pairs.map((at) => x[at]), pairs.map((at) => y[at]))) + ".");
  };
  const drawWalk = () => {
    const rows = viewOf(state.view).walk, [bar] = charts.walk.data;
    Object.assign(bar, {
      x: rows.map(([days]) => days.split(" ")[0]), y: rows.map((one) => one[2]),
      text: rows.map(([, setting]) => "setting " + setting), customdata: rows.map(([days]) => days),
      hovertemplate: "%{customdata}<br>%{text}<br>%{y:,.0f} AED<extra></extra>",
    });
    bar.marker.color = rows.map((one) => ((one[2] || 0) < 0 ? "$map-bad" : "$map-good"));
    const after = rows.map((one) => one[2]).filter((value) => value !== null);
    const total = after.reduce((sum, value) => sum + value, 0);
    say("walk", after.length ? "In total " + plain(total, 0) + " AED after choosing, " + viewName() + "." : "No part of it has a market day, or none could be chosen for.");
  };

  // Parallel lanes, as sweep_parallel.py draws them.
  const apart = ([place, text], at, ticks) => {
    const width = document.querySelector('[data-chart="parallel"]').clientWidth - 28, last = ticks.length - 1;
    if (at === 0 || at === last || last * (text.length + 1) * 7 < width) return true;
    return at % Math.ceil((last * (text.length + 1) * 7) / width) === 0 && (1 - place) * width > (text.length + ticks[last][1].length) * 7;
  };
  const along = (axis) => once("along\n" + axis.name, () => {
    const last = axis.values.length - 1;
    let places = axis.values.map((_, at) => (last ? at / last : 0.5));
    if (axis.numbers) places = axis.numbers.map((one) => (one - axis.numbers[0]) / (axis.numbers[last] - axis.numbers[0] || 1));
    const ticks = places.map((place, at) => [place, axis.values[at]]);
    return { label: axis.label, at: (one) => places[axis.codes[one]], ticks: ticks.length > TICKS ? [ticks[0], ticks[last]] : ticks.filter(apart) };
  });
  const placed = (figure, some) => {
    const values = valuesOf(state.view, figure.name), found = known(some.map((at) => values[at]));
    if (!found.length) return { label: figure.label, at: () => NaN, ticks: [] };
    let [low, high] = ends(found);
    if (figure.better < 0) [low, high] = [high, low];
    return {
      label: figure.label, at: (one) => (values[one] - low) / (high - low || 1),
      ticks: [[0, shown(figure, low)], [1, shown(figure, high)]],
    };
  };
  const drawParallel = () => {
    const chart = charts.parallel, values = valuesOf(state.view, state.figure), mine = chosen() < 0 ? [] : [chosen()];
    const some = [...new Set([...steps(LINES), ...mine])].sort((one, other) => one - other);
    const told3 = figureOf("test_net_pnl") ? ["test_net_pnl", "train_net_pnl"] : ["net_pnl", "sharpe", "drawdown"];
    const names = [...new Set([state.figure, ...told3, "fills"])].filter(figureOf).slice(0, 4);
    const lanes = [...axes.map(along), ...names.map((name) => placed(figureOf(name), some))];
    const order = some.filter((at) => !Number.isNaN(values[at])).sort((one, other) => values[one] - values[other] || one - other);
    const groups = new Map(order.map((at, place) => [at, Math.floor((place * 5) / order.length)]));
    const lines = (settings) => {
      const x = [], y = [], text = [];
      for (const at of settings) {
        const said = [...told(at), ...names.map((name) => figureOf(name).label + ": " + shown(figureOf(name), valuesOf(state.view, name)[at]))].map(safe).join("<br>");
        lanes.forEach((lane, row) => {
          const place = lane.at(at);
          if (place === undefined || Number.isNaN(place)) return;
          x.push(Math.round(place * 1e4) / 1e4); y.push(row); text.push(said);
        });
        x.push(null); y.push(null); text.push("");
      }
      return { x, y, text, hoverinfo: "text" };
    };
    chart.data.forEach((trace, group) => Object.assign(trace, lines(group < 5 ? some.filter((at) => groups.get(at) === group) : mine)));
    chart.layout.shapes = lanes.map((_, at) => ({ type: "line", x0: 0, x1: 1, y0: at, y1: at, line: { color: "$line", width: 1 }, layer: "below" }));
    const note = { showarrow: false, bgcolor: "$card", borderpad: 1 };
    chart.layout.yaxis.range = [lanes.length - 0.4, -0.7];
    chart.layout.annotations = lanes.flatMap((lane, at) => [
      { x: 0, y: at - 0.12, xanchor: "left", yanchor: "bottom", ...note, text: "<b>" + safe(lane.label) + "</b>", font: { size: 12, color: "$text" } },
      ...lane.ticks.map(([x, text]) => ({
        x, y: at + 0.05, xanchor: x === 0 ? "left" : x === 1 ? "right" : "center", yanchor: "top", text: safe(text),
        ...note, font: { size: 11, color: "$quiet" },
      })),
    ]);
    say("parallel", plain(order.length, 0) + " of " + plain(swept.total, 0) + " settings" + limits() + ", coloured by " + figureOf(state.figure).label + ", " + viewName() + ".");
  };

  // Tables.
  const row = (kind, cells) => {
    const line = document.createElement("tr");
    for (const { text, scope, value, minus } of cells) {
      const cell = document.createElement(scope ? "th" : kind);
      cell.textContent = text;
      if (scope) cell.scope = scope;
      if (value !== undefined) cell.dataset.value = value;
      if (minus) cell.className = "minus";
      line.append(cell);
    }
    return line;
  };
  const numberCell = (figure, value) => ({ text: shown(figure, value).replace(" %", ""), value: Number.isNaN(value) ? "" : value, minus: value < 0 });
  const fillTop = () => {
    const figure = figureOf(state.figure), values = valuesOf(state.view, state.figure), sign = figure.better < 0 ? 1 : -1;
    const best = every.filter((at) => !Number.isNaN(values[at]) && inHold(at)).sort((one, other) => sign * (values[one] - values[other]) || one - other);
    const table = document.getElementById("top-table");
    table.querySelectorAll("th[aria-sort]").forEach((heading) => heading.removeAttribute("aria-sort"));
    table.tBodies[0].replaceChildren(...best.slice(0, TOP).map((at) => row("td", [
      { text: String(numbers[at].toLocaleString("en-US")), scope: "row", value: numbers[at] },
      ...axes.map((axis) => ({
        text: axis.codes[at] >= 0 ? axis.values[axis.codes[at]] : "", value: valueOf(axis, at),
      })),
      ...swept.figures.map((one) => numberCell(one, valuesOf(state.view, one.name)[at])),
    ])));
    say("top", (figure.better < 0 ? "The lowest " : "The highest ") + figure.label + ", " + viewName() + limits() + (swept.sampled < swept.total ? ", among the settings on this page." : "."));
  };
  const valueOf = (axis, at) => {
    const number = axis.codes[at] >= 0 ? Number(axis.values[axis.codes[at]].replace(/,/g, "")) : NaN;
    return Number.isNaN(number) ? undefined : number;
  };

  // Fields.
  const limits = () => {
    const names = Object.keys(state.held).map((name) => axisOf(name).label + " " + axisOf(name).cells[state.held[name]]);
    return names.length ? " with " + names.join(", ") : "";
  };
  const viewName = () => (state.view === "all" ? "all securities together" : state.view);
  const say = (name, text) => {
    for (const place of document.querySelectorAll('[data-say="' + name + '"]')) if (place.textContent !== text) place.textContent = text;
  };
  const fields = [...document.querySelectorAll("[data-pick], [data-hold]")];
  const show = () => {
    for (const field of fields) {
      if (field.dataset.pick) field.value = state[field.dataset.pick];
      else {
        const name = field.dataset.hold;
        field.value = name in state.held ? String(state.held[name]) : "";
      }
    }
  };
  const drawers = { map: axes.length > 1 ? drawMap : drawLine, spread: drawSpread, choice: drawChoice, walk: drawWalk, parallel: drawParallel };
  const update = (names = Object.keys(drawers)) => {
    show();
    say("limits", limits().replace(" with", ""));
    for (const name of names.filter((one) => charts[one])) {
      drawers[name]();
      redraw(name);
    }
  };
  for (const field of fields) {
    field.addEventListener("change", () => {
      const { pick, hold } = field.dataset;
      if (hold) {
        if (field.value === "") delete state.held[hold];
        else state.held = { ...(swept.maps ? {} : state.held), [hold]: Number(field.value) };
      } else {
        const was = state[pick];
        state[pick] = field.value;
        if (pick === "across" && state.up === field.value) state.up = was;
        if (pick === "up" && state.across === field.value) state.across = was;
      }
      if (["across", "up", "fold"].includes(pick)) return update(["map"]);
      update();
      fillTop();
    });
  }
  const details = document.getElementById("map-table");
  if (details) details.closest("details").addEventListener("toggle", drawers.map);
  update();
  fillTop();
  window.report.state = state;
})();
