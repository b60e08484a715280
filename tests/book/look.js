// What is looked at in a page of the book; test_pages.py calls these functions. Each returns the
// faults that it finds, in words.
window.look = (() => {
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const sleep = ms => new Promise(resolve => setTimeout(resolve, ms));
  const rgb = colour => colour.match(/[\d.]+/g).map(Number);
  const words = element => element.innerText.trim().replace(/\s+/g, " ").slice(0, 100);

  // What lies behind an element: the nearest that is not transparent.
  function behind(element) {
    while (element.parentElement && (rgb(getComputedStyle(element).backgroundColor)[3] ?? 1) === 0)
      element = element.parentElement;
    return getComputedStyle(element).backgroundColor;
  }

  // The contrast of an element's text with what lies behind it, as WCAG 2 defines it.
  function contrast(element) {
    const light = ([r, g, b]) => [r, g, b].map(c => c / 255)
      .map(c => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
      .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
    const [a, b] = [light(rgb(getComputedStyle(element).color)), light(rgb(behind(element)))];
    return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
  }

  const faint = (element, what) =>
    contrast(element) >= 4.5 ? [] : [`contrast ${contrast(element).toFixed(2)} of ${what}`];

  // Equations and quizzes appear after the page: wait until nothing has changed for a while.
  async function settled(quiet) {
    if (window.MathJax) {
      while (!MathJax.startup?.promise) await sleep(10);
      await MathJax.startup.promise;
    }
    const start = performance.now();
    let last = start;
    const observer = new MutationObserver(() => { last = performance.now(); });
    observer.observe(document, {subtree: true, childList: true, attributes: true});
    while (performance.now() - last < quiet && performance.now() - start < 20000) await sleep(20);
    observer.disconnect();
  }

  function setInFull(scheme) {
    const faults = [], theme = document.documentElement.dataset.theme;
    if (theme !== scheme) faults.push(`the theme is ${theme}`);
    const titles = all("article h1").length;
    if (titles !== 1) faults.push(`${titles} titles`);
    const [equations, set] = [all("article .math"), all("article .math mjx-container")];
    if (set.length < equations.length)
      faults.push(`${set.length} of ${equations.length} equations are set`);
    return faults.concat(all("mjx-merror").map(e => `equation: ${words(e)}`));
  }

  // What scrolls sideways although it holds the whole page (the theme lets the article do so), or
  // a card or table of names, in which only what has a box of its own may scroll.
  const wide = e => e.scrollWidth > e.clientWidth + 1;
  function tooWide() {
    const whole = [document.documentElement,
      ...all("main, .bd-content, .bd-article-container, article"),
      ...all("article .lossfns-atlas").map(e => e.parentElement)];
    return whole.filter(wide)
      .map(e => `too wide: ${e.tagName}.${e.className}: ${e.scrollWidth} > ${e.clientWidth}`)
      .concat(squeezed());
  }

  // On a phone an equation that has to scroll has all the width: its number stands above it.
  function squeezed() {
    if (innerWidth > 600) return [];
    return all("article div.math:has(.eqno)").filter(box => {
      const equation = box.querySelector("mjx-container");
      return equation && wide(equation) && equation.clientWidth < box.clientWidth - 1;
    }).map(box => `an equation beside its number is cut off: ${box.id}`);
  }

  function covered() {
    const clear = "rgba(0, 0, 0, 0)", faults = [];
    for (const picture of all("article img, article svg[role=img]")) {
      const {backgroundColor, filter} = getComputedStyle(picture);
      if (backgroundColor !== clear || filter !== "none")
        faults.push(`picture on ${backgroundColor}, filter ${filter}: ` +
          (picture.alt || picture.getAttribute("aria-label")));
    }
    for (const box of all("article .cell_output .text_html")) {
      const {backgroundColor} = getComputedStyle(box);
      if (!box.querySelector("table") && backgroundColor !== clear)
        faults.push(`output on ${backgroundColor}: ${words(box)}`);
    }
    return faults;
  }

  // The median time, in ms, that a step of a slider takes until the page is laid out again.
  function millisecondsPerStep(slider) {
    const times = [];
    const step = Math.max(+slider.step, (slider.max - slider.min) / 40);
    for (let i = +slider.min; i <= +slider.max; i += step) {
      const start = performance.now();
      slider.value = i;
      slider.dispatchEvent(new Event("input", {bubbles: true}));
      slider.parentElement.getBoundingClientRect();
      times.push(performance.now() - start);
    }
    return times.sort((a, b) => a - b)[times.length >> 1];
  }

  // Click every option of every quiz, all questions side by side.
  async function answers(expected) {
    const faults = [], questions = all(".Quiz");
    for (const question of questions)
      if (question.getBoundingClientRect().width < 0.8 * question.parentElement.clientWidth)
        faults.push("a question is squeezed");
    if (questions.length !== expected)
      faults.push(`${questions.length} questions instead of ${expected}`);
    const options = questions.map(question => all(".MCButton", question));
    for (let k = 0; k < Math.max(0, ...options.map(o => o.length)); k++) {
      const said = [];
      questions.forEach((question, i) => {
        const option = options[i][k], feedback = question.querySelector(".Feedback");
        if (!option) return;
        const name = `option "${words(option)}"`;
        faults.push(...faint(option, name));
        option.scrollIntoView({block: "center", behavior: "instant"});
        const box = option.getBoundingClientRect();
        const hit = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
        if (!option.contains(hit)) faults.push(`${name} lies under ${hit?.outerHTML.slice(0, 99)}`);
        feedback.textContent = "";
        option.click();
        if (feedback.innerText.trim().split(/\s+/).length < 2) faults.push(`${name} says nothing`);
        said.push([feedback, name]);
      });
      await sleep(60);
      for (const [feedback, name] of said) faults.push(...faint(feedback, `feedback to ${name}`));
    }
    for (const question of questions)
      if (wide(question)) faults.push(`too wide: ${words(question)}`);
    if (questions.length && !all(".MCButton.correctButton, .MCButton.incorrectButton").length)
      faults.push("no option is marked");
    return faults;
  }

  // Take out of the page what axe would look at ten thousand times and find the same in: shapes
  // without words, the glyphs of equations (no reader's aid sees them; the words stand beside
  // them), code that looks like code before it, on the same ground, and, unless the frame is asked
  // for, the links to other pages in the sidebar.
  function thin(frame) {
    if (!frame)
      for (const item of all("nav.bd-links li:not(.current)"))
        if (item.previousElementSibling) item.remove();
    for (const shape of all("svg :is(path, use, line, rect, circle, ellipse, polyline, polygon)"))
      if (!shape.childElementCount && !shape.matches("[tabindex], [role], [aria-label], [title]"))
        shape.remove();
    const glyphs = all("mjx-math[aria-hidden=true]").map(e => [e, e.getBoundingClientRect()]);
    for (const [math, {width, height}] of glyphs) {
      math.replaceChildren();
      math.style.cssText = `display: inline-block; width: ${width}px; height: ${height}px`;
    }
    for (const math of all("mjx-assistive-mml > math")) math.textContent = math.textContent;
    const seen = new Set(), ground = new Map(), again = [];
    for (const token of all(".highlight pre span:not([id])")) {
      if (token.childElementCount || token.attributes.length > 1) continue;
      const block = token.closest("pre");
      if (!ground.has(block)) ground.set(block, behind(block));
      const style = getComputedStyle(token);
      const own = [style.color, style.backgroundColor, style.font, style.opacity];
      const key = JSON.stringify([...own, ground.get(block), getComputedStyle(block).color]);
      if (seen.has(key)) again.push(token);
      if (token.innerText.trim()) seen.add(key);
    }
    for (const token of again) token.replaceWith(...token.childNodes);
    for (const block of ground.keys()) block.normalize();
  }

  // What stands in somebody's way, by the rules of WCAG 2.1, levels A and AA: all of them, or those
  // that speak otherwise in another light; in the whole page or in some parts of it.
  const all21 = {type: "tag", values: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]};
  const ofColour = {type: "rule", values: ["color-contrast", "link-in-text-block"]};
  async function barriers(rules, parts) {
    const there = parts?.filter(selector => document.querySelector(selector));
    if (there && !there.length) return [];
    const found = await axe.run(there ? {include: there} : document, {
      ...rules === "all" ? {
        runOnly: all21, rules: {"label-content-name-mismatch": {enabled: true}},
      } : {runOnly: ofColour},
      resultTypes: ["violations"],
      preload: false,  // of style sheets, which a page opened from disk may not read
    });
    return found.violations.map(
      v => `${v.id}: ${v.nodes.map(n => n.html.slice(0, 200)).join(" | ")}`);
  }

  return {
    settled, setInFull, tooWide, covered, millisecondsPerStep, answers, thin, barriers,
    faintBox: box => faint(box, "a box"),
  };
})();
