// A quiz asks MathJax for its formulas half a second after it appears; on a slow line MathJax is
// not there yet. So ask once more when it is.
document.addEventListener("DOMContentLoaded", () =>
  window.MathJax?.startup?.promise?.then(() =>
    MathJax.typesetPromise([...document.querySelectorAll(".Quiz")])));

// Who listens to the page is told what a field asks for, and every verdict of a quiz. Icons say
// nothing: the theme swaps them for drawings with titles, at a moment of its own.
const nameFields = () => {
  for (const icon of document.querySelectorAll(".theme-switch:not([aria-hidden])")) {
    icon.setAttribute("aria-hidden", "true");
    icon.removeAttribute("title");
  }
  for (const title of document.querySelectorAll(".theme-switch-button title")) title.remove();
  for (const quiz of document.querySelectorAll(".Quiz")) {
    const question = quiz.querySelector("[id^=quizQn]")?.textContent.trim();
    for (const field of quiz.querySelectorAll("input:not([aria-label])"))
      field.setAttribute("aria-label", question || "Your answer");
    quiz.querySelector("[id^=fb]:not([aria-live])")?.setAttribute("aria-live", "polite");
  }
};
document.addEventListener("DOMContentLoaded", () => {
  nameFields();
  new MutationObserver(nameFields).observe(document.body, {childList: true, subtree: true});
  // What is written on the button is its name, for those who say it aloud.
  const search = document.querySelector(".search-button-field");
  search?.setAttribute("aria-label", search.textContent.replace(/\s+/g, " ").trim());
});

// The arrows that unfold a chapter in the sidebar are pictures: say what they unfold.
document.addEventListener("DOMContentLoaded", () => {
  for (const arrow of document.querySelectorAll("nav .toctree-l1 > details > summary")) {
    const chapter = arrow.closest("li").querySelector("a").textContent.trim();
    arrow.setAttribute("aria-label", `Sections of ${chapter}`);
  }
});
