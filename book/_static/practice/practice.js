// Exercises that a reader writes in the page, and cells that a reader changes. book.js fetches this
// script on the first press of "Write it here" or "Try it"; it shows the editor and has worker.js
// run and check what is written.

const lossfnsPractice = (() => {
  // That the reader's code may take; a cell may have its training above it.
  const SECONDS = {run: 10, hint: 10, cell: 30};
  const MOST_WORKERS = 2;   // that are kept for later, since each takes about 100 MB

  const script = document.currentScript.src;
  const beside = name => new URL(name + new URL(script).search, script);

  // One worker an exercise, so that none disturbs another, and one for the cells of the page, which
  // run one after the other: {thread, ready, jobs}. The last used are kept.
  const workers = new Map();

  function worker(key) {
    const its = workers.get(key) ?? begin(key);
    workers.delete(key);
    workers.set(key, its);
    for (const [other, {jobs}] of workers)
      if (workers.size > MOST_WORKERS && other !== key && !jobs.size) end(other);
    return its;
  }

  function begin(key) {
    const its = {thread: new Worker(beside("worker.js"), {type: "module"}), jobs: new Map()};
    its.ready = new Promise((resolve, reject) => {
      its.thread.onmessage = ({data}) => {
        if (data.ready) resolve();
        else if (data.id === undefined) reject(new Error(data.failed));
        else its.jobs.get(data.id)?.take(data);
      };
      its.thread.onerror = event => reject(new Error(event.message || "no worker started"));
    });
    its.ready.catch(error => end(key, error, its));
    return its;
  }

  // Ends a worker, if it is still this one; who waits for it is told why.
  function end(key, why = new Error("it was ended"), its = workers.get(key)) {
    if (!its || workers.get(key) !== its) return;
    workers.delete(key);
    its.thread.terminate();
    for (const {refuse} of its.jobs.values()) refuse(why);
  }

  // What the worker answers; one that takes too long is ended, and another is there for the next.
  function ask(key, work) {
    const its = worker(key), id = its.last = (its.last ?? 0) + 1;
    let clock;
    const anew = text => {
      const ours = text => Object.assign(new Error(text), {ours: true});
      its.jobs.get(id).refuse(ours(text));
      end(key, ours("Another cell took too long, and Python was ended with it. Run this one again."));
      worker(key);
    };
    const seconds = SECONDS[work.do];
    const late = () =>
      anew(`Stopped after ${seconds} seconds. Is there a loop that does not end?`);
    const broken = words => anew(`${work.do === "cell" ? "Python" : "The check itself"} stopped ` +
      `with ${words}. If your code changes NumPy, let it not.`);
    return new Promise((resolve, reject) => {
      its.jobs.set(id, {
        take(data) {
          if (data.started) clock = setTimeout(late, 1000 * seconds);
          else if ("failed" in data) broken(data.failed);
          else resolve(data.result);
        },
        refuse: reject,
      });
      its.ready.then(() => its.thread.postMessage({id, ...work}), () => {});
    }).finally(() => { clearTimeout(clock); its.jobs.delete(id); });
  }

  addEventListener("pagehide", () => { for (const key of [...workers.keys()]) end(key); });

  const element = (name, properties = {}, ...children) => {
    const made = Object.assign(document.createElement(name), properties);
    made.append(...children);
    return made;
  };
  const button = (text, onclick) => element("button", {type: "button", textContent: text, onclick});

  // Lines that are indented, examples and code, keep their form; the others flow.
  function paragraphs(text) {
    return text.split("\n\n").flatMap(block => {
      const lines = block.split("\n"), first = lines.findIndex(line => line.startsWith("  "));
      const prose = first < 0 ? lines : lines.slice(0, first);
      const code = first < 0 ? [] : lines.slice(first).map(line => line.replace(/^  /, ""));
      return [
        ...(prose.length ? [element("p", {textContent: prose.join(" ")})] : []),
        ...(code.length ? [element("pre", {textContent: code.join("\n"), tabIndex: 0})] : []),
      ];
    });
  }

  // Of HTML that comes of the reader's code, tables and text alone.
  function plain(node) {
    if (node.nodeType === Node.TEXT_NODE) return [node.textContent];
    if (/^(SCRIPT|STYLE)$/i.test(node.nodeName)) return [];
    const inside = [...node.childNodes].flatMap(plain);
    if (!/^(TABLE|THEAD|TBODY|TR|TH|TD)$/.test(node.nodeName)) return inside;
    const made = element(node.nodeName, {}, ...inside);
    made.style.textAlign = node.style.textAlign;
    return [made];
  }

  // What a notebook shows under a cell: a figure, a table or text.
  function shownAs({image, alt, width, html, text}) {
    if (image)
      return element("img", {src: image, alt: alt || "The figure of this cell", ...(width && {width})});
    if (!html) return element("pre", {textContent: text, tabIndex: 0});
    const {body} = new DOMParser().parseFromString(html, "text/html");
    return element("div", {className: "lossfns-table", tabIndex: 0}, ...plain(body));
  }

  // The code in `stub` becomes an editor, with buttons and a place for what comes of it.
  function field(stub, {id, key, start, text, label, help, elsewhere, onChange, buttons}) {
    const place = element("div", {className: "lossfns-editor"});
    const result = element("div", {className: "lossfns-result"});
    result.setAttribute("role", "status");
    const about = element("p", {id: `${id}-help`, className: "lossfns-help", textContent: help});
    let asked = 0;

    const editor = lossfnsEditor.open(place, {
      text: text ?? start, label, describedBy: about.id, onChange, onRun: buttons[0][1],
    });
    const bar = element("div", {className: "lossfns-bar"},
      ...buttons.map(([text, press]) => button(text, press)), button("Start again", startAgain));
    bar.firstChild.className = "lossfns-first";
    stub.replaceChildren(place, about, bar, result);
    // While the reader writes, Python arrives.
    worker(key);

    const say = (kind, ...children) => {
      asked++;
      result.className = `lossfns-result ${kind}`;
      result.replaceChildren(...children);
    };

    // Shows what comes of `work`, unless something else has been asked for in between.
    async function show(work, waiting) {
      say("", element("p", {textContent: waiting}));
      const mine = asked;
      editor.markLine(0);
      let answer;
      try {
        answer = await ask(key, work);
      } catch (error) {
        const text = error.ours ? error.message :
          `Python did not run here: ${error.message}. ${elsewhere}`;
        if (mine === asked) say("wrong", element("p", {textContent: text}));
        return {};
      }
      if (mine !== asked) return {};
      const {text, line, read, address, printed, shown = []} = answer;
      const said = text ? paragraphs(text) : [];
      if (read) {
        const root = new URL(document.documentElement.dataset.content_root ?? ".", location);
        const link = element("a", {href: new URL(address, root), textContent: read});
        said.push(element("p", {}, "Read again: ", link));
      }
      if (printed && work.do === "run") said.push(element("p", {textContent: "It prints:"}));
      if (printed) said.push(element("pre", {textContent: printed.trimEnd(), tabIndex: 0}));
      said.push(...shown.map(shownAs));
      if (!said.length) said.push(element("p", {textContent: "It ran, and has nothing to show."}));
      say(answer.right ? "right" : text && work.do !== "hint" ? "wrong" : "", ...said);
      if (line) editor.markLine(line);
      return answer;
    }

    function startAgain() {
      const before = editor.text;
      end(key);  // what the old text has done to Python goes with it
      worker(key);
      editor.text = start;
      const back = button("Bring it back", () => { editor.text = before; say(""); });
      if (before === start) say("");
      else say("", element("p", {}, "The code is as it was, and what you wrote is gone. ", back));
    }

    return {editor, say, show};
  }

  const WAITING = "Running … (Python is fetched the first time.)";
  const KEYS = "Tab indents; Escape, then Tab leaves the editor.";

  function open(box, {kept, keep}) {
    const {exercise, key} = box.dataset;
    const stub = box.querySelector(".lossfns-stub");
    const start = stub.querySelector("pre").textContent.trimEnd() + "\n";
    let turn = 0;

    const {editor, say, show} = field(stub, {
      id: box.id, key, start, text: kept()?.text, label: `Your ${exercise}`,
      help: `Ctrl+Enter runs and checks. ${KEYS} What you write stays in this browser.`,
      elsewhere: "The notebook is linked below.",
      onChange: text => keep(text === start ? undefined : {text, right: false}),
      buttons: [["Run and check", check], ["Show a hint", hint]],
    });
    editor.select(start.match(/# YOUR CODE HERE\n\s*raise NotImplementedError\(\)/)?.[0] ?? start);

    async function check() {
      const text = editor.text, others = solved(key);
      const {right} = await show({do: "run", with: [exercise, text, others]}, WAITING);
      if (right !== undefined && editor.text === text && text !== start) keep({text, right});
    }

    function hint() {
      show({do: "hint", with: [exercise, turn++]}, "Looking for a hint …");
    }

    document.addEventListener("lossfns-forget", () => {
      editor.text = start;
      say("");
    });
  }

  // A cell of the page, which runs after what it depends on of the statements above it.
  function openCell(cell, {above, draws}) {
    const stub = cell.querySelector(".cell_input");
    const start = stub.querySelector("pre").textContent.trimEnd() + "\n";
    const {editor, show} = field(stub, {
      id: cell.id, key: "cells", start, label: "Code of this cell",
      help: `Ctrl+Enter runs. ${KEYS} What this cell needs of the cells above runs before it, as ` +
        "they stand in the page. Nothing is kept.",
      elsewhere: "The notebook of this page has the cell, too.",
      onChange: () => {},
      buttons: [["Run", () => show({do: "cell", with: [above, editor.text], draws}, WAITING)]],
    });
    cell.querySelector(".cell_output")?.before(
      element("p", {className: "lossfns-help", textContent: "As the page was built:"}));
    editor.select("");
    if (draws) worker("cells").thread.postMessage({draws});
  }

  // What the reader has written of the same assignment and got right: it may be used here.
  function solved(key) {
    const [assignment] = key.split("/");
    return Object.entries(marks.all().code)
      .filter(([other, {right}]) => right && other !== key && other.startsWith(`${assignment}/`))
      .map(([, {text}]) => text);
  }

  return {open, openCell};
})();
