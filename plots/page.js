/* clang-format off */
"use strict";
/* The table of derivatives: all rows live in four typed arrays, 20 at a time are
 * in the page. Without this script the worst rows are in the page as they are. */
(function () {
  const source = document.getElementById("check-data");
  if (!source) return;
  const data = JSON.parse(source.textContent);
  const bytes = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
  const numbers = (text, size) => {
    const b = bytes(text), view = new DataView(b.buffer), n = b.length / size;
    const out = new Float64Array(n);
    for (let i = 0; i < n; i++)
      out[i] = size === 8 ? view.getFloat64(8 * i, true) : view.getFloat32(4 * i, true);
    return out;
  };
  const backprop = numbers(data.backprop, 8), numeric = numbers(data.numeric, 8);
  const error = numbers(data.error, 4), verdict = bytes(data.verdict);
  const place = new DataView(bytes(data.place).buffer); /* worst first */
  const n = backprop.length;
  /* Row k of the columns is entry `entry[k]` of all: the same, unless only the worst are here. */
  const entry = Uint32Array.from({ length: n }, (_, k) => k);
  if (data.entry) {
    const view = new DataView(bytes(data.entry).buffer);
    for (let k = 0; k < n; k++) entry[k] = view.getUint32(4 * k, true);
  }
  const tensorOf = new Uint16Array(n);
  for (let k = 0, t = 0; k < n; k++) {
    while (entry[k] >= data.tensors[t].first + data.tensors[t].count) t++;
    tensorOf[k] = t;
  }
  const name = (k) => {
    const t = data.tensors[tensorOf[k]], i = entry[k] - t.first;
    return t.cols === 0 ? `${t.name}[${i}]`
                        : `${t.name}[${Math.floor(i / t.cols)},${i % t.cols}]`;
  };
  const difference = (k) => backprop[k] - numeric[k];
  const relative = (k) => {
    const size = Math.max(Math.abs(backprop[k]), Math.abs(numeric[k]));
    return size === 0 ? 0 : Math.abs(difference(k)) / size;
  };
  const badness = (k) => data.badness[verdict[k]];
  const columns = {
    entry: (k) => k, backprop: (k) => backprop[k], numeric: (k) => numeric[k],
    difference: (k) => Math.abs(difference(k)), relative, error: (k) => error[k],
    verdict: (k) => badness(k),
  };
  const $ = (id) => document.getElementById(id);
  const ROWS = 20;
  let rows = [], first = 0, sort = "worst", down = true;

  /* What is no number counts as the greatest: it is seen first where one looks
     for trouble. */
  const order = (value, sign) => (a, b) => sign * (value[a] - value[b]) || a - b;
  const rank = (v) => (v !== v ? Number.MAX_VALUE : Math.max(-Number.MAX_VALUE,
                                                             Math.min(v, Number.MAX_VALUE)));
  function arrange() {
    const layer = $("layer").value, kind = $("verdict").value, text = $("find").value.trim();
    const keep = [];
    for (let k = 0; k < n; k++) {
      if (layer !== "" && String(data.tensors[tensorOf[k]].layer) !== layer) continue;
      if (kind === "bad" ? badness(k) < 2 : kind !== "" && String(verdict[k]) !== kind) continue;
      if (text !== "" && !name(k).toLowerCase().startsWith(text.toLowerCase())) continue;
      keep.push(k);
    }
    const value = new Float64Array(n);
    if (sort === "worst") {
      for (const k of keep) value[k] = place.getUint16(2 * k, true);
      keep.sort(order(value, 1));
    } else {
      for (const k of keep) value[k] = rank(columns[sort](k));
      keep.sort(order(value, down ? -1 : 1));
    }
    rows = keep;
    first = 0;
    show();
  }
  /* Every digit, and no more zeros than one can count. */
  const full = (v) => (v !== 0 && Math.abs(v) < 1e-3 ? v.toExponential() : String(v));
  const cell = (row, text, bad) => {
    const td = row.insertCell();
    td.textContent = text;
    if (bad) td.className = "bad";
  };
  function show() {
    const body = $("rows");
    body.textContent = "";
    for (const k of rows.slice(first, first + ROWS)) {
      const row = body.insertRow(), th = document.createElement("th");
      th.scope = "row";
      th.textContent = name(k);
      row.append(th);
      cell(row, data.verdicts[verdict[k]], badness(k) >= 2);
      cell(row, full(backprop[k]));
      cell(row, full(numeric[k]));
      cell(row, relative(k).toExponential(2));
      cell(row, difference(k).toExponential(3));
      cell(row, "\u00b1 " + error[k].toExponential(1));
    }
    const last = Math.min(first + ROWS, rows.length);
    $("count").textContent = rows.length === 0
      ? `no entry of ${n.toLocaleString("en")} fits`
      : `${(first + 1).toLocaleString("en")} to ${last.toLocaleString("en")} of ` +
        `${rows.length.toLocaleString("en")}` +
        (rows.length < n ? ` (here: ${n.toLocaleString("en")})` : "") +
        (n < data.all ? ` (of ${data.all.toLocaleString("en")})` : "");
    $("back").disabled = first === 0;
    $("forward").disabled = last >= rows.length;
    document.querySelectorAll("#entries th[data-sort]").forEach((th) => {
      if (th.dataset.sort === sort) th.setAttribute("aria-sort", down ? "descending" : "ascending");
      else th.removeAttribute("aria-sort");
    });
  }
  document.querySelectorAll("#entries th[data-sort] button").forEach((button) => {
    button.addEventListener("click", () => {
      const key = button.parentElement.dataset.sort;
      down = sort === key ? !down : key !== "entry";
      sort = key;
      arrange();
    });
  });
  for (const id of ["layer", "verdict"]) $(id).addEventListener("change", arrange);
  let waiting = 0;
  $("find").addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(arrange, 120);
  });
  $("worst").addEventListener("click", () => {
    sort = "worst";
    down = true;
    arrange();
  });
  const turn = (by) => () => {
    first = Math.max(0, first + by);
    show();
  };
  $("back").addEventListener("click", turn(-ROWS));
  $("forward").addEventListener("click", turn(ROWS));
  document.querySelectorAll(".check .screen").forEach((e) => { e.hidden = false; });
  document.querySelectorAll(".check .paper").forEach((e) => { e.hidden = true; });
  arrange();
})();

/* The network: a neuron under the pointer or the focus says its numbers, and only
 * its own weights stay dark. The arrows go from neuron to neuron: up and down in a
 * layer, left and right to the next. */
(function () {
  const STEP = { ArrowUp: [0, -1], ArrowDown: [0, 1], ArrowLeft: [-1, 0], ArrowRight: [1, 0] };
  document.querySelectorAll(".network").forEach((network) => {
    const svg = network.querySelector("svg"), words = network.querySelector("output");
    const rest = words.textContent, layers = [];
    words.hidden = false;
    network.querySelectorAll("g[data-neuron]").forEach((g) => {
      const layer = Number(g.dataset.neuron.split(":")[0]);
      (layers[layer] ||= []).push(g);
    });
    const show = (event) => {
      const neuron = event.target.closest("g[data-neuron]");
      network.querySelectorAll(".edge").forEach((edge) => {
        const mine = !neuron || edge.dataset.to === neuron.dataset.neuron ||
                     edge.dataset.from === neuron.dataset.neuron;
        edge.classList.toggle("off", !mine);
      });
      words.textContent = neuron ? neuron.getAttribute("aria-label") : rest;
    };
    const rests = () => show({ target: network });
    svg.addEventListener("focusin", show);
    svg.addEventListener("pointerover", show);
    svg.addEventListener("focusout", rests);
    svg.addEventListener("pointerleave", rests);
    svg.addEventListener("keydown", (event) => {
      const neuron = event.target.closest("g[data-neuron]"), step = STEP[event.key];
      if (!neuron || !step) return;
      event.preventDefault();
      const at = Number(neuron.dataset.neuron.split(":")[0]);
      const row = layers[at].indexOf(neuron), layer = layers[at + step[0]];
      const next = layer && layer[step[0] ? Math.min(row, layer.length - 1) : row + step[1]];
      if (!next) return;
      neuron.setAttribute("tabindex", "-1");
      next.setAttribute("tabindex", "0");
      next.focus();
    });
  });
})();

/* A figure that is wider than its box can be scrolled with the keys; one that fits is no
 * stop on the tab key's way. */
(function () {
  const boxes = document.querySelectorAll(".wide");
  const look = () => boxes.forEach((box) => {
    if (box.scrollWidth > box.clientWidth) box.setAttribute("tabindex", "0");
    else box.removeAttribute("tabindex");
  });
  window.addEventListener("resize", look);
  look();
})();

/* Paper shows what is folded away on the screen, where it is not long. */
window.addEventListener("beforeprint", () => {
  document.querySelectorAll("details:not(.long)").forEach((details) => { details.open = true; });
});
