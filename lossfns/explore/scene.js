// What a scene needs in the browser. `id` names its element; `declare` is given the functions below
// and returns the scene: variables, lookups, and the formulas written as functions of `v`, which
// holds the value of every name.
(id, declare) => {
  const root = document.currentScript?.closest(".lossfns-scene") ?? document.getElementById(id);
  const svg = root.querySelector("svg");
  const calm = matchMedia("(prefers-reduced-motion: reduce)");

  const clamp = (x, low, high) => Math.min(Math.max(x, low), high);
  const px = x => isNaN(x) ? -10000 : Math.floor(clamp(x, -1e4, 1e4) * 10 + 0.5) / 10;
  const points = pairs => pairs.map(pair => pair.map(px)).join(" ");
  const fix = (x, digits) => {
    if (!isFinite(x)) return isNaN(x) ? "–" : x > 0 ? "∞" : "−∞";
    const text = Math.abs(x).toFixed(digits);
    return x < 0 && +text ? "−" + text : text;
  };
  const functions = {
    px, points, fix,
    sig: (x, digits) => fix(x, !isFinite(x) || x === 0 ? digits - 1
      : clamp(digits - 1 - Math.floor(Math.log10(Math.abs(x))), 0, 12)),
    sigmoid: x => 1 / (1 + Math.exp(-x)),
    softplus: x => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))),
    curve: (place, low, high, n) =>
      points(Array.from({length: n}, (_, i) => place(low + (high - low) * i / (n - 1)))),
    // The places visited when the variables are changed `n` times.
    walk: (v, n, change, place) => {
      const pairs = [];
      for (let i = 0; ; i++) {
        pairs.push(place(v));
        if (i >= n) return points(pairs);
        v = scene.derive({...v, ...change(v)});
      }
    },
    // The tiles of a surface, what lies behind first.
    mesh: (heights, place, depth) => {
      const rows = heights.length - 1, columns = heights[0].length - 1, tiles = [];
      const corners = heights.map((row, i) => row.map((h, j) =>
        place(i / rows, j / columns, h).map(x => Math.floor(x + 0.5)).join(" ")));
      for (let i = 0; i < rows; i++)
        for (let j = 0; j < columns; j++) {
          const mean = (heights[i][j] + heights[i + 1][j] + heights[i][j + 1]
            + heights[i + 1][j + 1]) / 4;
          const way = [corners[i][j], corners[i + 1][j], corners[i + 1][j + 1], corners[i][j + 1]];
          tiles.push([depth((i + 0.5) / rows, (j + 0.5) / columns),
            `<path class="c${Math.min(Math.floor(Math.sqrt(mean) * 8), 7)}" d="M${way.join("L")}z"/>`]);
        }
      return tiles.sort((a, b) => a[0] - b[0]).map(tile => tile[1]).join("");
    },
  };
  for (const name of ["abs", "atan2", "ceil", "cos", "exp", "floor", "hypot", "log", "max", "min",
    "sign", "sin", "sqrt", "tanh"]) functions[name] = Math[name];

  const scene = declare(functions), variables = scene.variables;
  // Straight lines between the neighbours, along one axis after the other.
  const lookup = ({values, ends}) => (...place) => place.reduce((row, p, axis) => {
    const [start, stop] = ends[axis];
    const u = clamp((p - start) / (stop - start), 0, 1) * (row.length - 1);
    const low = Math.min(Math.floor(u), row.length - 2), share = u - low;
    const mix = (a, b) => Array.isArray(a) ? a.map((x, i) => mix(x, b[i])) : a + share * (b - a);
    return mix(row[low], row[low + 1]);
  }, values);
  const lookups = Object.fromEntries(
    Object.entries(scene.lookups).map(([name, plain]) => [name, lookup(plain)]));
  const starts = Object.fromEntries(Object.entries(variables).map(([name, row]) => [name, row[2]]));
  const at = values => scene.derive({...lookups, ...starts, ...values});

  let now = {...starts}, guessed = false;
  const moving = [...svg.querySelectorAll("[data-m]")];
  const knobs = [...svg.querySelectorAll(".handle")];
  const inputs = [...root.querySelectorAll("input, select")];
  const [bets, goal, details] = [".bets", ".goal", "details"].map(q => root.querySelector(q));

  const text = name => {
    const [, , , , digits, , names] = variables[name];
    return names.length ? names[now[name]] : fix(now[name], digits);
  };
  const show = () => {
    const v = at(now);
    moving.forEach((element, i) => {
      const attributes = scene.marks[i](v);
      for (const key in attributes)
        if (key === "") element.textContent = attributes[key];
        else if (key === "html") element.innerHTML = attributes[key];
        else element.setAttribute(key, attributes[key]);
    });
    const says = scene.says(v);
    svg.setAttribute("aria-label", says);
    for (const input of inputs) {
      input.value = now[input.name];
      const output = input.parentElement.nextElementSibling;
      if (!output) continue;
      output.value = text(input.name);
      input.setAttribute("aria-valuetext", `${text(input.name)}. ${says}`);
    }
    knobs.forEach((knob, i) => {
      const [, , across, up] = scene.handles[i], name = across ?? up;
      knob.setAttribute("aria-valuenow", now[name]);
      knob.setAttribute("aria-valuetext",
        `${[across, up].filter(n => n).map(text).join(", ")}. ${says}`);
    });
    if (guessed && !details.open && scene.seen(v)) details.open = true;
    if (goal) {
      const reached = scene.goal(v), [box, status] = goal.children;
      box.textContent = reached ? "☑" : "☐";
      goal.classList.toggle("reached", reached);
      if (reached !== !!status.textContent) status.textContent = reached ? " Reached." : "";
    }
  };
  const set = values => {
    for (const name in values) {
      const [low, high, , step] = variables[name];
      if (isNaN(values[name])) continue;
      const steps = Math.round((values[name] - low) / step);
      now[name] = +clamp(low + steps * step, low, high).toFixed(6);
    }
    root.classList.add("moved");
    show();
  };

  inputs.forEach(input => input.addEventListener("input", () => set({[input.name]: +input.value})));
  knobs.forEach((knob, i) => {
    const [label, [left, top, width, height], across, up, change] = scene.handles[i];
    const [low, high] = variables[across ?? up];
    for (const [key, value] of Object.entries({tabindex: 0, role: "slider", "aria-label": label,
      "aria-valuemin": low, "aria-valuemax": high})) knob.setAttribute(key, value);
    let offset = null;
    // Where the pointer is, in the numbers of the panel's axes.
    const place = event => {
      const {x, y} = new DOMPoint(event.clientX, event.clientY)
        .matrixTransform(svg.getScreenCTM().inverse());
      return [(x - left) / width, (y - top) / height];
    };
    // Or the finger would scroll the page; not every browser heeds touch-action in a drawing.
    knob.addEventListener("touchstart", event => event.preventDefault(), {passive: false});
    knob.addEventListener("pointerdown", event => {
      const [x, y] = place(event), {e, f} = knob.transform.baseVal[0].matrix;
      offset = [(e - left) / width - x, (f - top) / height - y];
      knob.setPointerCapture(event.pointerId);
      stopAll();
      // Not by a click, since the ring of the focus is for those who use keys.
      event.preventDefault();
    });
    knob.addEventListener("pointermove", event => {
      if (!offset) return;
      const [x, y] = place(event);
      set(change(x + offset[0], y + offset[1], at(now)));
    });
    for (const end of ["pointerup", "pointercancel"]) knob.addEventListener(end, () => offset = null);
    knob.addEventListener("keydown", event => {
      const sides = {ArrowLeft: [across, -1], ArrowRight: [across, 1], ArrowDown: [up, -1],
        ArrowUp: [up, 1], PageDown: [across, -10], PageUp: [across, 10], Home: [across, -1e9],
        End: [across, 1e9]};
      if (!(event.key in sides)) return;
      const name = sides[event.key][0] ?? across ?? up;
      set({[name]: now[name] + sides[event.key][1] * (event.shiftKey ? 10 : 1) * variables[name][3]});
      event.preventDefault();
    });
  });

  const stops = [];
  const stopAll = () => stops.forEach(stop => stop());
  for (const button of root.querySelectorAll("[name=play]")) {
    const name = button.value, [low, high, , step] = variables[name];
    let timer = 0;
    const move = () => set({[name]: now[name] >= high ? low : now[name] + step});
    const write = () => button.textContent = timer ? "⏸︎ Pause"
      : calm.matches ? "Next step" : "▶︎ Play";
    const stop = () => { clearInterval(timer); timer = 0; write(); };
    stops.push(stop);
    button.addEventListener("click", () => {
      if (timer) return stop();
      if (calm.matches) return move();
      if (now[name] >= high) move();
      timer = setInterval(() => { move(); if (now[name] >= high) stop(); }, +button.dataset.interval);
      write();
    });
    calm.addEventListener("change", stop);
    write();
  }
  root.querySelector("[name=reset]").addEventListener("click", () => { stopAll(); set(starts); });

  const buttons = [...bets?.querySelectorAll("button") ?? []];
  for (const button of buttons)
    button.addEventListener("click", () => {
      guessed = true;
      for (const other of buttons) other.setAttribute("aria-pressed", other === button);
      bets.querySelector("[role=status]").textContent = "Now try it.";
    });
  details.addEventListener("toggle", () => {
    const bet = buttons.find(button => button.getAttribute("aria-pressed") === "true");
    if (bet && details.open) bets.querySelector("[role=status]").textContent =
      "right" in bet.dataset ? "Your guess was right." : "It is not what you guessed.";
  });
  if (bets) bets.hidden = false;
  root.querySelector(".controls").hidden = false;
  // Or Jupyter would take the arrow keys, with which it goes from cell to cell.
  for (const element of root.querySelectorAll(".handle, input, select, button, summary"))
    element.setAttribute("data-lm-suppress-shortcuts", "true");
  root.classList.add("live");
  root.explorer = {at, set, now: () => ({...now}), drawn: values => scene.marks.map(m => m(at(values)))};
  show();
}
