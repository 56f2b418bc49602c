// Draws data-chart with uPlot, which is loaded with the first chart of a page. All charts of a page share one cursor.
// Colours are those that chart.css gives the tones; the legend beside the chart shows the values under the pointer.
const HEIGHT = 128;
const SHARED = "page";
const POWERS = Array.from({ length: 44 }, (_, power) => 2 ** power);
const BYTES = ["B", "KiB", "MiB", "GiB", "TiB"];

export async function chart(plot) {
  const { default: uPlot } = await import("../../vendor/uplot/uplot.js");
  if (!plot.isConnected) return;
  let data = read(plot);
  let drawn = null;
  const draw = () => {
    drawn?.destroy();
    drawn = new uPlot(options(plot, data), columns(data), plot);
  };
  draw();

  // A refresh by htmx changes the attribute and keeps the canvas.
  const attribute = new MutationObserver(() => {
    const before = data;
    data = read(plot);
    if (sameShape(before, data)) {
      drawn.shown = data;
      drawn.setData(columns(data));
    } else draw();
  });
  attribute.observe(plot, { attributeFilter: ["data-chart"] });
  const size = new ResizeObserver(() => {
    if (plot.clientWidth && plot.clientWidth !== drawn.width) drawn.setSize({ width: plot.clientWidth, height: HEIGHT });
  });
  size.observe(plot);
  const paint = () => drawn.redraw(false);
  const theme = new MutationObserver(paint);
  theme.observe(document.documentElement, { attributeFilter: ["data-theme"] });
  const system = matchMedia("(prefers-color-scheme: dark)");
  system.addEventListener("change", paint);

  const gone = new MutationObserver(() => {
    if (plot.isConnected) return;
    for (const observer of [attribute, size, theme, gone]) observer.disconnect();
    system.removeEventListener("change", paint);
    drawn.destroy();
  });
  gone.observe(document.documentElement, { childList: true, subtree: true });
}

function read(plot) {
  return JSON.parse(plot.dataset.chart);
}

function columns(data) {
  return [data.lines[0].values.map((_, point) => timeOf(data, point)), ...data.lines.map((line) => line.values)];
}

// Points stand on a grid of `step` seconds from `start`, or each at its own time.
function timeOf({ times, start, step }, point) {
  return times ? times[point] : start + point * step;
}

function sameShape(one, other) {
  const shape = ({ unit, lines, thresholds = [] }) =>
    [unit, ...lines.map((line) => line.tone), ...thresholds.map((one) => one.value)].join();
  return shape(one) === shape(other);
}

function options(plot, data) {
  const colour = (name) => () => resolved(plot, name);
  const font = `11px ${getComputedStyle(plot).fontFamily}`;
  const isBytes = data.unit === "bytes";
  const axis = { stroke: colour("faint"), font, ticks: { show: false }, grid: { stroke: colour("line"), width: 1 } };
  return {
    width: plot.clientWidth || 300,
    height: HEIGHT,
    padding: [8, 2, 0, 0],
    legend: { show: false },
    cursor: { sync: { key: SHARED }, y: false, drag: { x: false, y: false }, points: { size: 6 } },
    scales: { x: { time: true }, y: { range: (_plot, low, high) => reach(data, low, high) } },
    axes: [
      { ...axis, space: 60, size: 24, values: (_plot, times) => times.map((at) => clock(at, data)) },
      { ...axis, space: 28, size: 52, ...(isBytes && { incrs: POWERS }), values: (_plot, values) => values.map((one) => words(one, data.unit)) },
    ],
    series: [{}, ...data.lines.map((line) => ({ stroke: colour(toneOf(line)), width: 1.5, points: { show: Boolean(data.times), size: 5 }, spanGaps: Boolean(data.times) }))],
    hooks: {
      ready: [(drawn) => (drawn.shown = data)],
      setCursor: [(drawn) => tell(plot, drawn.shown ?? data, drawn.cursor.idx)],
      drawAxes: [(drawn) => mark(drawn, drawn.shown ?? data, plot, font)],
    },
  };
}

// Rates begin at nothing. What is held against a threshold is drawn close around it, so that one sees on which side.
function reach({ unit, thresholds }, low, high) {
  if (!thresholds?.length) return [Math.min(0, low ?? 0), high > 0 ? high * 1.1 : unit === "ratio" ? 0.01 : 1];
  const values = [low, high, ...thresholds.map((one) => one.value)].filter((one) => one != null);
  const least = Math.min(...values);
  const most = Math.max(...values);
  const room = (most - least || Math.abs(most) || 1) * 0.15;
  return [least - room, most + room];
}

function toneOf({ tone }) {
  return { new: "canary", old: "stable" }[tone] ?? `chart-${tone}`;
}

// A token is a light-dark() of two colours; only as the colour of an element it becomes the one that is meant.
function resolved(plot, name) {
  const probe = plot.querySelector("i") ?? plot.appendChild(document.createElement("i"));
  probe.hidden = true;
  probe.style.color = `var(--${name})`;
  return getComputedStyle(probe).color;
}

// Releases stand where they began and ended, behind the lines; thresholds from side to side.
function mark(drawn, { markers, thresholds = [] }, plot, font) {
  const { ctx, bbox } = drawn;
  const ratio = devicePixelRatio;
  ctx.save();
  ctx.font = font.replace("11px", `${10 * ratio}px`);
  ctx.textBaseline = "top";
  for (const { value, label, tone } of thresholds) {
    const y = Math.round(drawn.valToPos(value, "y", true));
    ctx.strokeStyle = ctx.fillStyle = resolved(plot, tone);
    ctx.lineWidth = ratio;
    ctx.setLineDash([6 * ratio, 3 * ratio]);
    ctx.beginPath();
    ctx.moveTo(bbox.left, y);
    ctx.lineTo(bbox.left + bbox.width, y);
    ctx.stroke();
    ctx.textAlign = "right";
    ctx.fillText(label, bbox.left + bbox.width - 3 * ratio, y > bbox.top + 14 * ratio ? y - 12 * ratio : y + 2 * ratio);
  }
  for (const { at, label, tone } of markers) {
    const x = Math.round(drawn.valToPos(at, "x", true));
    if (x < bbox.left || x > bbox.left + bbox.width) continue;
    ctx.strokeStyle = ctx.fillStyle = resolved(plot, tone === "unknown" ? "muted" : tone);
    ctx.lineWidth = ratio;
    ctx.setLineDash([3 * ratio, 3 * ratio]);
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
    const isLate = x > bbox.left + bbox.width * 0.7;
    ctx.textAlign = isLate ? "right" : "left";
    if (tone === "run") ctx.fillText(label, x + (isLate ? -3 : 3) * ratio, bbox.top);
  }
  ctx.restore();
}

function tell(plot, data, point) {
  const { unit, lines } = data;
  const panel = plot.parentElement;
  for (const [number, item] of [...panel.querySelectorAll(".legend > li")].entries()) {
    const value = lines[number]?.values;
    if (!value) continue;
    const last = value.findLast((one) => one !== null) ?? null;
    item.querySelector("b").textContent = words(point == null ? last : value[point], unit);
  }
  panel.querySelector("figcaption").dataset.at = point == null ? "" : clock(timeOf(data, point), { step: 1 });
}

function clock(at, { step }) {
  const parts = { hour: "2-digit", minute: "2-digit", hour12: false, timeZone: "UTC", ...(step < 5 && { second: "2-digit" }) };
  return new Date(at * 1000).toLocaleTimeString(document.documentElement.lang, parts);
}

// The words of metrics/numbers.py.
function words(value, unit) {
  if (value == null) return "–";
  if (unit === "ratio") return `${short(value * 100)} %`;
  if (unit === "seconds") return value < 1 ? `${short(value * 1000)} ms` : `${short(value)} s`;
  if (unit === "cores" || unit === "number") return short(value);
  if (unit === "per_second") return `${short(value)}/s`;
  const power = Math.min(BYTES.length - 1, Math.max(0, Math.floor(Math.log2(Math.abs(value) || 1) / 10)));
  return `${short(value / 1024 ** power)} ${BYTES[power]}`;
}

function short(value) {
  const size = Math.abs(value);
  return String(Number(value.toFixed(size >= 100 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : 3)));
}
