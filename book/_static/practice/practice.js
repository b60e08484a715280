// Exercises that a reader writes in the page. book.js fetches this script on the first press of
// "Write it here"; it shows the editor and has worker.js run and check what is written.

const lossfnsPractice = (() => {
  const SECONDS = 10;       // that the reader's code may take
  const MOST_WORKERS = 2;   // that are kept for later, since each takes about 100 MB

  const script = document.currentScript.src;
  const beside = name => new URL(name + new URL(script).search, script);

  // One worker an exercise, so that none disturbs another: {thread, ready, jobs}. The last used
  // are kept.
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
      end(key, Object.assign(new Error(text), {ours: true}));
      worker(key);
    };
    const late = () =>
      anew(`Stopped after ${SECONDS} seconds. Is there a loop that does not end?`);
    const broken = words =>
      anew(`The check itself stopped with ${words}. If your code changes NumPy, let it not.`);
    return new Promise((resolve, reject) => {
      its.jobs.set(id, {
        take(data) {
          if (data.started) clock = setTimeout(late, 1000 * SECONDS);
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

  function open(box, {kept, keep}) {
    const {exercise, key} = box.dataset;
    const stub = box.querySelector(".lossfns-stub");
    const start = stub.querySelector("pre").textContent.trimEnd() + "\n";
    const place = element("div", {className: "lossfns-editor"});
    const result = element("div", {className: "lossfns-result"});
    result.setAttribute("role", "status");
    const help = element("p", {
      id: `${box.id}-help`, className: "lossfns-help",
      textContent: "Ctrl+Enter runs and checks. Tab indents; Escape, then Tab leaves the editor. " +
        "What you write stays in this browser.",
    });
    let turn = 0, asked = 0;

    const editor = lossfnsEditor.open(place, {
      text: kept()?.text ?? start, label: `Your ${exercise}`, describedBy: help.id,
      onChange: text => keep(text === start ? undefined : {text, right: false}),
      onRun: check,
    });
    const run = button("Run and check", check);
    run.className = "lossfns-first";
    const bar = element("div", {className: "lossfns-bar"},
      run, button("Show a hint", hint), button("Start again", startAgain));
    stub.replaceChildren(place, help, bar, result);
    editor.select(start.match(/# YOUR CODE HERE\n\s*raise NotImplementedError\(\)/)?.[0] ?? start);
    // While the reader writes, Python arrives.
    worker(key);

    const say = (kind, ...children) => {
      result.className = `lossfns-result ${kind}`;
      result.replaceChildren(...children);
    };

    // Shows what comes of `work`, unless something else has been asked for in between.
    async function show(work, waiting) {
      const mine = ++asked;
      say("", element("p", {textContent: waiting}));
      editor.markLine(0);
      let answer;
      try {
        answer = await ask(key, work);
      } catch (error) {
        const text = error.ours ? error.message :
          `Python did not run here: ${error.message}. The notebook is linked below.`;
        if (mine === asked) say("wrong", element("p", {textContent: text}));
        return {};
      }
      if (mine !== asked) return {};
      const {text, line, read, address, printed} = answer;
      const said = paragraphs(text);
      if (read) {
        const root = new URL(document.documentElement.dataset.content_root ?? ".", location);
        const link = element("a", {href: new URL(address, root), textContent: read});
        said.push(element("p", {}, "Read again: ", link));
      }
      if (printed) said.push(element("p", {textContent: "It prints:"}),
        element("pre", {textContent: printed.trimEnd(), tabIndex: 0}));
      say(work.do === "hint" ? "" : answer.right ? "right" : "wrong", ...said);
      if (line) editor.markLine(line);
      return answer;
    }

    async function check() {
      const text = editor.text, others = solved(key);
      const {right} = await show(
        {do: "run", with: [exercise, text, others]}, "Running … (Python is fetched the first time.)");
      if (right !== undefined && editor.text === text && text !== start) keep({text, right});
    }

    function hint() {
      show({do: "hint", with: [exercise, turn++]}, "Looking for a hint …");
    }

    function startAgain() {
      const before = editor.text;
      asked++;
      end(key);  // what the old text has done to Python goes with it
      worker(key);
      editor.text = start;
      const back = button("Bring it back", () => { editor.text = before; say(""); });
      if (before === start) say("");
      else say("", element("p", {}, "The stub is back, and what you wrote is gone. ", back));
    }

    document.addEventListener("lossfns-forget", () => {
      asked++;
      editor.text = start;
      say("");
    });
  }

  // What the reader has written of the same assignment and got right: it may be used here.
  function solved(key) {
    const [assignment] = key.split("/");
    return Object.entries(marks.all().code)
      .filter(([other, {right}]) => right && other !== key && other.startsWith(`${assignment}/`))
      .map(([, {text}]) => text);
  }

  return {open};
})();
