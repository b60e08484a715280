// A quiz asks MathJax for its formulas half a second after it appears; on a slow line MathJax is
// not there yet. So ask once more when it is.
document.addEventListener("DOMContentLoaded", () =>
  window.MathJax?.startup?.promise?.then(() =>
    MathJax.typesetPromise([...document.querySelectorAll(".Quiz")])));
