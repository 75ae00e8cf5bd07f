// The roll-off calendar's bars: what returns to the stores above the line, what leaves below it, by day.
// Kind of chart.js: roll_offs · start (the first day, ISO) · span (days) · days [{on, returning, leaving, stores}]
// labels {returning, leaving, stores}. Days are calendar days, so they are drawn in UTC.
(() => {
  const { DAY, figure, plain, signed, tooltip } = window.charts;

  function read(data) {
    const start = Date.parse(data.start);
    return { ...data, start, days: data.days.map((day) => ({ ...day, at: Date.parse(day.on) })) };
  }

  function tell({ labels }, day) {
    const told = [];
    if (day.returning) told.push(`${labels.returning} ${signed(day.returning)}`);
    if (day.leaving) told.push(`${labels.leaving} ${signed(day.leaving)}`);
    told.push(`${labels.stores} ${day.stores}`);
    return told;
  }

  function option(model, paint) {
    const bar = (name, tone) => ({
      type: "bar", stack: "points", name, barWidth: Math.max(3, Math.min(14, (paint.width - 60) / model.span - 2)),
      itemStyle: { color: paint.token(tone), borderRadius: 1 },
      data: model.days.map((day) => [day.at, day[name]]),
      emphasis: { disabled: true },
    });
    return {
      animation: false,
      textStyle: { fontFamily: paint.font },
      grid: { left: 40, right: 14, top: 12, bottom: 26 },
      xAxis: paint.axis({
        type: "time", min: model.start - DAY / 2, max: model.start + model.span * DAY, splitNumber: paint.narrow ? 3 : 8,
        axisLine: { onZero: true, lineStyle: { color: paint.token("--edge-control") } },
        axisLabel: { hideOverlap: true, formatter: paint.day },
      }),
      yAxis: paint.axis({
        type: "value", splitNumber: 3, splitLine: { show: true, lineStyle: { color: paint.token("--hairline") } },
        axisLabel: { formatter: figure },
      }),
      tooltip: tooltip(paint, {
        trigger: "axis", axisPointer: { type: "none" },
        formatter: ([{ dataIndex }]) => {
          const day = model.days[dataIndex];
          return [paint.fullDay(day.at), ...tell(model, day)].map(plain).join("\n");
        },
      }),
      series: [bar("returning", "--good-mark"), bar("leaving", "--bad-mark")],
    };
  }

  const stops = (model, paint) => model.days.map((day) => ({
    at: [day.at, day.returning || day.leaving],
    text: [paint.fullDay(day.at), ...tell(model, day)].join(", "),
  }));

  window.charts.add("roll_offs", { read, option, stops });
})();
