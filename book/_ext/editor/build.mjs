// Builds the editor into one file that the site carries; package-lock.json pins what goes in.
import {readFileSync} from "node:fs";
import {build} from "esbuild";

const lock = JSON.parse(readFileSync("package-lock.json", "utf8"));
const {metafile} = await build({
  entryPoints: ["editor.js"], bundle: true, write: false, metafile: true, format: "iife",
  minify: true, outfile: "out.js",
});
const inside = [...new Set(Object.keys(metafile.inputs)
  .map(path => path.match(/^node_modules\/(@[^/]+\/[^/]+|[^/]+)/)?.[1]).filter(Boolean))].sort();
const names = inside.map(name => {
  const {version, license} = lock.packages[`node_modules/${name}`];
  return `   ${name} ${version} (${license})`;
});
// All have the same licence, each with its own years.
const licences = inside.map(name => readFileSync(`node_modules/${name}/LICENSE`, "utf8"));
const holders = new Set(licences.map(text => text.match(/^Copyright .*$/m)[0]));
const terms = licences[0].slice(licences[0].indexOf("Permission is hereby granted")).trim();
const banner = ["/* Built by `make editor` from book/_ext/editor/; do not edit. Contains", ...names,
  "", ...[...holders, "", ...terms.split("\n")].map(line => `   ${line}`.trimEnd()), "*/"].join("\n");
await build({
  entryPoints: ["editor.js"], bundle: true, format: "iife", globalName: "lossfnsEditor",
  minify: true, target: ["es2020"], legalComments: "none", banner: {js: banner},
  outfile: "../../_static/practice/editor.js",
});
