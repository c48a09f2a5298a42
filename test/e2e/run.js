// Runs the browser tests: those in pages/ whose file names are given as
// arguments, or all. With --docs it runs those that take the documentation's
// pictures, and puts them there. See kit.js.
import {readdirSync} from "node:fs";
import path from "node:path";
import {fileURLToPath} from "node:url";

const folder = path.join(path.dirname(fileURLToPath(import.meta.url)), "pages");
let wanted = process.argv.slice(2);
if (wanted[0] === "--docs") {
  process.env.SALLYPORT_PICTURES = "docs";
  wanted = ["account", "start", "why"];
}
for (const file of readdirSync(folder).sort()) {
  if (!file.endsWith(".js")) continue;
  if (wanted.length && !wanted.some((name) => file === `${name}.js`)) continue;
  await import(path.join(folder, file));
}
