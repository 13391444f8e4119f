// Fetches the page again and again, and changes what has changed. Links to another
// order or page are followed in place, so that the focus stays. Without it the page is
// the same, and stays as it was.
"use strict";

const every = 1000; // milliseconds
const search = document.getElementById("q");
const lost = document.getElementById("lost");
const news = document.getElementById("news");
const found = document.getElementById("found");
let since = null;
let wanted = 0;
let asked = false; // by somebody who was not told yet what was found

// text is that of an element, with one space where there are many.
function text(element) {
  return element ? element.textContent.replace(/\s+/g, " ").trim() : "";
}

// flips is the flips that the page tells, newest first in each server block.
function flips() {
  return [...document.querySelectorAll(".flips li")].map(text);
}

// told is all flips that were seen: a page may come without any for a moment, when the
// Corefile is reloaded.
const told = new Set(flips());

// patch makes old what fresh is, and touches only what differs: what has the focus, is
// scrolled, selected or read aloud stays.
function patch(old, fresh) {
  if (old.isEqualNode(fresh)) return;
  if (old.nodeName !== fresh.nodeName || old.id !== fresh.id) {
    old.replaceWith(document.importNode(fresh, true));
    return;
  }
  if (old.nodeType !== Node.ELEMENT_NODE) {
    old.nodeValue = fresh.nodeValue;
    return;
  }
  for (const { name } of [...old.attributes]) {
    if (!fresh.hasAttribute(name)) old.removeAttribute(name);
  }
  for (const { name, value } of fresh.attributes) {
    if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  }
  const before = [...old.childNodes];
  const after = [...fresh.childNodes];
  after.forEach((node, i) => {
    if (i < before.length) patch(before[i], node);
    else old.append(document.importNode(node, true));
  });
  before.slice(after.length).forEach((node) => node.remove());
}

// refresh brings the page up to date, if nobody asks for it again meanwhile, which this
// script does by itself. Whichever answer is shown, it is told to whoever has asked.
async function refresh() {
  const mine = ++wanted;
  try {
    const answer = await fetch(location.href, { cache: "no-store", signal: AbortSignal.timeout(10000) });
    if (!answer.ok) throw new Error(answer.status);
    const page = await answer.text();
    if (mine !== wanted) return;
    const focused = document.activeElement;
    patch(document.getElementById("main"), new DOMParser().parseFromString(page, "text/html").getElementById("main"));
    const fresh = flips().filter((flip) => !told.has(flip));
    fresh.forEach((flip) => told.add(flip));
    if (fresh.length) news.textContent = "Flipped: " + fresh.slice(0, 3).join("; ") + (fresh.length > 3 ? "; and " + (fresh.length - 3) + " more" : "");
    since = null;
    lost.hidden = true;
    if (!asked) return;
    asked = false;
    if (focused && !focused.isConnected) document.querySelector(".aliases").focus(); // it was on the last page's "next"
    found.textContent = [...document.querySelectorAll("caption")].map(text).join(" ");
  } catch {
    if (mine === wanted && !since) {
      since = new Date();
      lost.textContent = "No contact to the server since " + since.toLocaleTimeString() + ". What is shown may be old.";
      lost.hidden = false;
    }
  }
}

// show shows what the address asks for, and tells how much that is.
function show() {
  asked = true;
  refresh();
}

let typing;
function searched() {
  clearTimeout(typing);
  const url = new URL(location.href);
  url.searchParams.delete("page");
  url.searchParams.delete("q");
  if (search.value.trim()) url.searchParams.set("q", search.value.trim());
  history.replaceState(null, "", url);
  show();
}
search.addEventListener("input", () => {
  clearTimeout(typing);
  typing = setTimeout(searched, 200);
});
search.form.addEventListener("submit", (event) => {
  event.preventDefault();
  searched();
});
document.getElementById("main").addEventListener("click", (event) => {
  const link = event.target.closest("a[href]");
  if (!link || event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
  event.preventDefault();
  clearTimeout(typing);
  history.pushState(null, "", link.href);
  search.value = new URL(link.href).searchParams.get("q") || "";
  if (link.rel) link.closest("section").scrollIntoView();
  show();
});
addEventListener("popstate", () => {
  search.value = new URL(location.href).searchParams.get("q") || "";
  show();
});
document.addEventListener("visibilitychange", () => { if (!document.hidden) refresh(); });

async function loop() {
  if (!document.hidden) await refresh();
  setTimeout(loop, every);
}
document.documentElement.className = "live";
setTimeout(loop, every);
