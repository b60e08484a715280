// The editor of the exercises in the pages: as much of CodeMirror as writing a function takes.
// `make editor` builds book/_static/practice/editor.js from this file.
import {closeBrackets, closeBracketsKeymap} from "@codemirror/autocomplete";
import {defaultKeymap, history, historyKeymap, indentWithTab} from "@codemirror/commands";
import {python} from "@codemirror/lang-python";
import {bracketMatching, indentOnInput, indentUnit, syntaxHighlighting} from "@codemirror/language";
import {EditorState, StateEffect, StateField} from "@codemirror/state";
import {Decoration, EditorView, keymap, lineNumbers} from "@codemirror/view";
import {classHighlighter} from "@lezer/highlight";

// The line that an error names, until the text changes.
const mark = StateEffect.define();
const marked = StateField.define({
  create: () => Decoration.none,
  update(lines, {effects, docChanged, state}) {
    const asked = effects.find(effect => effect.is(mark));
    if (!asked) return docChanged ? Decoration.none : lines;
    if (!(asked.value >= 1 && asked.value <= state.doc.lines)) return Decoration.none;
    const line = Decoration.line({class: "lossfns-editor-error"});
    return Decoration.set([line.range(state.doc.line(asked.value).from)]);
  },
  provide: field => EditorView.decorations.from(field),
});

// `onChange` gets every new text, `onRun` is called for Ctrl+Enter. Tab indents; Escape before it
// makes it leave the editor, which is CodeMirror's own rule.
export function open(parent, {text, label, describedBy, onChange, onRun}) {
  const run = () => { onRun(); return true; };
  const view = new EditorView({
    parent,
    state: EditorState.create({
      doc: text,
      extensions: [
        lineNumbers(), history(), indentOnInput(), bracketMatching(), closeBrackets(), python(),
        indentUnit.of("    "), EditorView.lineWrapping, syntaxHighlighting(classHighlighter), marked,
        keymap.of([
          {key: "Ctrl-Enter", mac: "Cmd-Enter", run},
          ...closeBracketsKeymap, ...defaultKeymap, ...historyKeymap, indentWithTab,
        ]),
        EditorView.contentAttributes.of({"aria-label": label, "aria-describedby": describedBy}),
        EditorView.updateListener.of(update => {
          if (update.docChanged) onChange(update.state.doc.toString());
        }),
      ],
    }),
  });
  return {
    get text() { return view.state.doc.toString(); },
    set text(text) {
      view.dispatch({changes: {from: 0, to: view.state.doc.length, insert: text}});
    },
    // Puts the cursor on these words, so that what is typed takes their place.
    select(words) {
      const from = view.state.doc.toString().indexOf(words);
      if (from >= 0) view.dispatch({selection: {anchor: from, head: from + words.length}});
      view.focus();
    },
    markLine(number) { view.dispatch({effects: mark.of(number)}); },
  };
}
