// Charts, drawn with ECharts: one frame, several kinds.
//
// components/chart.html writes a box, <script type="application/json" id="KEY-data"> with what the kind
// draws, and the same as a table. The frame below gives every kind: colours of the theme in force, size,
// tooltips as text, the button to the table, ranges of days, and a cursor by keys that is read aloud.
//
// A kind is registered by whoever draws it, in any deferred script after this one:
//   charts.add("history", {
//     read(data)            → model; left out: the data themselves
//     option(model, paint)  → what ECharts draws; paint: see `paintOf`
//     stops(model, paint)   → [{at: [x, y], text}], what the arrow keys walk through, first to last
//     place?(chart, stop)   → [x, y] in pixels; left out: `at` on the first pair of axes
//     height?(model)        → px; left out: the style sheet's
//   });
// A chart that htmx swaps in is drawn by itself. All moments are ISO 8601 with an offset; our words come
// translated in `labels`. The data of the kinds drawn here:
//
// history    now, zone? (IANA name, days are told in it), ends_at? (the last moment drawn)
//            series      [{at, rating, band}]      ours, a step from each moment to the next; null: not known
//            platform    [{at, value}]             what the marketplace showed
//            forecast    [{at, rating, low?, high?}]   from now on; low and high, where nothing is sure, span a cone
//            other?      [{at, rating}]            another course from now on, as a what-if has
//            bands       [{code, label, low, high}]    both ends included; code as in band.html
//            milestones  [{at, label}]             at is the rating; label says what starts there
//            events      [{at, rating, label, points, kind}]   rating after it; points signed
//            labels      {rating, platform, forecast, between, now, other?}
// waterfall  bars        [{label, points, from, to, kind}]     kind: "total" (a value) or "change" (of so many points)
(() => {
  const DAY = 86400e3;
  const TONES = { healthy: "good", watch: "warn", critical: "bad", closed: "closed", unknown: "none" };
  const words = JSON.parse(document.getElementById("words")?.textContent ?? "{}");
  const lang = document.documentElement.lang.replace(/^en$/, "en-GB");
  const kinds = new Map();

  const figure = (value) => (value == null ? "–" : String(value).replace("-", "−"));
  const signed = (value) => (value > 0 ? `+${value}` : figure(value));

  // A canvas cannot read var(), light-dark() or color-mix(): a token is painted and read back.
  const pen = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  function token(name, alpha = 1) {
    const probe = document.createElement("span");
    probe.style.color = `var(${name})`;
    document.body.append(probe);
    pen.clearRect(0, 0, 1, 1);
    pen.fillStyle = getComputedStyle(probe).color;
    probe.remove();
    pen.fillRect(0, 0, 1, 1);
    const [red, green, blue] = pen.getImageData(0, 0, 1, 1).data;
    return `rgba(${red},${green},${blue},${alpha})`;
  }

  // What a kind paints with: the box, the theme's colours and type, days in the data's zone, the range.
  function paintOf(box, data, days) {
    const font = getComputedStyle(document.body).fontFamily;
    const zone = data.zone || undefined;
    const inZone = (parts) => new Intl.DateTimeFormat(lang, { day: "numeric", month: "short", timeZone: zone, ...parts });
    const day = inZone({});
    const fullDay = inZone({ weekday: "short", year: "numeric" });
    return {
      width: box.clientWidth,
      narrow: box.clientWidth < 560,
      days, font, token, figure, signed,
      strong: token("--ink-strong"), soft: token("--ink-soft"), ground: token("--ground"),
      day: (at) => day.format(at),
      fullDay: (at) => fullDay.format(at),
      label: (text, color) => ({ show: true, formatter: text, color, fontSize: 11, fontFamily: font }),
      axis: (more) => ({
        axisLine: { show: false }, axisTick: { show: false }, splitLine: { show: false }, ...more,
        axisLabel: { color: token("--ink-soft"), fontSize: 11, ...more?.axisLabel },
      }),
    };
  }

  // Text on a canvas, never HTML: a name out of a notice can do nothing there.
  const tooltip = (paint, more) => ({
    renderMode: "richText", confine: true,
    backgroundColor: paint.ground, borderColor: token("--edge"), borderWidth: 1, padding: [8, 12],
    textStyle: { color: token("--ink"), fontSize: 12, lineHeight: 18, fontFamily: paint.font },
    ...more,
  });
  // The text format gives braces and bars a meaning, which names must not have.
  const plain = (text) => String(text).replace(/[{}|]/g, " ");

  // Frame

  class Plot {
    constructor(plot) {
      this.plot = plot;
      this.box = plot.querySelector("[data-chart-box]");
      this.live = plot.querySelector("[data-chart-live]");
      this.kind = kinds.get(plot.dataset.chart);
      this.data = JSON.parse(document.getElementById(`${this.box.id}-data`).textContent);
      this.model = this.kind.read?.(this.data) ?? this.data;
      this.days = Number(plot.querySelector("[data-chart-days][aria-pressed=true]")?.dataset.chartDays ?? 0);
      if (this.kind.height) this.box.style.height = `${this.kind.height(this.model)}px`;
      this.chart = echarts.init(this.box, null, { renderer: "canvas" });
      this.draw();
      this.sized = new ResizeObserver(() => {
        if (!this.box.clientWidth) return;
        this.chart.resize();
        this.draw();
      });
      this.sized.observe(this.box);
      plot.addEventListener("click", (event) => this.press(event.target.closest("button")));
      this.box.addEventListener("keydown", (event) => this.walk(event));
      this.box.addEventListener("blur", () => this.leave());
    }

    draw() {
      this.paint = paintOf(this.box, this.data, this.days);
      this.chart.setOption(this.kind.option(this.model, this.paint), true);
      this.stops = this.kind.stops?.(this.model, this.paint) ?? [];
      this.at = null;
    }

    press(button) {
      if (button?.matches("[data-chart-table]")) this.turn(button);
      if (button?.matches("[data-chart-days]")) {
        this.days = Number(button.dataset.chartDays);
        for (const each of this.plot.querySelectorAll("[data-chart-days]")) {
          each.setAttribute("aria-pressed", String(each === button));
        }
        this.draw();
      }
    }

    turn(button) {
      const table = this.plot.querySelector("[data-chart-rows]");
      const asTable = table.hidden;
      table.hidden = !asTable;
      this.box.hidden = asTable;
      button.setAttribute("aria-pressed", String(asTable));
      button.querySelector("span").textContent = asTable ? words.showChart : words.showTable;
    }

    walk(event) {
      const last = this.stops.length - 1;
      const at = this.at;
      const next = {
        ArrowRight: at == null ? 0 : at + 1, ArrowDown: at == null ? 0 : at + 1,
        ArrowLeft: at == null ? last : at - 1, ArrowUp: at == null ? last : at - 1,
        Home: 0, End: last,
      }[event.key];
      if (event.key === "Escape") this.leave();
      if (next == null || last < 0 || event.altKey || event.ctrlKey || event.metaKey) return;
      event.preventDefault();
      this.at = Math.max(0, Math.min(last, next));
      const stop = this.stops[this.at];
      const [x, y] = this.kind.place?.(this.chart, stop) ?? this.chart.convertToPixel({ xAxisIndex: 0, yAxisIndex: 0 }, stop.at);
      this.chart.dispatchAction({ type: "showTip", x, y });
      this.live.textContent = stop.text;
    }

    leave() {
      this.at = null;
      this.chart.dispatchAction({ type: "hideTip" });
      this.live.textContent = "";
    }

    end() {
      this.sized.disconnect();
      this.chart.dispose();
    }
  }

  const drawn = new Map();

  function start() {
    for (const [plot, one] of drawn) {
      if (plot.isConnected) continue;
      one.end();
      drawn.delete(plot);
    }
    for (const plot of document.querySelectorAll("[data-chart]")) {
      if (!drawn.has(plot) && kinds.has(plot.dataset.chart)) drawn.set(plot, new Plot(plot));
    }
  }

  new MutationObserver(() => {
    for (const one of drawn.values()) one.draw();
  }).observe(document.documentElement, { attributeFilter: ["data-bs-theme"] });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    for (const one of drawn.values()) one.draw();
  });
  document.addEventListener("DOMContentLoaded", start);
  document.addEventListener("htmx:afterSettle", start);

  window.charts = { add: (name, kind) => kinds.set(name, kind), tooltip, plain, figure, signed, DAY };

  // History

  // The point of a step line that holds at a moment: the last one not after it.
  function held(points, at) {
    let found = null;
    for (const point of points) {
      if (point.at > at) break;
      found = point;
    }
    return found;
  }

  const timed = (rows) => rows.map((row) => ({ ...row, at: Date.parse(row.at) }));

  function readHistory(data) {
    const now = Date.parse(data.now);
    const past = timed(data.series);
    if (past.length) past.push({ ...past.at(-1), at: Math.max(now, past.at(-1).at) });
    const next = timed(data.forecast).map((point) => ({ ...point, low: point.low ?? point.rating, high: point.high ?? point.rating }));
    return {
      ...data, now, past, next,
      isCone: next.some((point) => point.low !== point.high),
      seen: timed(data.platform),
      other: timed(data.other ?? []),
      events: timed(data.events),
      bands: [...data.bands].sort((one, other) => one.low - other.low),
    };
  }

  // What is in sight: so many days back (0: all), and ahead no longer than that.
  function sight({ past, next, now }, days) {
    const begin = past[0]?.at ?? now - 30 * DAY;
    const end = next.at(-1)?.at ?? now;
    if (!days) return [begin, Math.max(end, now + DAY)];
    return [Math.max(begin, now - days * DAY), Math.max(Math.min(end, now + days * DAY), now + DAY)];
  }

  // From a little over the highest to a little under the lowest; the next milestone stays in sight.
  function heights({ past, next, other, seen, milestones }, [first, last]) {
    const from = held(past, first);
    const values = [
      ...(from ? [from.rating] : []),
      ...past.filter(({ at }) => at >= first).map((point) => point.rating),
      ...next.filter(({ at }) => at <= last).flatMap((point) => [point.low, point.high]),
      ...other.filter(({ at }) => at <= last).map((point) => point.rating),
      ...seen.filter(({ at }) => at >= first).map((point) => point.value),
    ].filter((value) => value != null);
    if (!values.length) return [0, 100];
    let low = Math.min(...values);
    let high = Math.max(...values);
    const below = milestones.map((milestone) => milestone.at).filter((at) => at <= low);
    if (below.length) low = Math.min(low, Math.max(...below));
    const slack = Math.max(6, (high - low) * 0.1);
    return [Math.floor(low - slack), Math.ceil(high + slack)];
  }

  // What a moment is about, line by line; `near` in ms.
  function tellHistory(model, at, near) {
    const isPast = at <= model.now;
    const point = held(isPast ? model.past : model.next, at);
    const told = [`${isPast ? model.labels.rating : model.labels.forecast} ${figure(point?.rating)}`];
    if (!isPast && point && point.low !== point.high) told.push(`${model.labels.between} ${figure(point.low)} – ${figure(point.high)}`);
    if (!isPast && model.other.length) told.push(`${model.labels.other} ${figure(held(model.other, at)?.rating)}`);
    const shown = model.seen.filter((one) => Math.abs(one.at - at) <= near).at(-1);
    if (shown) told.push(`${model.labels.platform} ${figure(shown.value)}`);
    const events = model.events.filter((one) => Math.abs(one.at - at) <= near);
    told.push(...events.slice(0, 4).map((event) => `${event.label} ${signed(event.points)}`));
    return told;
  }

  function historyOption(model, paint) {
    const { strong, soft, ground, label } = paint;
    const [first, last] = sight(model, paint.days);
    const [low, high] = heights(model, [first, last]);
    const inSight = ({ at }) => at >= first && at <= last;

    const areas = model.bands.map((band, index) => {
      const tone = TONES[band.code] ?? "none";
      const top = Math.min(high, model.bands[index + 1]?.low ?? high);
      const bottom = Math.max(low, index ? band.low : low);
      if (top <= bottom) return null;
      const colour = tone === "closed" ? strong : token(`--${tone}`);
      const area = { color: token(`--${tone}-mark`, 0.07) };
      return [{ yAxis: bottom, itemStyle: area, label: { ...label(band.label, colour), position: "insideTopRight" } }, { yAxis: top }];
    }).filter(Boolean);

    const lines = model.milestones.filter((milestone) => milestone.at > low && milestone.at < high).map((milestone) => ({
      yAxis: milestone.at,
      lineStyle: { color: token("--bad-mark", 0.8), type: [4, 4], width: 1 },
      label: { ...label(paint.narrow ? String(milestone.at) : `${milestone.at}: ${milestone.label}`, token("--bad")), position: "insideStartTop", distance: [6, 2] },
    }));
    lines.push({
      xAxis: model.now,
      lineStyle: { color: soft, type: "solid", width: 1 },
      label: { ...label(model.labels.now, soft), position: "end", distance: 3 },
    });

    // A line that began before what is in sight is drawn from its edge on.
    const from = (points, name) => {
      const before = held(points, first);
      const shown = points.filter((point) => point.at > first).map((point) => [point.at, point[name]]);
      return before ? [[first, before[name]], ...shown] : shown;
    };
    const line = (data, style, z, more) => ({ type: "line", step: "end", symbol: "none", silent: true, animation: false, data, lineStyle: style, z, ...more });
    const unseen = { width: 0, opacity: 0 };
    const cone = model.isCone
      ? [
        line(model.next.map((point) => [point.at, point.low]), unseen, 2, { stack: "cone", stackStrategy: "all" }),
        line(model.next.map((point) => [point.at, point.high - point.low]), unseen, 2, {
          stack: "cone", stackStrategy: "all", areaStyle: { color: token("--none-mark", 0.22) },
        }),
      ]
      : [];

    return {
      animation: false,
      textStyle: { fontFamily: paint.font },
      grid: { left: 40, right: 14, top: 22, bottom: 26 },
      xAxis: paint.axis({
        type: "time", min: first, max: last, splitNumber: paint.narrow ? 3 : 7,
        axisLine: { lineStyle: { color: token("--edge") } },
        axisLabel: { hideOverlap: true, formatter: paint.day },
      }),
      yAxis: paint.axis({
        type: "value", min: low, max: high, splitNumber: 4,
        axisLabel: { showMinLabel: false, showMaxLabel: false, formatter: figure },
      }),
      tooltip: tooltip(paint, {
        trigger: "axis",
        axisPointer: { type: "line", lineStyle: { color: token("--edge-control"), type: "solid" } },
        formatter: ([{ axisValue }]) => [paint.fullDay(axisValue), ...tellHistory(model, axisValue, (last - first) / 80)].map(plain).join("\n"),
      }),
      series: [
        { type: "line", data: [], silent: true, markArea: { silent: true, data: areas }, markLine: { silent: true, symbol: "none", data: lines } },
        ...cone,
        line(from(model.next, "rating"), { color: token("--none-mark"), width: 1.5, type: [3, 3] }, 4),
        line(from(model.past, "rating"), { color: strong, width: 2 }, 5),
        line(from(model.other, "rating"), { color: token("--act-mark"), width: 2 }, 5),
        {
          type: "scatter", symbol: "diamond", symbolSize: 8, silent: true, z: 6,
          data: model.seen.filter(inSight).map((point) => [point.at, point.value]),
          itemStyle: { color: ground, borderColor: soft, borderWidth: 1.25 },
        },
        {
          type: "scatter", silent: true, z: 7,
          data: model.events.filter((event) => inSight(event) && event.rating != null && event.points).map((event) => ({
            value: [event.at, event.rating],
            symbol: "triangle", symbolRotate: event.points < 0 ? 180 : 0,
            symbolSize: Math.abs(event.points) >= 16 ? 13 : 9, symbolOffset: [0, event.points < 0 ? -9 : 9],
            itemStyle: { color: token(event.points < 0 ? "--bad-mark" : "--good-mark"), borderColor: ground, borderWidth: 1 },
          })),
        },
      ],
    };
  }

  function historyStops(model, paint) {
    const [first, last] = sight(model, paint.days);
    const moments = [first, model.now, ...[model.past, model.seen, model.next, model.other].flat().map((point) => point.at)];
    return [...new Set(moments)].filter((at) => at >= first && at <= last).sort((one, other) => one - other).map((at) => {
      const value = held(at <= model.now ? model.past : model.next, at)?.rating;
      return { at: [at, value ?? heights(model, [first, last])[0]], text: [paint.fullDay(at), ...tellHistory(model, at, 1)].join(", ") };
    });
  }

  charts.add("history", { read: readHistory, option: historyOption, stops: historyStops });

  // Waterfall: bars lie, so that their names can be read, on a phone too.

  const ROW = 30;

  function waterfallOption({ bars }, paint) {
    const ends = bars.flatMap((bar) => [bar.from, bar.to].slice(bar.kind === "total" ? 1 : 0));
    const slack = Math.max(4, (Math.max(...ends) - Math.min(...ends)) * 0.12);
    const [low, high] = [Math.floor(Math.min(...ends) - slack), Math.ceil(Math.max(...ends) + slack)];
    const colour = (bar) => (bar.kind === "total" ? token("--none-mark", 0.55) : token(bar.points < 0 ? "--bad-mark" : "--good-mark"));
    const names = Math.min(220, paint.width * 0.42);
    return {
      animation: false,
      textStyle: { fontFamily: paint.font },
      grid: { left: names + 12, right: 48, top: 6, bottom: 24 },
      xAxis: paint.axis({ type: "value", min: low, max: high, splitNumber: paint.narrow ? 3 : 5, splitLine: { show: true, lineStyle: { color: token("--hairline") } }, axisLabel: { showMinLabel: false, showMaxLabel: false, formatter: figure } }),
      yAxis: paint.axis({ type: "category", inverse: true, data: bars.map((bar) => plain(bar.label)), axisLabel: { color: token("--ink"), width: names, overflow: "truncate" } }),
      tooltip: tooltip(paint, { trigger: "axis", axisPointer: { type: "shadow" }, formatter: ([{ dataIndex }]) => plain(tellBar(bars[dataIndex])) }),
      series: [
        {
          type: "custom", animation: false, clip: false,
          dimensions: ["from", "to"], encode: { x: [0, 1], y: 2 },
          data: bars.map((bar, index) => [bar.kind === "total" ? low : bar.from, bar.to, index]),
          renderItem: (_params, api) => {
            const bar = bars[api.value(2)];
            const [left, top] = api.coord([Math.min(api.value(0), api.value(1)), api.value(2)]);
            const [right] = api.coord([Math.max(api.value(0), api.value(1)), api.value(2)]);
            const thick = Math.min(18, api.size([0, 1])[1] * 0.64);
            const text = bar.kind === "total" ? figure(bar.to) : signed(bar.points);
            return {
              type: "group",
              children: [
                { type: "rect", shape: { x: left, y: top - thick / 2, width: Math.max(1, right - left), height: thick, r: 2 }, style: { fill: colour(bar) } },
                { type: "text", style: { x: right + 6, y: top, text, textVerticalAlign: "middle", fill: paint.strong, font: `600 11px ${paint.font}` } },
              ],
            };
          },
        },
      ],
    };
  }

  const tellBar = (bar) => (bar.kind === "total" ? `${bar.label}: ${figure(bar.to)}` : `${bar.label}: ${signed(bar.points)}, ${figure(bar.from)} → ${figure(bar.to)}`);

  charts.add("waterfall", {
    option: waterfallOption,
    stops: ({ bars }) => bars.map((bar, index) => ({ at: [bar.to, index], text: tellBar(bar) })),
    height: ({ bars }) => bars.length * ROW + 34,
  });
})();
