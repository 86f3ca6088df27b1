"use strict";
// The settings of a sweep that sweep_settings.py chose: what is chosen in the page's fields fills its charts.
const fillSweep = async () => {
  const { data, redraw } = window.report;
  const sweep = data.sweep, charts = data.charts;
  if (!sweep.figures.length) return;
  const BARS = 30, TOP = 15;
  const columns = await window.report.columns.catch(() => null);
  if (!columns) return; // page.js has said why

  const numbers = columns.setting, none = new Float64Array(numbers.length).fill(NaN);
  const every = [...numbers.keys()];
  const axes = sweep.axes.map((axis, at) => ({ ...axis, codes: columns["axis " + at] }));
  const axisOf = (name) => axes.find((axis) => axis.name === name);
  const cellOf = (axis, at) => (axis.codes[at] >= 0 ? axis.cellOf[axis.codes[at]] : NaN);
  const figureOf = (name) => sweep.figures.find((figure) => figure.name === name);
  const viewOf = (name) => sweep.views.find((view) => view.name === name);
  const valuesOf = (view, figure) => columns[view + "\n" + figure] || none;
  const state = { ...sweep.start, held: { ...sweep.start.held } };

  // A number as numbers.py of the project shows it.
  const number = (value, { digits, factor }) => {
    const text = Math.abs(value * factor).toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits });
    return (value < 0 && /[1-9]/.test(text) ? "-" : "") + text;
  };
  const plain = (value) => number(value, sweep.forms.count);
  const isPercent = (figure) => sweep.forms[figure.form].factor === 100;
  const isAmount = (figure) => /money|count/.test(figure.form);
  const shown = (figure, value) => (Number.isNaN(value) ? "-" : number(value, sweep.forms[figure.form]) + (isPercent(figure) ? " %" : ""));
  const tickFormat = (figure) => (isAmount(figure) ? ",.0f" : figure.form === "own" ? ",.7~r" : "." + sweep.forms[figure.form].digits + (isPercent(figure) ? "%" : "f"));
  const level = (figure) => ({ tickformat: isAmount(figure) ? "" : tickFormat(figure), tickangle: 0, nticks: 5 }); // "": 200k, which fits a narrow screen
  const safe = (text) => text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
  const orNull = (value) => (Number.isNaN(value) ? null : value);
  const known = (values) => values.filter((value) => !Number.isNaN(value));
  const ends = (values) => values.reduce(([low, high], one) => [Math.min(low, one), Math.max(high, one)], [Infinity, -Infinity]);
  const median = (values) => {
    const sorted = Float64Array.from(values).sort();
    return (sorted[(sorted.length - 1) >> 1] + sorted[sorted.length >> 1]) / 2;
  };
  const described = (at) => [
    "setting " + plain(numbers[at]),
    ...axes.filter((axis) => axis.codes[at] >= 0).map((axis) => axis.label + " " + axis.values[axis.codes[at]]),
  ];

  // The map over two axes. Settings that were picked for being best would raise a median: it is of the even sample.
  const inHold = (at) => Object.keys(state.held).every((name) => cellOf(axisOf(name), at) === state.held[name]);
  const chosen = () => (viewOf(state.view).chosen >= 0 && inHold(viewOf(state.view).chosen) ? viewOf(state.view).chosen : -1);
  const sampled = () => every.filter((at) => at < sweep.sampled && inHold(at));
  const folded = () => {
    const across = axisOf(state.across), up = axisOf(state.up), better = figureOf(state.figure).better;
    const values = valuesOf(state.view, state.figure);
    const groups = Array.from({ length: across.cells.length * up.cells.length }, () => []);
    for (const at of state.fold === "median" ? sampled() : every.filter(inHold)) {
      const cell = cellOf(up, at) * across.cells.length + cellOf(across, at);
      if (!Number.isNaN(values[at]) && !Number.isNaN(cell)) groups[cell].push(at);
    }
    return groups.map((group) => {
      if (!group.length) return { value: NaN, count: 0 };
      const figures = group.map((at) => values[at]);
      if (state.fold === "median") return { value: median(figures), count: group.length, at: group.length === 1 ? group[0] : -1 };
      const value = ends(figures)[better < 0 ? 0 : 1];
      return { value, count: group.length, at: group[figures.indexOf(value)] };
    });
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
    const cells = folded();
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
    heat.colorbar.tickformat = tickFormat(figure);
    const few = across.cells.length * 56 < document.querySelector('[data-chart="map"]').clientWidth - 150;
    heat.texttemplate = few ? "%{z:" + (isAmount(figure) ? ".3s" : tickFormat(figure)) + "}" : "";
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
    if (!values.length) return "No setting has this figure here.";
    const word = state.fold === "median" ? "the median" : figure.better < 0 ? "the lowest" : "the highest";
    const others = axes.filter((axis) => axis !== across && axis !== up);
    const over = others.filter((axis) => !(axis.name in state.held)).map((axis) => axis.label);
    const at = others.filter((axis) => axis.name in state.held).map((axis) => axis.label + " at " + axis.cells[state.held[axis.name]]);
    const single = cells.every((cell) => cell.count <= 1);
    const together = [across, up].filter((axis) => axis.binned).map((axis) => axis.label);
    const best = ends(values)[figure.better < 0 ? 0 : 1];
    const place = cells.findIndex((cell) => cell.value === best);
    return "Each cell is " + (single && sweep.sampled === sweep.total ? "one setting" : word + " of its settings" + (over.length ? ", over all values of " + over.join(", ") : "")) +
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
    line.text = order.map((at) => safe([...described(at), figure.label + ": " + shown(figure, values[at])].join("\n")).replace(/\n/g, "<br>"));
    line.textposition = "none";
    line.hovertemplate = "%{text}<extra></extra>";
    const mine = chosen() < 0 ? [] : [chosen()];
    const along = (at) => (axis.numbers ? axis.numbers[axis.codes[at]] : safe(axis.values[axis.codes[at]]));
    line.x = order.map(along);
    star.x = mine.map(along);
    charts.map.layout.xaxis.title.text = safe(axis.label);
    star.y = mine.map((at) => orNull(values[at]));
    Object.assign(charts.map.layout.yaxis, { title: { text: figure.label, standoff: 8 }, tickformat: tickFormat(figure) });
    say("map", "Each point is one setting; the star is the chosen one; " + viewName() + ".");
  };

  const drawSpread = () => {
    const figure = figureOf(state.figure), values = known(sampled().map((at) => valuesOf(state.view, state.figure)[at]));
    const chart = charts.spread, [bar] = chart.data;
    const [low, high] = values.length ? ends(values) : [0, 0];
    const width = (high - low) / BARS || 1, counts = Array(values.length ? BARS : 0).fill(0);
    for (const value of values) counts[Math.min(Math.floor((value - low) / width), BARS - 1)] += 1;
    Object.assign(bar, { x: counts.map((_, at) => low + (at + 0.5) * width), y: counts, width });
    bar.hovertemplate = "%{y} settings around %{x:" + tickFormat(figure) + "}<extra></extra>";
    chart.layout.xaxis = { ...chart.layout.xaxis, title: { text: figure.label }, ...level(figure) };
    const mine = chosen() < 0 ? NaN : valuesOf(state.view, state.figure)[chosen()];
    const lines = values.length ? [["median", median(values), "$price", 0]] : [];
    if (!Number.isNaN(mine)) lines.push(["chosen", mine, "$accent", 1]);
    chart.layout.shapes = lines.map(([, x, color]) => ({ type: "line", x0: x, x1: x, y0: 0, y1: 1, yref: "paper", line: { color, width: 2 } }));
    chart.layout.annotations = lines.map(([text, x, color, rise]) => (
      { yref: "paper", yanchor: "bottom", showarrow: false, x, y: 1 + 0.12 * rise, text, font: { color } }));
    if (!values.length) return say("spread", "No setting has this figure here.");
    const above = values.filter((value) => value > 0).length;
    const best = ends(values)[figure.better < 0 ? 0 : 1];
    say("spread", plain(values.length) + " settings" + limits() + ", " + viewName() + ": " + (figure.better < 0 ? "lowest " : "highest ") + shown(figure, best) + ", median " + shown(figure, median(values)) +
      (Number.isNaN(mine) ? "" : ", the chosen setting " + shown(figure, mine)) +
      (figure.signed ? "; " + plain(above) + " are above 0." : "."));
  };

  const drawChoice = () => {
    const base = /sharpe/.test(state.figure) && figureOf("test_sharpe") ? "sharpe" : "net_pnl";
    const [x, y] = ["train_", "test_"].map((part) => valuesOf(state.view, part + base));
    const [points, star] = charts.choice.data, some = sampled();
    const [train, test] = ["train_", "test_"].map((part) => figureOf(part + base));
    const text = (at) => [...described(at), train.label + ": " + shown(train, x[at]), test.label + ": " + shown(test, y[at])].map(safe).join("<br>");
    Object.assign(points, { x: some.map((at) => orNull(x[at])), y: some.map((at) => orNull(y[at])), text: some.map(text) });
    const mine = chosen() < 0 ? [] : [chosen()];
    Object.assign(star, { x: mine.map((at) => orNull(x[at])), y: mine.map((at) => orNull(y[at])), text: mine.map(text) });
    points.hovertemplate = star.hovertemplate = "%{text}<extra></extra>";
    for (const [name, figure] of [["xaxis", train], ["yaxis", test]]) {
      Object.assign(charts.choice.layout[name], { title: { text: figure.label, standoff: 8 }, ...level(figure) });
    }
    say("choice", (viewName() + ": " + viewOf(state.view).choice).replace(/^a/, "A"));
  };
  const drawEquity = () => {
    const { equity } = viewOf(state.view), [best, middle] = charts.equity.data;
    for (const [line, name] of [[best, "chosen"], [middle, "median"]]) {
      Object.assign(line, { x: equity ? equity.days : [], y: equity ? equity[name] : [], hovertemplate: "%{x}: %{y:,.2f} " + sweep.currency });
    }
    const until = equity && sweep.testFrom ? [sweep.testFrom] : [];
    charts.equity.layout.shapes = until.map((x) => ({ type: "line", x0: x, x1: x, y0: 0, y1: 1, yref: "paper", line: { color: "$faint", dash: "dot" } }));
    charts.equity.layout.annotations = until.map((x) => ({ x, y: 1, yref: "paper", yanchor: "bottom", showarrow: false, text: "test from here", font: { color: "$faint" } }));
    if (!equity) return say("equity", "No setting could be chosen for " + viewName() + ".");
    const [chosen, median] = [equity.chosen, equity.median].map((values) => number(values.at(-1) || 0, sweep.forms.money));
    say("equity", viewName() + ": setting " + plain(equity.settings[0]) + ", the one chosen, ends at " + chosen + " " + sweep.currency + ", setting " + plain(equity.settings[1]) + ", the median one, at " + median + " " + sweep.currency + ".");
  };
  const drawWalk = () => {
    const rows = viewOf(state.view).walk, [bar] = charts.walk.data;
    Object.assign(bar, {
      x: rows.map(([days]) => days.split(" ")[0]), y: rows.map((one) => one[2]),
      text: rows.map(([, setting]) => "setting " + setting), customdata: rows.map(([days]) => days),
      hovertemplate: "%{customdata}<br>%{text}<br>%{y:,.0f} " + sweep.currency + "<extra></extra>",
    });
    bar.marker.color = rows.map((one) => ((one[2] || 0) < 0 ? "$map-bad" : "$map-good"));
    const after = rows.map((one) => one[2]).filter((value) => value !== null);
    const total = after.reduce((sum, value) => sum + value, 0);
    say("walk", after.length ? "In total " + plain(total) + " " + sweep.currency + " after choosing, " + viewName() + "." : "No fold has a market day, or no setting could be chosen for any.");
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
      { text: plain(numbers[at]), scope: "row", value: numbers[at] },
      ...axes.map((axis) => (axis.codes[at] < 0 ? { text: "" } : {
        text: axis.values[axis.codes[at]], value: axis.numbers ? axis.numbers[axis.codes[at]] : undefined,
      })),
      ...sweep.figures.map((one) => numberCell(one, valuesOf(state.view, one.name)[at])),
    ])));
    say("top", (figure.better < 0 ? "The lowest " : "The highest ") + figure.label + ", " + viewName() + limits() + (sweep.sampled < sweep.total ? ", among the settings on this page." : "."));
  };
  // Fields.
  const limits = () => {
    const names = Object.keys(state.held).map((name) => axisOf(name).label + " " + axisOf(name).cells[state.held[name]]);
    return names.length ? " with " + names.join(", ") : "";
  };
  const viewName = () => viewOf(state.view).label;
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
  const drawers = { map: axes.length > 1 ? drawMap : drawLine, spread: drawSpread, choice: drawChoice, walk: drawWalk, equity: drawEquity };
  const update = (names = Object.keys(drawers)) => {
    show();
    say("limits", limits().replace(" with", ""));
    for (const name of names.filter((one) => charts[one])) {
      drawers[name]();
      charts[name].about = ["walk", "equity"].includes(name) ? viewName() : figureOf(state.figure).label + ", " + viewName() + limits();
      redraw(name);
    }
  };
  for (const field of fields) {
    field.addEventListener("change", () => {
      const { pick, hold } = field.dataset;
      if (hold) {
        if (field.value === "") delete state.held[hold];
        else state.held[hold] = Number(field.value);
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
  Object.assign(window.report, { state, numbers: [...numbers] });
};
window.report.ready = Promise.all([window.report.ready, fillSweep()]);
