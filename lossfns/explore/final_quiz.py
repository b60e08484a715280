"""The final quiz: ten questions of many, drawn in the page, with a score and what to read again.

A question is one of `display_quiz` with a `section`, the label of the place that explains it.
Options are buttons: with the arrow keys one cannot pass over one of them and answer by mistake.
The first answer to a question counts; the others may be tried, since each explains itself. Nothing
is stored or sent.
"""

import json

from lossfns.labels import place

_STYLE = """
.lossfns-final fieldset { border: 0; margin: 0 0 1.6em; padding: 0; min-width: 0; }
.lossfns-final legend { float: none; font-size: 1rem; font-weight: 600; margin: 0 0 0.5em;
  padding: 0; }
.lossfns-final .options { display: grid; gap: 0.4em; }
.lossfns-final button { min-height: 2.2rem; padding: 0.3em 0.8em; font: inherit; color: inherit;
  text-align: left; background: transparent; border: 1px solid #797979; border-radius: 0.3rem;
  cursor: pointer; overflow-wrap: anywhere; }
.lossfns-final button:not(.right, .wrong):hover { border-color: currentColor; }
.lossfns-final .right { border: 2px solid #6b8e00; }
.lossfns-final .wrong { border: 2px dashed #ee560f; }
.lossfns-final p { margin: 0.5em 0; min-height: 1.4em; }
.lossfns-final .score { border-top: 1px solid #797979; padding-top: 0.8em; }
@media print { .lossfns-final button { border: 0; } }
"""

_SCRIPT = """
{
const root = document.currentScript?.parentElement ?? document.querySelector(".lossfns-final");
const all = JSON.parse(root.querySelector("script").textContent), size = +root.dataset.draw;
const asked = root.querySelector(".asked"), status = root.querySelector("[role=status]");
const again = root.querySelector(".again"), list = root.querySelector(".read");
const element = (kind, parent, content = "") => {
  const made = document.createElement(kind);
  made.innerHTML = content;
  parent.append(made);
  return made;
};
const shuffled = items => {
  const rest = [...items];
  return items.map(() => rest.splice(Math.floor(Math.random() * rest.length), 1)[0]);
};
let deck = [], first = [];
const draw = () => {
  // Every question comes once before one comes twice.
  if (deck.length < size) deck = [...deck, ...shuffled(all.filter(q => !deck.includes(q)))];
  const questions = deck.splice(0, size);
  first = questions.map(() => null);
  asked.replaceChildren();
  questions.forEach((question, number) => ask(question, number, questions));
  tell(questions);
};
const ask = (question, number, questions) => {
  const field = element("fieldset", asked);
  const legend = element("legend", field, `${number + 1}. ${question.question}`);
  legend.tabIndex = -1;
  const options = element("div", field);
  options.className = "options";
  const feedback = element("p", field);
  feedback.setAttribute("aria-live", "polite");
  for (const answer of shuffled(question.answers)) {
    const button = element("button", options, answer.answer);
    button.type = "button";
    button.addEventListener("click", () => {
      if (!button.className) {
        button.className = answer.correct ? "right" : "wrong";
        element("span", button, answer.correct ? " \\u2713" : " \\u2717")
          .setAttribute("aria-hidden", "true");
      }
      feedback.innerHTML = (answer.correct ? "" : "No. ") + answer.feedback;
      first[number] ??= answer.correct;
      tell(questions);
    });
  }
};
const tell = questions => {
  const done = first.filter(one => one !== null).length, right = first.filter(Boolean).length;
  const missed = questions.filter((question, number) => first[number] === false);
  list.replaceChildren();
  again.hidden = done < questions.length;
  if (!again.hidden) {
    const seen = new Set();
    for (const {section} of missed) {
      if (seen.has(section.title)) continue;
      seen.add(section.title);
      const item = element("li", list);
      const name = element(section.address ? "a" : "span", item, section.title);
      if (section.address) name.href = section.address;
    }
  }
  const said = again.hidden ? `${done} of ${questions.length} answered.` :
    `${right} of ${questions.length} right. ` + (missed.length ? "Read again:" :
      "Nothing to read again.");
  if (status.textContent !== said) status.textContent = said;
};
again.addEventListener("click", () => {
  draw();
  asked.querySelector("legend").focus();
});
draw();
}
""".strip()


def as_html(questions, draw):
    """The quiz of the published page.

    >>> as_html([], 10)[:42]
    '<div class="lossfns-final" data-draw="10">'
    """
    data = json.dumps([_shown(question) for question in questions], ensure_ascii=False)
    # Inside a script nothing but "</" needs care, and JSON may write it "<\\/".
    data = data.replace("</", "<\\/")
    return (
        f'<div class="lossfns-final" data-draw="{draw}"><style>{_STYLE}</style>'
        '<div class="asked">The quiz needs JavaScript.</div>'
        '<div class="score"><p role="status" aria-live="polite"></p><ul class="read"></ul>'
        '<button type="button" class="again" hidden>Draw ten others</button></div>'
        f'<script type="application/json">{data}</script><script>{_SCRIPT}</script></div>'
    )


def _shown(question):
    """What the page needs of a question, with the place of its section in words."""
    found = place(question["section"])
    answers = [
        {key: answer[key] for key in ("answer", "correct", "feedback")}
        for answer in question["answers"]
    ]
    section = {"title": str(found), "address": found.address}
    return {"question": question["question"], "answers": answers, "section": section}
