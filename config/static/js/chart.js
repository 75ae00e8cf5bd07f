// The rating of a store over time, drawn with ECharts from a JSON block beside the box.
//
// components/chart.html writes <script type="application/json" id="KEY-data"> with:
//   now         ISO moment
//   zone?       IANA name of the store's zone; days are told in it
//   series      [{at, rating, band}]   ours, a step from each moment to the next; rating null: not known
//   platform    [{at, value}]          what the marketplace showed
//   forecast    [{at, rating}]         from now on, if nothing new happens
//   bands       [{code, label, low, high}]   both ends included; code as in band.html
//   milestones  [{at, label}]          at is the rating; label says what starts there
//   events      [{at, rating, label, points, kind}]   rating after it; points signed
//   labels      {rating, platform, forecast, now, day, event, points}   our words, translated
// All moments are ISO 8601 with an offset.
(() => {
  const DAY = 86400e3;
  const TONES = { healthy: "good", watch: "warn", critical: "bad", closed: "closed", unknown: "none" };
  const words = JSON.parse(document.getElementById("words")?.textContent ?? "{}");

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

  const lang = document.documentElement.lang.replace(/^en$/, "en-GB");
  const figure = (value) => (value == null ? "–" : String(value).replace("-", "−"));
  const signed = (value) => (value > 0 ? `+${value}` : figure(value));

  // The value of a step line at a moment: that of the last point not after it.
  function valueAt(points, at) {
    let value = null;
    for (const [moment, rating] of points) {
      if (moment > at) break;
      value = rating;
    }
    return value;
  }

  function read(key) {
    const data = JSON.parse(document.getElementById(`${key}-data`).textContent);
    const now = Date.parse(data.now);
    const past = data.series.map((point) => [Date.parse(point.at), point.rating]);
    if (past.length) past.push([Math.max(now, past.at(-1)[0]), past.at(-1)[1]]);
    return {
      ...data,
      now,
      past,
      next: data.forecast.map((point) => [Date.parse(point.at), point.rating]),
      seen: data.platform.map((point) => [Date.parse(point.at), point.value]),
      events: data.events.map((event) => ({ ...event, at: Date.parse(event.at) })),
      bands: [...data.bands].sort((one, other) => one.low - other.low),
    };
  }

  // From a little over the highest to a little under the lowest; the next milestone stays in sight.
  function range({ past, next, seen, milestones }) {
    const values = [...past, ...next, ...seen].map(([, value]) => value).filter((value) => value != null);
    if (!values.length) return [0, 100];
    let low = Math.min(...values);
    let high = Math.max(...values);
    const below = milestones.map((milestone) => milestone.at).filter((at) => at <= low);
    if (below.length) low = Math.min(low, Math.max(...below));
    const slack = Math.max(6, (high - low) * 0.1);
    return [Math.floor(low - slack), Math.ceil(high + slack)];
  }

  function option(data, box) {
    const narrow = box.clientWidth < 560;
    const font = getComputedStyle(document.body).fontFamily;
    const strong = token("--ink-strong");
    const soft = token("--ink-soft");
    const ground = token("--ground");
    const [low, high] = range(data);
    const first = data.past[0]?.[0] ?? data.now - 30 * DAY;
    const last = data.next.at(-1)?.[0] ?? data.now + 7 * DAY;
    const zone = data.zone || undefined;
    const day = new Intl.DateTimeFormat(lang, { day: "numeric", month: "short", timeZone: zone });
    const fullDay = new Intl.DateTimeFormat(lang, { weekday: "short", day: "numeric", month: "short", year: "numeric", timeZone: zone });
    const label = (text, colour) => ({ show: true, formatter: text, color: colour, fontSize: 11, fontFamily: font });

    const areas = data.bands.map((band, index) => {
      const tone = TONES[band.code] ?? "none";
      const top = Math.min(high, data.bands[index + 1]?.low ?? high);
      const bottom = Math.max(low, index ? band.low : low);
      if (top <= bottom) return null;
      const colour = tone === "closed" ? strong : token(`--${tone}`);
      return [
        {
          yAxis: bottom,
          itemStyle: { color: token(`--${tone}-mark`, 0.07) },
          label: { ...label(band.label, colour), position: "insideTopRight" },
        },
        { yAxis: top },
      ];
    }).filter(Boolean);

    const lines = data.milestones.filter((milestone) => milestone.at > low && milestone.at < high).map((milestone) => ({
      yAxis: milestone.at,
      lineStyle: { color: token("--bad-mark", 0.8), type: [4, 4], width: 1 },
      label: { ...label(narrow ? String(milestone.at) : `${milestone.at}: ${milestone.label}`, token("--bad")), position: "insideStartTop", distance: [6, 2] },
    }));
    lines.push({
      xAxis: data.now,
      lineStyle: { color: soft, type: "solid", width: 1 },
      label: { ...label(data.labels.now, soft), position: "end", distance: 3 },
    });

    const line = (points, style, z) => ({ type: "line", step: "end", symbol: "none", silent: true, animation: false, data: points, lineStyle: style, z });
    const tell = ([{ axisValue }]) => {
      const at = axisValue;
      const near = (last - first) / 80;
      const told = [`{head|${fullDay.format(at)}}`];
      if (at <= data.now) told.push(`${data.labels.rating} ${figure(valueAt(data.past, at))}`);
      else told.push(`${data.labels.forecast} ${figure(valueAt(data.next, at))}`);
      const shown = data.seen.filter(([moment]) => Math.abs(moment - at) <= near).at(-1);
      if (shown) told.push(`${data.labels.platform} ${figure(shown[1])}`);
      for (const event of data.events.filter((one) => Math.abs(one.at - at) <= near).slice(0, 4)) {
        told.push(`${event.label} {points|${signed(event.points)}}`);
      }
      return told.join("\n");
    };

    return {
      animation: false,
      textStyle: { fontFamily: font },
      grid: { left: 40, right: 14, top: 22, bottom: 26 },
      xAxis: {
        type: "time", min: first, max: last,
        axisLine: { lineStyle: { color: token("--edge") } }, axisTick: { show: false }, splitLine: { show: false },
        splitNumber: narrow ? 3 : 7,
        axisLabel: { color: soft, fontSize: 11, hideOverlap: true, formatter: (at) => day.format(at) },
      },
      yAxis: {
        type: "value", min: low, max: high, splitNumber: 4,
        axisLine: { show: false }, axisTick: { show: false }, splitLine: { show: false },
        axisLabel: { color: soft, fontSize: 11, showMinLabel: false, showMaxLabel: false, formatter: figure },
      },
      tooltip: {
        trigger: "axis", renderMode: "richText", confine: true,
        axisPointer: { type: "line", lineStyle: { color: token("--edge-control"), type: "solid" } },
        backgroundColor: ground, borderColor: token("--edge"), borderWidth: 1, padding: [8, 12],
        textStyle: {
          color: token("--ink"), fontSize: 12, lineHeight: 18, fontFamily: font,
          rich: {
            head: { fontWeight: 600, color: strong, lineHeight: 20, fontFamily: font },
            points: { fontWeight: 600, color: strong, fontFamily: font },
          },
        },
        formatter: tell,
      },
      series: [
        { type: "line", data: [], silent: true, markArea: { silent: true, data: areas }, markLine: { silent: true, symbol: "none", data: lines } },
        line(data.next, { color: token("--none-mark"), width: 1.5, type: [3, 3] }, 4),
        line(data.past, { color: strong, width: 2 }, 5),
        {
          type: "scatter", symbol: "diamond", symbolSize: 8, silent: true, z: 6, data: data.seen,
          itemStyle: { color: ground, borderColor: soft, borderWidth: 1.25 },
        },
        {
          type: "scatter", silent: true, z: 7,
          data: data.events.filter((event) => event.rating != null && event.points).map((event) => ({
            value: [event.at, event.rating],
            symbol: "triangle", symbolRotate: event.points < 0 ? 180 : 0,
            symbolSize: Math.abs(event.points) >= 16 ? 13 : 9, symbolOffset: [0, event.points < 0 ? -9 : 9],
            itemStyle: { color: token(event.points < 0 ? "--bad-mark" : "--good-mark"), borderColor: ground, borderWidth: 1 },
          })),
        },
      ],
    };
  }

  // The same as a table, for whoever would rather read.
  function table(data) {
    const day = new Intl.DateTimeFormat(lang, { day: "numeric", month: "short", year: "numeric", timeZone: data.zone || undefined });
    const cell = (tag, text, css = "") => {
      const node = document.createElement(tag);
      node.textContent = text;
      if (css) node.className = css;
      if (tag === "th") node.scope = "col";
      return node;
    };
    const rows = [
      ...data.events.map((event) => [event.at, event.rating, event.label, signed(event.points)]),
      ...data.seen.map(([at, value]) => [at, value, data.labels.platform, ""]),
      ...data.next.filter(([at]) => at > data.now).map(([at, rating]) => [at, rating, data.labels.forecast, ""]),
    ].sort((one, other) => other[0] - one[0]);
    const head = document.createElement("tr");
    head.append(cell("th", data.labels.day), cell("th", data.labels.event), cell("th", data.labels.points, "end"), cell("th", data.labels.rating, "end"));
    const body = document.createElement("tbody");
    for (const [at, rating, text, points] of rows) {
      const row = document.createElement("tr");
      row.append(cell("td", day.format(at)), cell("td", text), cell("td", points, "end"), cell("td", figure(rating), "end"));
      body.append(row);
    }
    const top = document.createElement("thead");
    top.append(head);
    const whole = document.createElement("table");
    whole.className = "sheet";
    whole.append(top, body);
    return whole;
  }

  function start(plot) {
    const key = plot.dataset.chart;
    const box = document.getElementById(key);
    const data = read(key);
    const chart = echarts.init(box, null, { renderer: "canvas" });
    const draw = () => chart.setOption(option(data, box), true);
    draw();
    new ResizeObserver(() => {
      if (!box.clientWidth) return;
      chart.resize();
      draw();
    }).observe(box);
    new MutationObserver(draw).observe(document.documentElement, { attributeFilter: ["data-bs-theme"] });

    const button = plot.querySelector("[data-chart-table]");
    const place = document.getElementById(`${key}-table`);
    button.addEventListener("click", () => {
      const asTable = place.hidden;
      if (asTable && !place.hasChildNodes()) place.append(table(data));
      place.hidden = !asTable;
      box.hidden = asTable;
      button.setAttribute("aria-pressed", String(asTable));
      button.querySelector("span").textContent = asTable ? words.showChart : words.showTable;
    });
  }

  for (const plot of document.querySelectorAll("[data-chart]")) start(plot);
})();
