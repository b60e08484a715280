// Runs the reader's code apart from the page: an endless loop is ended with the worker.
// Messages: {id, do: "run" | "hint" | "cell", with: [arguments]} gives {id, result} or {id, failed};
// with `draws`, Matplotlib is there before.
import {loadPyodide} from "../pyodide/pyodide.mjs";

// The address space of Python here; a larger array is a MemoryError and not the end of the tab.
const MOST_BYTES = 768 * 2 ** 20;
const grow = WebAssembly.Memory.prototype.grow;
WebAssembly.Memory.prototype.grow = function (pages) {
  if (this.buffer.byteLength + pages * 2 ** 16 > MOST_BYTES) throw new RangeError("no more memory");
  return grow.call(this, pages);
};

const {search} = new URL(import.meta.url);
const get = async address => {
  const reply = await fetch(new URL(address + search, import.meta.url));
  if (!reply.ok) throw new Error(`${reply.url}: ${reply.status}`);
  return reply;
};

async function start() {
  const [python, library, program] = await Promise.all([
    loadPyodide({indexURL: new URL("../pyodide/", import.meta.url).href, packages: ["numpy"]}),
    get("../pyodide/lossfns.zip").then(reply => reply.arrayBuffer()),
    get("run.py").then(reply => reply.text()),
  ]);
  const folder = python.runPython("import site; site.getsitepackages()[0]");
  python.unpackArchive(library, "zip", {extractDir: folder});
  python.FS.writeFile(`${folder}/practice.py`, program);
  return {python, module: python.pyimport("practice")};
}

// It takes longer to come than all else: only where a figure is drawn.
let matplotlib;
async function bringMatplotlib({python}) {
  await python.loadPackage("matplotlib");
  python.pyimport("lossfns.explore.style");
}

const started = start();
started.then(
  () => postMessage({ready: true}),
  error => postMessage({failed: String(error.message ?? error)}));

onmessage = async ({data}) => {
  const here = await started, {module} = here;
  try {
    if (data.draws) await (matplotlib ??= bringMatplotlib(here));
    if (!data.do) return;
    postMessage({id: data.id, started: true});
    const result = module[data.do](...data.with);
    postMessage({id: data.id, result: result.toJs({dict_converter: Object.fromEntries})});
    result.destroy();
  } catch (error) {
    // Of a traceback the last line.
    const [last] = String(error.message ?? error).trim().split("\n").slice(-1);
    postMessage({id: data.id, failed: last});
  }
};
