// What a page can do only with a script, and could do without: copying, times in
// the reader's zone, and checking a field while it is typed. Everything else
// works without.
"use strict";

// Times: what is in the page is in UTC. They are written as the reader's country
// does, if the page is in his language.
let formats; // made when they are first needed: that takes a browser longer than the whole page

function timeFormats() {
  if (formats) return formats;
  const {lang} = document.documentElement;
  const locale = navigator.languages.find((l) => l.split("-")[0] === lang) ?? lang;
  const format = (how) => new Intl.DateTimeFormat(locale, how);
  formats = {
    full: format({dateStyle: "full", timeStyle: "long"}),
    date: format({dateStyle: "medium"}),
    exact: format({dateStyle: "medium", timeStyle: "medium"}),
  };
  return formats;
}

function localise(root) {
  for (const time of root.querySelectorAll("time[datetime]")) {
    const at = new Date(time.dateTime);
    if (isNaN(at)) continue;
    const {full, date, exact} = timeFormats();
    time.title = full.format(at);
    if (time.dataset.show === "date") time.textContent = date.format(at);
    if (time.dataset.show === "exact") time.textContent = exact.format(at);
  }
}

// Buttons that copy are hidden where there is no script.
function offerCopies(root) {
  if (!navigator.clipboard) return;
  for (const button of root.querySelectorAll("button[data-copy]")) button.hidden = false;
}

// Who listens to the page hears of it.
const said = document.createElement("p");
said.className = "unseen";
said.setAttribute("role", "status");
document.getElementById("main").append(said);

const faces = new WeakMap(); // what a button shows when nothing was copied just now

document.addEventListener("click", async (event) => {
  const button = event.target.closest("button[data-copy]");
  if (!button) return;
  if (!faces.has(button)) faces.set(button, [...button.childNodes]);
  const face = faces.get(button);
  try {
    await navigator.clipboard.writeText(button.dataset.copy || button.previousElementSibling.textContent);
    said.textContent = button.dataset.copied;
    button.textContent = face.length === 1 && face[0].nodeType === Node.ELEMENT_NODE ? "✓" : button.dataset.copied;
    setTimeout(() => { button.replaceChildren(...face); said.textContent = ""; }, 1500);
  } catch {
    getSelection().selectAllChildren(button.previousElementSibling);
  }
});

// A box that ticks all the others of its table.
document.addEventListener("change", (event) => {
  const all = event.target.closest("input[data-all]");
  if (!all) return;
  for (const box of all.closest("form").querySelectorAll(`input[type=checkbox][name="${all.dataset.all}"]:not(:disabled)`)) box.checked = all.checked;
});

// Fields that the server checks while they are typed.
const pending = new WeakMap();

document.addEventListener("input", (event) => {
  const field = event.target.closest("[data-check]");
  if (!field) return;
  clearTimeout(pending.get(field));
  pending.set(field, setTimeout(async () => {
    const fault = document.getElementById(field.id + "-fault");
    const stamp = field.form.elements.stamp;
    const answer = await fetch(field.dataset.check, {
      method: "POST",
      body: new URLSearchParams({value: field.value, stamp: stamp ? stamp.value : ""}),
    }).catch(() => null);
    if (!answer || !answer.ok || !fault) return;
    fault.textContent = await answer.text();
    if (fault.textContent) field.setAttribute("aria-invalid", "true");
    else field.removeAttribute("aria-invalid");
  }, 350));
});

// A part of the page that is asked for again now and then, while it is looked at.
for (const part of document.querySelectorAll("[data-live]")) {
  let shown = ""; // so that who listens to the page hears of nothing twice
  setInterval(async () => {
    if (document.hidden || part.dataset.paused || part.contains(document.activeElement)) return;
    const answer = await fetch(part.dataset.from || location.href).catch(() => null);
    if (!answer || !answer.ok || answer.redirected) return;
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById(part.id);
    if (!fresh || fresh.innerHTML === shown) return;
    shown = fresh.innerHTML;
    localise(fresh);
    part.replaceChildren(...fresh.childNodes);
    offerCopies(part);
  }, 1000 * Number(part.dataset.live));
}

// Which can be paused.
for (const note of document.querySelectorAll("[data-live-of]")) note.hidden = false;

document.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-pause]");
  if (!button) return;
  const paused = button.getAttribute("aria-pressed") !== "true";
  button.setAttribute("aria-pressed", paused);
  document.getElementById(button.dataset.pause).dataset.paused = paused ? "yes" : "";
});

for (const box of document.querySelectorAll("input[data-all]")) box.hidden = false;
offerCopies(document);
// The page is seen first.
new PerformanceObserver((_, observer) => {
  observer.disconnect();
  localise(document);
}).observe({type: "paint", buffered: true});
