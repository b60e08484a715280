// The script of the book: quizzes, what the reader has read, and what the theme leaves unsaid to
// those who listen to a page.

const marks = (() => {
  // Kept in this browser alone: {read: {page: 1}, answers: {quiz: {question: what was chosen}},
  // code: {exercise: {text: what was written, right: whether the check has passed it}}}.
  // A browser that keeps nothing, as in some private windows, has none: `kept` is false then.
  const key = "lossfns-marks";
  let kept = true;
  const all = () => {
    try {
      return {read: {}, answers: {}, code: {}, ...JSON.parse(localStorage.getItem(key))};
    } catch {
      return {read: {}, answers: {}, code: {}};
    }
  };
  const change = alter => {
    const now = all();
    alter(now);
    try {
      localStorage.setItem(key, JSON.stringify(now));
    } catch {
      kept = false;
    }
  };
  try {
    localStorage.setItem(key + "-test", "");
    localStorage.removeItem(key + "-test");
  } catch {
    kept = false;
  }
  return {all, change, get kept() { return kept; }, forget: () => localStorage.removeItem(key)};
})();

// A quiz is written by jupyterquiz, in a script of its own. What is chosen is remembered by the
// words of the option, since options come in another order each time.
const quizzes = (() => {
  const options = question => [...question.querySelectorAll(".MCButton")];

  function show(box) {
    const questions = JSON.parse(box.querySelector("script").textContent);
    for (const old of box.querySelectorAll(".Quiz")) old.remove();
    show_questions(questions, box);
    [...box.querySelectorAll(".Quiz")].forEach((question, number) => {
      for (const option of options(question)) option.dataset.words = option.textContent;
      answerAgain(question, marks.all().answers[box.id]?.[number]);
      name(question);
      question.addEventListener("click", event => {
        const option = event.target.closest(".MCButton");
        if (option) remember(box, number, option.dataset.words, options(question).length);
      });
      question.querySelector(".Input-text")?.addEventListener("keypress", event => {
        if (event.key === "Enter") remember(box, number, event.target.value);
      });
    });
  }

  // Of several right options all that were chosen count, of one the last.
  function remember(box, number, words) {
    const several = box.querySelectorAll(".Quiz")[number].querySelector(".ManyChoiceQn");
    marks.change(({answers}) => {
      const mine = answers[box.id] ??= {};
      const before = several ? (mine[number] ?? []).filter(other => other !== words) : [];
      mine[number] = [...before, words];
    });
  }

  function answerAgain(question, words = []) {
    for (const option of options(question))
      // The circle, since a click on its label would give it the focus.
      if (words.includes(option.dataset.words)) option.querySelector("input").click();
    const field = question.querySelector(".Input-text");
    if (field && words.length) {
      // A right number moves on to the next field: not on opening a page.
      const fields = document.querySelectorAll(".Quiz .Input-text");
      for (const other of fields) other.focus = () => {};
      field.value = words[0];
      check_numeric(field, {keyCode: 13});
      for (const other of fields) delete other.focus;
    }
  }

  // Who listens is told what is asked, and every verdict from now on.
  function name(question) {
    const asked = question.querySelector("[id^=quizQn]");
    const group = question.querySelector(".Answer:has(.MCButton)");
    group?.setAttribute("role", "group");
    (group ?? question.querySelector(".Input-text"))?.setAttribute("aria-labelledby", asked.id);
    question.querySelector(".Feedback").setAttribute("aria-live", "polite");
  }

  function showAll() {
    for (const box of document.querySelectorAll(".lossfns-quiz")) show(box);
    // On a slow line MathJax comes after the quizzes.
    window.MathJax?.startup?.promise?.then(() =>
      MathJax.typesetPromise([...document.querySelectorAll(".Quiz")]));
  }
  return {showAll};
})();

// Which pages have been read, as the reader says: at the end of a page, in the sidebar, and where
// a table says how many minutes a page takes.
const reading = (() => {
  const root = new URL(document.documentElement.dataset.content_root ?? ".", location);
  const pageOf = address => {
    const {href} = new URL(address, location);
    const path = href.startsWith(root) ? href.slice(root.href.length) : "";
    return path.replace(/(\.html)?([?#].*)?$/, "");
  };
  const links = () => [
    ...document.querySelectorAll("nav.bd-links a.reference.internal"),
    ...[...document.querySelectorAll("article table")]
      .filter(table => /minutes/i.test(table.tHead?.textContent))
      .flatMap(table => [...table.querySelectorAll("tbody a.reference.internal")]),
  ];

  function show() {
    const {read} = marks.all();
    for (const link of links()) {
      const isRead = pageOf(link.href) in read;
      if (isRead === link.classList.contains("lossfns-read")) continue;
      link.classList.toggle("lossfns-read", isRead);
      if (isRead) link.insertAdjacentHTML("beforeend", '<span class="visually-hidden"> (read)</span>');
      else link.querySelector(":scope > .visually-hidden").remove();
    }
    // The map of the chapters, a drawing, has room for how many.
    for (const chapter of document.querySelectorAll(".lossfns-chapters a")) {
      const folder = pageOf(chapter.getAttribute("href")).replace(/[^/]*$/, "");
      const count = Object.keys(read).filter(page => page.startsWith(folder)).length;
      const state = chapter.querySelector(".state");
      const pages = state.dataset.pages ??= state.textContent;
      state.textContent = count ? `${count} of ${pages} read` : pages;
    }
    const box = document.querySelector(".lossfns-marks input");
    if (box) box.checked = pageOf(location) in read;
  }

  function offer() {
    const article = document.querySelector("article.bd-article");
    if (!article || !pageOf(location).startsWith("book/") || !marks.kept) return;
    article.insertAdjacentHTML("beforeend", `<div class="lossfns-marks">
      <label><input type="checkbox" autocomplete="off"> I have read this page</label>
      <button type="button">Forget what I have read, answered and written</button>
      <p role="status">Marks and answers stay in this browser.</p></div>`);
    const offered = article.querySelector(".lossfns-marks");
    const said = text => { offered.querySelector("p").textContent = text; };
    offered.querySelector("input").addEventListener("change", event => {
      const page = pageOf(location);
      marks.change(({read}) => { if (event.target.checked) read[page] = 1; else delete read[page]; });
      show();
    });
    offered.querySelector("button").addEventListener("click", () => {
      marks.forget();
      show();
      quizzes.showAll();
      document.dispatchEvent(new Event("lossfns-forget"));
      practice.show();
      said("All marks and answers are forgotten.");
    });
  }
  return {show, offer};
})();

// Exercises to write in the page (book/_ext/practice.py), and cells to change (book/_ext/cells.py).
// The editor and Python are fetched on the first press of a button; until then the page shows the
// code alone.
const practice = (() => {
  const here = document.currentScript.src;

  // Each script once; from a folder on the disk, too.
  const scripts = {};
  const load = address => scripts[address] ??= new Promise((resolve, reject) => {
    const script = Object.assign(document.createElement("script"), {src: address, onload: resolve});
    script.onerror = () => {
      delete scripts[address];
      reject(new Error(`${address} did not load`));
    };
    document.head.append(script);
  });

  // Fetches what shows the editor, then `open` does; what hinders it is said instead.
  async function fetchFor(button, said, version, open) {
    const place = name => new URL(`practice/${name}?v=${version}`, here).href;
    if (location.protocol === "file:") {
      said.textContent = "A page opened from a file cannot run Python. Type make serve in the " +
        "folder of the course and open this page at http://localhost:8000, or use the notebook.";
      return;
    }
    button.disabled = true;
    try {
      await Promise.all(["editor.js", "practice.js"].map(name => load(place(name))));
    } catch (error) {
      said.textContent = `The editor did not arrive (${error.message}). Press again, or use the notebook.`;
      button.disabled = false;
      return;
    }
    said.textContent = "";
    button.remove();
    open();
  }

  function openExercise(box) {
    const {key} = box.dataset;
    lossfnsPractice.open(box, {
      kept: () => marks.all().code[key],
      keep: mine => {
        if (!mine && !(key in marks.all().code)) return;
        marks.change(({code}) => { if (mine) code[key] = mine; else delete code[key]; });
        show();
      },
    });
  }

  // What is right and what is begun, beside the name of the exercise.
  function show() {
    const {code} = marks.all();
    for (const box of document.querySelectorAll(".lossfns-practice")) {
      const mine = code[box.dataset.key];
      box.querySelector(".lossfns-state").textContent = mine ? mine.right ? "right ✓" : "begun" : "";
    }
  }

  function offer() {
    for (const button of document.querySelectorAll(".lossfns-practice button[hidden]")) {
      const box = button.closest(".lossfns-practice");
      button.hidden = false;
      button.addEventListener("click", () => fetchFor(
        button, box.querySelector(".lossfns-said"), box.dataset.version, () => openExercise(box)));
    }
    show();
    offerCells();
  }

  function offerCells() {
    const data = document.querySelector(".lossfns-cells");
    if (!data) return;
    const {version, statements, cells} = JSON.parse(data.textContent);
    for (const [id, {above, draws}] of Object.entries(cells)) {
      const cell = document.getElementById(id);
      cell.querySelector(".cell_input").insertAdjacentHTML("afterend", `<div class="lossfns-try">
        <button type="button">Try it</button> <span class="lossfns-said" role="status"></span></div>`);
      const offered = cell.querySelector(".lossfns-try");
      const button = offered.querySelector("button"), said = offered.querySelector("span");
      button.addEventListener("click", () => fetchFor(
        button, said, version,
        () => lossfnsPractice.openCell(cell, {above: statements.slice(0, above), draws})));
    }
  }
  return {offer, show};
})();

document.addEventListener("DOMContentLoaded", () => {
  quizzes.showAll();
  practice.offer();
  reading.offer();
  reading.show();
});
// A page that the browser has kept, and one beside which another has been marked.
for (const event of ["pageshow", "storage"]) {
  window.addEventListener(event, reading.show);
  window.addEventListener(event, practice.show);
}

// Icons say nothing: the theme swaps them for drawings with titles, at a moment of its own.
const silenceIcons = () => {
  for (const icon of document.querySelectorAll(".theme-switch:not([aria-hidden])")) {
    icon.setAttribute("aria-hidden", "true");
    icon.removeAttribute("title");
  }
  for (const title of document.querySelectorAll(".theme-switch-button title")) title.remove();
};
document.addEventListener("DOMContentLoaded", () => {
  silenceIcons();
  new MutationObserver(silenceIcons).observe(document.body, {childList: true, subtree: true});
  // What is written on the button is its name, for those who say it aloud.
  const search = document.querySelector(".search-button-field");
  search?.setAttribute("aria-label", search.textContent.replace(/\s+/g, " ").trim());
  for (const fold of document.querySelectorAll("summary[aria-label='Toggle hidden content']"))
    fold.removeAttribute("aria-label");
});

// The arrows that unfold a chapter in the sidebar are pictures: say what they unfold.
document.addEventListener("DOMContentLoaded", () => {
  for (const arrow of document.querySelectorAll("nav .toctree-l1 > details > summary")) {
    const chapter = arrow.closest("li").querySelector("a").textContent.trim();
    arrow.setAttribute("aria-label", `Sections of ${chapter}`);
  }
});

// Paper unfolds nothing: print what is folded. (The style sheet unfolds solutions.)
window.addEventListener("beforeprint", () => {
  for (const folded of document.querySelectorAll("article details:not([open])")) {
    folded.open = true;
    window.addEventListener("afterprint", () => { folded.open = false; }, {once: true});
  }
});
