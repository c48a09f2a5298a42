// Runs the browser tests: those in pages/ whose file names are given as
// arguments, or all. With --docs it runs those that take the documentation's
// pictures, and puts them there. See kit.js.
import assert from "node:assert/strict";
import {readdirSync} from "node:fs";
import {test} from "node:test";
import path from "node:path";
import {fileURLToPath} from "node:url";
import {untold} from "./kit.js";

const folder = path.join(path.dirname(fileURLToPath(import.meta.url)), "pages");
let wanted = process.argv.slice(2);
if (wanted[0] === "--docs") {
  process.env.SALLYPORT_PICTURES = "docs";
  wanted = ["account", "start", "why"];
}
// What no story does: it lets time pass, needs a program that has signed in, leaves less
// for the other stories, or gives no page. Tests of internal/console do it.
const elsewhere = {
  "asset": "TestAssets", "bare": "TestOddRequests", "home": "TestOddRequests", "confirm": "TestConfirmKeepsTheForm", "user.unlock": "TestEndOneSignIn",
  "sign-in.end.ask": "TestEndOneSignIn", "sign-in.end": "TestEndOneSignIn", "user.sign-in.end.ask": "TestEndOneSignIn", "user.sign-in.end": "TestEndOneSignIn",
  "factor.codes": "TestSecondFactor", "why.grant": "TestExplainAndGrant", "shadow.promote": "TestShadowPages", "shadow.stop.ask": "TestShadowPages", "shadow.stop": "TestShadowPages", "tokens": "TestOddRequests",
  "audit.export": "TestAudit", "api.document.file": "TestLargeDocument", "api.openapi": "TestAPIDocument",
};
const all = !wanted.length;
for (const file of readdirSync(folder).sort()) {
  if (!file.endsWith(".js")) continue;
  if (wanted.length && !wanted.some((name) => file === `${name}.js`)) continue;
  await import(path.join(folder, file));
}

// When all stories were told: has any page been forgotten?
if (all) test("each page and each form of the console has a story", () => {
  assert.deepEqual(untold().filter((line) => !elsewhere[line.split(" ")[2]]), []);
});
