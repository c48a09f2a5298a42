// The kit of the browser tests: the demonstration of the built program, Debian's
// Chromium, and check(), which gives a page all the tests that each page has.
import {after, before, describe, test} from "node:test";
import assert from "node:assert/strict";
import {spawn, spawnSync} from "node:child_process";
import {once} from "node:events";
import {mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync} from "node:fs";
import {createServer} from "node:net";
import {tmpdir} from "node:os";
import path from "node:path";
import {fileURLToPath} from "node:url";
import {chromium} from "playwright-core";
import axe from "axe-core";

const here = path.dirname(fileURLToPath(import.meta.url));
const pictures = path.join(here, "screenshots");
const program = process.env.SALLYPORT_BIN ?? path.join(here, "../../bin/sallyport");

// The most that a page may transfer to a browser that has nothing yet, in bytes.
const mostBytes = 60_000;

// How often each page is loaded to see how soon it is painted, in place of all tests; 0: it
// is tested.
const paintings = Number(process.env.SALLYPORT_PAINTINGS ?? 0);

/** The demonstration: its manifest, with its accounts and tenants by name. */
export let demo;
let browser, child, folder;
const sessions = new Map(); // by login: what its browser keeps, and since when

// How long a session serves new stories, in milliseconds. After five minutes the console
// asks for the password before some things, which would be in the middle of a story.
const freshFor = 150_000;

before(async () => {
  mkdirSync(pictures, {recursive: true});
  folder = mkdtempSync(path.join(tmpdir(), "sallyport-e2e-"));
  const manifest = path.join(folder, "manifest.json");
  child = spawn(program, ["demo", "--listen", "127.0.0.1:0", "--internal-listen", "127.0.0.1:0", "--manifest", manifest],
    {stdio: ["ignore", "pipe", "inherit"]});
  await saysWhereItIs(child);
  demo = JSON.parse(readFileSync(manifest, "utf8"));
  demo.password = (login) => demo.users.find((u) => u.login === login).password;
  demo.tenant = (name) => demo.tenants.find((t) => t.name === name).id;
  browser = await chromium.launch({
    executablePath: "/usr/bin/chromium",
    args: ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
      "--disable-background-networking", "--disable-component-update", "--disable-sync"],
  });
});

after(async () => {
  await browser?.close();
  if (child && child.exitCode === null) {
    child.kill("SIGTERM");
    await once(child, "exit");
  }
  if (folder) rmSync(folder, {recursive: true, force: true});
});

/**
 * installed serves an installation of its own at a host, for pages that the demonstration
 * cannot show, until stop is called. One that is empty has no administrator, but the code
 * of the first run.
 */
export async function installed({host = "127.0.0.1", empty = false} = {}) {
  const own = mkdtempSync(path.join(tmpdir(), "sallyport-e2e-own-"));
  const listener = createServer().listen(0, "127.0.0.1");
  await once(listener, "listening");
  const {port} = listener.address();
  listener.close();
  await once(listener, "close");
  const url = `http://${host}:${port}`;
  const made = spawnSync(program, ["init", "--dir", own, "--listen", `127.0.0.1:${port}`, "--url", url], {env: {PATH: process.env.PATH}});
  assert.equal(made.status, 0, `${made.stderr}`);
  const printed = (name) => `${made.stdout}`.match(new RegExp(`${name}: +(\\S+)`))[1];
  const storage = empty ? {SALLYPORT_STORAGE_URL: `sqlite:${path.join(own, "empty.db")}`} : {};
  const server = spawn(program, ["serve", "--config", path.join(own, "sallyport.yaml")], {
    stdio: ["ignore", "inherit", "pipe"], env: {PATH: process.env.PATH, SALLYPORT_INTERNAL_LISTEN: "127.0.0.1:0", ...storage},
  });
  const log = await new Promise((resolve, reject) => {
    let said = "";
    server.stderr.on("data", (text) => {
      said += text;
      if (said.includes('"listener":"public"')) resolve(said);
    });
    server.on("exit", (status) => reject(new Error(`it ended with ${status}: ${said}`)));
  });
  return {
    url, login: printed("Administrator"), password: printed("Password"), code: log.match(/"code":"([a-z2-7-]+)"/)?.[1],
    stop: async () => {
      if (server.exitCode === null) {
        server.kill("SIGTERM");
        await once(server, "exit");
      }
      rmSync(own, {recursive: true, force: true});
    },
  };
}

// The demonstration prints where it is once it serves.
function saysWhereItIs(process) {
  return new Promise((resolve, reject) => {
    let said = "";
    process.stdout.on("data", (text) => {
      said += text;
      if (said.includes("Console:")) resolve();
    });
    process.on("error", reject);
    process.on("exit", (status) => reject(new Error(`the demonstration ended with ${status}`)));
  });
}

/** A name that nothing else has yet, so that a story can be told twice. */
let names = 0;
export const fresh = (stem) => `${stem}-${++names}`;

// How long the checks of one page may take, in milliseconds, before they count as stuck.
const mostTime = 240_000;

// Contexts in which nothing that a page waits for ever happens.
const scriptless = new WeakSet();

// Browsers of who has signed in, by who it is and how it is set up. They are kept with
// their page, and used again: to start one takes longer than most stories.
const kept = new Map();
const room = {width: 1280, height: 800};

/**
 * visit opens a page as somebody (nobody: null, in a browser of his own that is closed
 * after use).
 */
export async function visit(as, options, use) {
  const key = `${as} ${JSON.stringify(options)}`;
  let one = kept.get(key)?.pop();
  if (one && Date.now() - one.since > freshFor) {
    await one.context.close();
    one = undefined;
  }
  one ??= await start(as, options);
  const {page, context} = one;
  const faults = [];
  page.on("pageerror", (error) => faults.push(`${error}`));
  page.on("console", (m) => {
    // What is refused on purpose is told by its status, and Chromium logs that.
    if (m.type() === "error" && !/status of 4\d\d/.test(m.text())) faults.push(m.text());
  });
  page.on("request", note);
  let keep = false;
  try {
    await use(page, context);
    assert.deepEqual(faults, [], "the page's console");
    keep = as !== null;
  } finally {
    if (keep) {
      page.removeAllListeners("pageerror").removeAllListeners("console").removeAllListeners("request");
      await page.setViewportSize(room);
      await page.emulateMedia({media: null, colorScheme: null, reducedMotion: null});
      kept.set(key, [...kept.get(key) ?? [], one]);
    } else {
      await context.close();
    }
  }
}

// What browsers asked the console for, as "METHOD path".
const asked = new Set();

function note(request) {
  asked.add(`${request.method()} ${new URL(request.url()).pathname}`);
}

/** untold are the routes of the console, as the list beside this file has them, that no story asked for. */
export function untold() {
  const routes = readFileSync(path.join(here, "routes.txt"), "utf8").trim().split("\n").map((line) => {
    const [method, pattern] = line.split(" ");
    const source = pattern.replace("{$}", "").replace(/\{[^}]+\}/g, "[^/]+").replaceAll(".", "\\.");
    return {line, fits: new RegExp(`^${method} /sallyport${source}$`), holes: pattern.split("{").length};
  });
  // What fits several is of the one that says most.
  routes.sort((a, b) => a.holes - b.holes);
  const told = new Set([...asked].map((one) => routes.find((r) => r.fits.test(one))?.line));
  return routes.map((r) => r.line).filter((line) => !told.has(line));
}

async function start(as, options) {
  const session = as && await sessionOf(as);
  const context = await browser.newContext({
    baseURL: demo.url, locale: "en-GB", timezoneId: "Europe/Berlin", viewport: room,
    ...options, ...(session && {storageState: session.state}),
  });
  context.setDefaultTimeout(20_000);
  if (options.javaScriptEnabled === false) scriptless.add(context);
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  const page = await context.newPage();
  await page.addInitScript(watchShifts);
  return {page, context, since: session?.since};
}

/** picture keeps what a page looks like in the middle of a story, in light and dark and narrow. */
export async function picture(page, name) {
  const size = page.viewportSize();
  for (const scheme of ["light", "dark"]) {
    await page.emulateMedia({colorScheme: scheme});
    await shoot(page, `${name}-${scheme}`);
    if (scheme === "light") await forDocs(page, name);
  }
  await page.emulateMedia({colorScheme: null});
  await page.setViewportSize({width: 320, height: 640});
  await fits(page, 320);
  await shoot(page, `${name}-narrow`);
  await page.setViewportSize(size);
}

// What leads to Chromium itself, by page. None is ended before its page: that would take
// the authenticators of other stories along.
const wires = new WeakMap();

async function wireTo(page) {
  if (!wires.has(page)) wires.set(page, await page.context().newCDPSession(page));
  return wires.get(page);
}

// shoot keeps a picture of the whole page.
async function shoot(page, name) {
  const wire = await wireTo(page);
  const {cssContentSize} = await wire.send("Page.getLayoutMetrics");
  // Chromium's own quick way: the files are larger, and nobody waits for the packing.
  const {data} = await wire.send("Page.captureScreenshot", {
    format: "png", optimizeForSpeed: true, captureBeyondViewport: true, clip: {...cssContentSize, scale: 1},
  });
  writeFileSync(path.join(pictures, `${name}.png`), data, "base64");
}

// Pages that the documentation shows, and the name of their picture there. "make
// pictures" takes them anew.
const documented = {"account": "console-account", "why": "console-why", "start-first": "console-first-request"};

async function forDocs(page, name) {
  if (!process.env.SALLYPORT_PICTURES || !documented[name]) return;
  const file = path.join(here, "../../docs/images", `${documented[name]}.png`);
  const {width, height} = await page.evaluate(() => document.body.getBoundingClientRect()); // without the room for a scroll bar
  const bytes = await page.screenshot({path: file, fullPage: true, clip: {x: 0, y: 0, width, height: Math.min(height, 1000)}});
  assert.ok(bytes.length < 150_000, `${documented[name]} has ${bytes.length} bytes`);
}

async function sessionOf(login) {
  if (!(Date.now() - sessions.get(login)?.since < freshFor)) {
    const since = Date.now();
    await visit(null, {}, async (page, context) => {
      await page.goto("/sallyport/sign-in");
      await page.getByLabel("Login").fill(login);
      await page.getByLabel("Password").fill(demo.password(login));
      await page.getByRole("button", {name: "Sign in"}).click();
      await page.waitForURL((url) => !url.pathname.endsWith("/sign-in"));
      sessions.set(login, {state: await context.storageState(), since});
    });
  }
  return sessions.get(login);
}

// What axe looks at, if not less is asked for; and what depends on the scheme, and on
// the width. What else a page is made of is the same in all of them.
const everyRule = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
const ofScheme = ["color-contrast", "link-in-text-block"];
const ofWidth = ["target-size", "scrollable-region-focusable"];

/**
 * audit has axe look at a page as it stands; any violation fails. Axe is a script, so it
 * looks when the story is told with scripts.
 */
export async function audit(page, what, rules = everyRule) {
  if (scriptless.has(page.context())) return;
  if (!await page.evaluate(() => "axe" in globalThis)) await page.evaluate(axe.source);
  const violations = await page.evaluate(async (runOnly) => {
    // What passed is not asked for, and would be most of the answer.
    const found = await globalThis.axe.run(document, {runOnly, resultTypes: ["violations"], preload: false});
    return found.violations;
  }, rules);
  const told = violations.flatMap((v) => v.nodes.map((n) => `${v.id}: ${v.help}: ${n.target.join(" ")}\n  ${n.failureSummary}`));
  assert.deepEqual(told, [], `${what}: axe`);
}

/** tabTo presses Tab until something has the focus; each stop must be visible. */
export async function tabTo(page, name, most = 120) {
  for (let i = 0; i < most; i++) {
    await page.keyboard.press("Tab");
    const now = await page.evaluate(focused);
    assert.ok(now.seen, `the focus is somewhere, and cannot be seen: ${now.name}`);
    if (now.name.includes(name)) return;
  }
  assert.fail(`Tab does not lead to ${name}`);
}

function focused() {
  const e = document.activeElement;
  const box = e.getBoundingClientRect();
  const style = getComputedStyle(e);
  const label = e.labels?.length ? e.labels[0].textContent : "";
  return {
    name: `${e.getAttribute("aria-label") ?? ""} ${label} ${e.textContent} ${e.name ?? ""}`.trim().replace(/\s+/g, " "),
    seen: e === document.body || (box.width > 0 && box.height > 0 && style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0),
  };
}

// keyboard goes once through the page with Tab: all that can be used is reached. The page
// notes itself where the focus was, so that nothing has to be asked between two keys.
async function keyboard(page) {
  const wanted = await page.evaluate(noteFocus, `${focused}`);
  let pressed = 0, stops;
  for (let more = wanted + 1; pressed < wanted + 40; more = 8) {
    for (let i = 0; i < more; i++, pressed++) await page.keyboard.press("Tab");
    stops = await page.evaluate(() => ({reached: globalThis.reached.size, unseen: globalThis.unseen}));
    assert.deepEqual(stops.unseen, [], "where the focus is, and cannot be seen");
    if (stops.reached >= wanted) break;
  }
  assert.equal(stops.reached, wanted, "elements that Tab leads to");
  await page.evaluate(() => { document.activeElement.blur(); window.scrollTo(0, 0); });
}

// noteFocus has the page note which of the elements that can be used have had the focus,
// and which could not be seen then. It returns how many there are: a group of radio
// buttons is one.
function noteFocus(focused) {
  const look = new Function(`return (${focused})()`);
  const shown = (e) => e.checkVisibility({visibilityProperty: true}) && !e.disabled && e.tabIndex >= 0;
  const name = (e) => e.type === "radio" ? `radio ${e.name}` : e;
  const wanted = new Set([...document.querySelectorAll("a[href], button, input:not([type=hidden]), select, textarea, summary")].filter(shown).map(name));
  globalThis.reached = new Set();
  globalThis.unseen = [];
  document.addEventListener("focusin", ({target}) => {
    if (wanted.has(name(target))) globalThis.reached.add(name(target));
    const {seen, name: what} = look();
    if (!seen) globalThis.unseen.push(what);
  });
  document.activeElement.blur();
  window.scrollTo(0, 0);
  return wanted.size;
}

async function fits(page, width) {
  const wide = await page.evaluate(() => document.scrollingElement.scrollWidth);
  assert.ok(wide <= width, `the page is ${wide} pixels wide on a screen of ${width}`);
}

/** free lets a form be sent that the browser itself would hold back. */
export const free = (page) => page.evaluate(() => { for (const f of document.forms) f.noValidate = true; });

/**
 * linked finds the page that a link of a list leads to, once: its path, with a
 * rest behind it. The list may be a function.
 */
const links = new Map();
export const linked = (as, list, name, rest = "") => async () => {
  const where = typeof list === "function" ? list() : list;
  const key = `${as} ${where} ${name}`;
  if (!links.has(key)) {
    await visit(as, {}, async (page) => {
      await page.goto(where);
      links.set(key, await page.getByRole("link", {name, exact: typeof name === "string"}).first().getAttribute("href"));
    });
  }
  return links.get(key) + rest;
};

/**
 * check tests a page.
 *
 *   check("users", {
 *     as: "admin",                                    // null: nobody has signed in
 *     path: () => `/sallyport/access/${demo.tenant("acme_3")}/users`,
 *     story: async (page) => {...},                   // from that page on; told with a script and without
 *     wrong: async (page) => {...},                   // wrong input: the fault stands beside its field
 *     keys: async (page) => {...},                    // what the keyboard alone must do, beside reaching everything
 *     script: true,                                   // the story needs a script
 *     bytes: 60_000,
 *   })
 *
 * All but as and path may be left out. Pictures are in screenshots/.
 */
export function check(name, {as, path: where, story, wrong, keys, script = false, bytes = mostBytes}) {
  const open = async (page) => {
    const answer = await page.goto(typeof where === "function" ? await where() : where);
    assert.equal(answer.status(), 200, `${name}: status`);
  };
  const opened = (options, use) => visit(as, options, async (page, context) => {
    await open(page);
    await use(page, context);
  });
  if (paintings) {
    test(`first paint of ${name}`, (t) => visit(as, {}, async (page) => {
      const wire = await wireTo(page); // kept by the page, with its cache
      await wire.send("Network.setCacheDisabled", {cacheDisabled: true});
      const paints = [];
      while (paints.length <= paintings) {
        await open(page);
        paints.push((await page.evaluate(loaded)).paint);
        await page.goto("about:blank");
      }
      paints.shift(); // while the browser and the demonstration began
      const [least, ...others] = paints.toSorted((a, b) => a - b);
      t.diagnostic(`${name}: first paint after ${least} ms at least, ${others[(paintings >> 1) - 1]} in the median, ${others.at(-1)} at most`);
    }));
    return;
  }
  describe(name, {timeout: mostTime}, () => {
    if (story) test("story", () => opened({}, story));
    if (story && !script) test("story without a script", () => opened({javaScriptEnabled: false}, story));
    if (wrong) test("wrong input", () => opened({}, wrong));
    if (keys) test("what the keyboard must do", () => opened({}, keys));
    // To load a page takes longer than to look at it, so it is loaded once.
    test("as it stands", (t) => visit(as, {}, async (page) => {
      await page.emulateMedia({colorScheme: "light", reducedMotion: "reduce"});
      const weighed = await weigh(page);
      await open(page);
      await t.test("loading", async (t) => {
        const sum = await weighed();
        const {paint, shifts} = await page.evaluate(loaded);
        t.diagnostic(`${name}: ${sum} bytes, first paint after ${paint} ms`);
        assert.ok(sum > 0 && sum < bytes, `${sum} bytes were transferred`);
        const moved = shifts.reduce((all, shift) => all + shift.by, 0);
        assert.ok(moved < mostShift, `things jump by ${moved} while the page loads: ${JSON.stringify(shifts)}`);
      });
      await t.test("keyboard alone", () => keyboard(page));
      await t.test("looks", () => looks(page, name));
    }));
  });
}

// weigh returns a function that tells how many bytes a page has transferred to a browser
// that has nothing of it yet.
async function weigh(page) {
  const wire = await wireTo(page);
  await wire.send("Network.enable");
  await wire.send("Network.setCacheDisabled", {cacheDisabled: true});
  let sum = 0;
  const add = (e) => { sum += e.encodedDataLength; };
  wire.on("Network.loadingFinished", add);
  return async () => {
    wire.off("Network.loadingFinished", add);
    await wire.send("Network.disable");
    return sum;
  };
}

// How far things may move while a page loads, as browsers count it (1: all of the
// screen, by all of its height). What is below a tenth is called good; a time that is
// told in another zone may be shorter or longer by a line.
const mostShift = 0.05;

function watchShifts() {
  globalThis.shifts = [];
  const name = (node) => node?.nodeType === 1 ? `${node.tagName} ${node.className}` : node?.nodeName;
  new PerformanceObserver((list) => {
    for (const e of list.getEntries()) globalThis.shifts.push({by: e.value, of: e.sources.map((source) => name(source.node))});
  }).observe({type: "layout-shift", buffered: true});
}

async function loaded() {
  const frame = () => new Promise((shown) => requestAnimationFrame(shown));
  const painted = () => performance.getEntriesByName("first-contentful-paint")[0]?.startTime;
  await frame();
  await frame();
  for (let frames = 0; painted() === undefined && frames < 100; frames++) await frame(); // it is told a little later
  const paint = painted() ?? -1;
  return {paint: Math.round(paint), shifts: globalThis.shifts};
}

// looks has axe look at a page in both schemes and narrow, takes its pictures, and sees
// that it fits every screen, and that paper has no navigation.
async function looks(page, name) {
  await audit(page, "light");
  await shoot(page, `${name}-light`);
  await forDocs(page, name);
  await page.emulateMedia({colorScheme: "dark"});
  await audit(page, "dark", ofScheme);
  await shoot(page, `${name}-dark`);
  await page.emulateMedia({colorScheme: "light"});
  await page.setViewportSize({width: 320, height: 640});
  await fits(page, 320);
  await audit(page, "narrow", ofWidth);
  await shoot(page, `${name}-narrow`);
  await page.setViewportSize({width: 3840, height: 1600});
  await fits(page, 3840);
  await page.setViewportSize({width: 720, height: 1000});
  await page.emulateMedia({media: "print"});
  await fits(page, 720);
  const left = await page.evaluate(() => [...document.querySelectorAll("nav.side, nav.pager, header, button, .button")]
    .filter((e) => e.checkVisibility()).map((e) => e.outerHTML));
  assert.deepEqual(left, [], `${name}: on paper, what can only be clicked`);
}
