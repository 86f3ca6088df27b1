"use strict";
// Charts over time: their columns unpacked, and of these what there is to draw of a stretch of time. Times are ms.
const timeline = (() => {
  const DAY = 86400000, HOUR = 3600000;
  const BUCKET = 1, MARKER_BUCKET = 3; // px
  const MOST_SHADED = 10; // days
  const FEW = 60; // of a strategy's own numbers: so few are marked one by one
  const ROOM = 0.06; // of the height, above and below what is in sight

  const decoded = (base64) => {
    if (Uint8Array.fromBase64) return Uint8Array.fromBase64(base64);
    const coded = atob(base64), bytes = new Uint8Array(coded.length);
    for (let at = 0; at < coded.length; at++) bytes[at] = coded.charCodeAt(at);
    return bytes;
  };
  const inflated = (base64) => new Response(new Blob([decoded(base64)]).stream().pipeThrough(new DecompressionStream("gzip")));

  // As packed_columns of curves.py writes them.
  const columnsOf = (heads, bytes) => {
    let next = 0;
    return Object.fromEntries(heads.map(([name, count, start, unit, digits]) => {
      const values = new Float64Array(count), scale = 10 ** digits;
      let total = 0;
      for (let at = 0; at < count; at++) {
        let written = 0, weight = 1, byte;
        do { byte = bytes[next++]; written += (byte & 127) * weight; weight *= 128; } while (byte > 127);
        if (written) total += written % 2 ? (written - 1) / 2 : -written / 2;
        values[at] = written ? (start + total * unit) / scale : NaN;
      }
      return [name, values];
    }));
  };
  // The days that a chart's columns begin with.
  const daysOf = (pack, bytes) => [...columnsOf(pack.columns.slice(0, 1), bytes).days];
  const summed = (steps) => {
    let total = 0;
    return steps.map((step) => (total += step));
  };

  // The days of the page one after the other, without what lies between them.
  class Clock {
    constructor(days, [opens, closes]) {
      Object.assign(this, { days, opens: opens * HOUR, span: (closes - opens) * HOUR });
    }
    start(day) { return day * DAY + this.opens; }
    end(day) { return this.start(day) + this.span - 1; }
    place(time) {
      const after = first(this.days, Math.floor(time / DAY) + 1);
      if (!after) return 0;
      return (after - 1) * this.span + Math.min(Math.max(time - this.start(this.days[after - 1]), 0), this.span);
    }
  }
  const first = (sorted, least) => {
    let low = 0, high = sorted.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (sorted[middle] < least) low = middle + 1; else high = middle;
    }
    return low;
  };

  // Lines and markers, from all there is.
  const below = (equity) => {
    let peak = 0;
    return equity.map((one) => one - (peak = Math.max(peak, one)));
  };
  const seriesOf = (name, held, days, clock) => {
    if (name === "price") return { x: held.price_stamps, y: held.mid };
    if (name === "marked") return { x: Float64Array.from(days, (day) => clock.end(day)), y: held.marked };
    if (name !== "buy" && name !== "sell") return { x: held.stamps, y: name === "drawdown" ? below(held.equity) : held[name] };
    const sign = name === "buy" ? 1 : -1;
    const traded = held.traded || held.position.map((one, at) => one - (at ? held.position[at - 1] : 0));
    const places = [...traded.keys()].filter((at) => sign * traded[at] > 0);
    const of = (column) => Float64Array.from(places, (at) => column[at]);
    const number = (at) => (held.number ? held.number[at] : at + (days.length ? 0 : 1));
    return { x: of(held.stamps), y: of(held.price), fills: places.map((at) => [number(at), sign * traded[at]]) };
  };
  // From 0 on the first day on, until the end of the last.
  const fromOpenToClose = (values, before, after) => {
    const longer = new Float64Array(values.length + 2);
    longer.set(values, 1);
    longer[0] = before;
    longer[values.length + 1] = after;
    return longer;
  };
  const prepared = (chart, bytes, clock) => {
    const held = columnsOf(chart.pack.columns, bytes), days = chart.days;
    delete held.days;
    if (days.length) {
      if (held.stamps) held.stamps = fromOpenToClose(held.stamps, ...chart.layout.xaxis.range);
      for (const name of Object.keys(held)) {
        const isOf = (trace) => "stamps_" + trace.series === name;
        if (/^stamps_/.test(name)) held[name] = fromOpenToClose(held[name], ...(chart.data.find(isOf)?.reach || chart.layout.xaxis.range));
        if (/^(number|traded)$/.test(name)) held[name] = fromOpenToClose(held[name], 0, 0);
        if (/^(price|position|equity(_.*)?)$/.test(name)) held[name] = fromOpenToClose(held[name], 0, held[name].at(-1) || 0);
      }
    }
    const places = new Map();
    return chart.data.map((trace) => {
      const { own } = trace;
      const series = own !== undefined ? { x: held["recorded_" + own], y: held["own_" + own] } : trace.series !== undefined ? { x: held["stamps_" + trace.series], y: held["equity_" + trace.series] } : trace.x ? { x: trace.x, y: trace.y } : seriesOf(trace.shared, held, days, clock);
      if (!places.has(series.x)) places.set(series.x, Float64Array.from(series.x, (time) => clock.place(time)));
      return { ...series, places: places.get(series.x) };
    });
  };

  // What is drawn between two places of the clock, and as much again on both sides for who drags it along: all points
  // where there is room for them, else the first, least, greatest and last of every bucket, so that the shape is kept.
  const thinned = ({ y, places }, from, to, buckets) => {
    const width = to - from, size = width / buckets;
    const low = Math.max(first(places, from - width) - 1, 0), high = Math.min(first(places, to + width) + 1, y.length);
    const all = first(places, to) - first(places, from) <= 4 * buckets;
    const kept = [];
    for (let start = low, end; start < high; start = end) {
      const bucket = Math.floor((places[start] - from) / size);
      let least = start, most = start;
      for (end = start + 1; end < high && !all && Math.floor((places[end] - from) / size) === bucket; end++) {
        if (!(y[least] <= y[end])) least = end;
        if (!(y[most] >= y[end])) most = end;
      }
      kept.push(...new Set([start, Math.min(least, most), Math.max(least, most), end - 1]));
    }
    return kept;
  };
  const isBar = (trace) => trace.type === "bar";
  const drawnOf = (trace, series, from, to, pixels) => {
    if (isBar(trace)) return trace;
    const kept = thinned(series, from, to, Math.max(pixels / (trace.mode === "markers" ? MARKER_BUCKET : BUCKET), 1));
    const of = (list) => kept.map((at) => list[at]);
    const isOfFew = trace.own !== undefined && first(series.places, to) - first(series.places, from) <= FEW;
    const mode = isOfFew ? "lines+markers" : trace.mode;
    return { ...trace, mode, x: of(series.x), y: of(series.y), ...(series.fills ? { customdata: of(series.fills) } : {}) };
  };

  // The heights that hold what is in sight; of bars and areas 0 is always in sight.
  const heightsOf = (traces, all, from, to, clock) => {
    const found = {};
    traces.forEach((trace, at) => {
      if (trace.visible === "legendonly") return;
      const axis = (trace.yaxis || "y").replace("y", "yaxis"), { y, places } = all[at];
      const half = isBar(trace) ? clock.span / 2 : 0;
      let low = first(places, from - half), high = first(places, to + (half || 1)); // a day's end is of its day
      if (trace.line && trace.line.shape === "hv") low = Math.max(low - 1, 0); // it stands since before
      const held = (found[axis] = found[axis] || { low: Infinity, high: -Infinity });
      if (isBar(trace) || trace.fill === "tozeroy") held.zero = true;
      for (let one = low; one < high; one++) {
        if (y[one] < held.low) held.low = y[one];
        if (y[one] > held.high) held.high = y[one];
      }
    });
    return Object.fromEntries(Object.entries(found).map(([axis, { low, high, zero }]) => {
      if (zero) [low, high] = [Math.min(low, 0), Math.max(high, 0)];
      if (low > high) [low, high] = [0, 0];
      const room = (high - low || Math.abs(high) * 0.01 || 1) * ROOM;
      return [axis, [zero && low === 0 && high ? 0 : low - room, zero && high === 0 && low ? 0 : high + room]];
    }));
  };

  // A chart of a stretch of time: its traces, the ranges of its heights, and how many fills are in sight and drawn.
  const view = (traces, all, [start, end], pixels, clock) => {
    const from = clock.place(start), to = Math.max(clock.place(end), from + 1);
    const data = traces.map((trace, at) => drawnOf(trace, all[at], from, to, pixels));
    const within = (places) => first(places, to + 1) - first(places, from);
    const marks = [...traces.keys()].filter((at) => all[at].fills);
    const seen = marks.reduce((sum, at) => sum + within(all[at].places), 0);
    const shown = marks.reduce((sum, at) => sum + within(Array.from(data[at].x, (time) => clock.place(time))), 0);
    return { data, heights: heightsOf(traces, all, from, to, clock), seen, shown };
  };
  // The phases of a market in a stretch of time, but for continuous trading, where that is not more than a few days: as
  // the run recorded them, in s since midnight of a trading day, cut to what is drawn of each calendar day.
  const phasesIn = (market, days, [start, end], clock) => {
    const near = days.filter((day) => (day + 1) * DAY > start && (day - 1) * DAY < end);
    if (!market || near.length > MOST_SHADED + 1) return [];
    const found = [];
    for (const day of near) {
      const hours = market.hours.filter(([since]) => since <= day).at(-1) || market.hours[0];
      for (const [name, from, to] of hours[1]) {
        for (let date = day + Math.floor(from / 86400); date <= day && name !== "continuous"; date++) {
          const drawn = clock.days[first(clock.days, date)] === date;
          const x0 = Math.max(day * DAY + from * 1000, clock.start(date)), x1 = Math.min(day * DAY + to * 1000, clock.end(date) + 1);
          if (drawn && Math.max(x0, start) < Math.min(x1, end + 1)) found.push({ name, x0, x1, day, from, to });
        }
      }
    }
    return found;
  };
  return { inflated, columnsOf, daysOf, summed, Clock, prepared, view, phasesIn };
})();
