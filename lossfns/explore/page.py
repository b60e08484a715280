"""The front end of the published page: one HTML fragment, no kernel, no network."""

import html
import json

from .controls import Choice, Play
from .film import NAME

# A change must not make the browser lay out the whole chapter again, hence "contain". The padding
# leaves room for the ring around the control that has the focus. Widths are relative and the
# columns of controls fold, so nothing scrolls sideways on a phone.
_STYLE = """
.lossfns-explorer{contain:layout style;max-width:100%;padding:0 4px 4px;color:inherit;\
font-size:1rem;line-height:1.4}
.lossfns-explorer svg{display:block;max-width:100%;height:auto;stroke-linejoin:round;\
stroke-linecap:butt}
.lossfns-explorer .controls{display:grid;align-items:end;gap:.25rem 1.5rem;\
grid-template-columns:repeat(auto-fit,minmax(min(13rem,100%),1fr))}
.lossfns-explorer .controls[hidden]{display:none}
.lossfns-explorer .control{display:grid;grid-template-columns:1fr auto;align-items:center}
.lossfns-explorer label{display:contents}
.lossfns-explorer output{grid-area:1/2;font-weight:bold;font-variant-numeric:tabular-nums}
.lossfns-explorer input{grid-area:2/1/auto/-1;width:100%;min-height:2rem;margin:0;\
accent-color:#168af0;cursor:pointer}
.lossfns-explorer select,.lossfns-explorer button{min-height:2rem;padding:.1rem .8rem;font:inherit;\
color:inherit;background:transparent;border:1px solid #797979;border-radius:.3rem;cursor:pointer}
.lossfns-explorer option{color:#000;background:#fff}
.lossfns-explorer button{justify-self:start;min-width:6.5rem}
@media print{.lossfns-explorer input,.lossfns-explorer button{display:none!important}}
""".strip()

# A frame is the join of its parts. Ranges and selects hold positions in the lists of values.
# Readers who prefer reduced motion get one step for each press of the button.
_SCRIPT = """
{
const root = document.currentScript?.parentElement ?? document.getElementById("NAME");
const film = JSON.parse(root.querySelector("script").textContent);
const svg = root.querySelector("svg"), defs = svg.querySelector("defs").outerHTML;
const inputs = [...root.querySelectorAll("input, select")];
const show = () => {
  const at = inputs.map(input => +input.value);
  const k = at.reduce((sum, i, axis) => sum * film.values[axis].length + i, 0);
  svg.innerHTML = defs + film.frames[k].map(i => film.parts[i]).join("");
  svg.setAttribute("aria-label", film.alts[k]);
  inputs.forEach((input, axis) => {
    const text = film.values[axis][at[axis]], output = input.parentElement.nextElementSibling;
    if (output) { output.value = text; input.setAttribute("aria-valuetext", text); }
  });
};
inputs.forEach(input => input.addEventListener("input", show));
for (const button of root.querySelectorAll("button")) {
  const input = root.querySelector(`[name="${button.value}"]`);
  const calm = matchMedia("(prefers-reduced-motion: reduce)");
  let timer = 0;
  const move = () => { input.value = input.value === input.max ? 0 : +input.value + 1; show(); };
  const stop = () => { clearInterval(timer); timer = 0; name(); };
  const name = () => { button.textContent = timer ? "\\u23f8\\ufe0e Pause" : calm.matches
    ? "Next step" : "\\u25b6\\ufe0e Play"; };
  button.addEventListener("click", () => {
    if (timer) return stop();
    if (calm.matches) return move();
    if (input.value === input.max) move();
    timer = setInterval(() => { move(); if (input.value === input.max) stop(); },
                        +button.dataset.interval);
    name();
  });
  input.addEventListener("pointerdown", stop);
  calm.addEventListener("change", stop);
  name();
}
root.querySelector(".controls").hidden = false;
}
""".strip()


def page(film, controls, alts, start):
    """Return the explorer as HTML.

    Arguments
        film: a `Film` with a frame for every combination of the controls' values, the last
            control changing fastest.
        controls: mapping from name to control.
        alts: a text for every frame.
        start: the number of the frame to show first.
    """
    data = json.dumps(
        {
            "values": [[c.text(v) for v in c.values] for c in controls.values()],
            "alts": alts,
            "parts": film.parts,
            "frames": film.frames,
        },
        ensure_ascii=False,
        separators=(",", ":"),
    )
    width = float(film.view_box.split()[2]) * 96 / 72
    return film.named(
        "\n".join(
            [
                f'<div class="lossfns-explorer" id="{NAME}">',
                f"<style>{_STYLE}</style>",
                svg_element(film, start, alts[start], width),
                '<div class="controls" hidden>',
                *(_control(key, control) for key, control in controls.items()),
                "</div>",
                # Inside a script nothing but "</" needs care, and JSON may write it "<\/".
                '<script type="application/json">' + data.replace("</", "<\\/") + "</script>",
                "<script>" + _SCRIPT.replace("NAME", NAME) + "</script>",
                "</div>",
            ]
        )
    )


def svg_element(film, number, alt, width):
    """Return a frame as an <svg> element with its alternative text, its ids not yet named."""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label="{html.escape(alt)}"'
        f' width="{width:.0f}" viewBox="{film.view_box}">{film.drawing(number)}</svg>'
    )


def _control(name, control):
    start = control.values.index(control.start)
    text = html.escape(control.text(control.start))
    label = f"<span>{html.escape(control.label or name)}</span>"
    if isinstance(control, Choice):
        options = "".join(
            f'<option value="{i}"{" selected" if i == start else ""}>{html.escape(n)}</option>'
            for i, n in enumerate(control.names)
        )
        return (
            f'<div class="control"><label>{label}'
            f'<select name="{name}" autocomplete="off">{options}</select></label></div>'
        )
    # A screen reader hears the value from the range; an <output> by itself would say it again.
    row = (
        f'<div class="control"><label>{label}<input type="range" name="{name}" min="0"'
        f' max="{len(control.values) - 1}" step="1" value="{start}" aria-valuetext="{text}"'
        f' autocomplete="off"></label><output aria-live="off">{text}</output></div>'
    )
    if isinstance(control, Play):
        row += (
            f'\n<button type="button" value="{name}" data-interval="{control.interval}">'
            "Play</button>"
        )
    return row
