// Fetches the page again and again, and puts in the parts that have changed. Without
// it the page is the same, and stays as it was.
"use strict";

const every = 1000; // milliseconds
const search = document.getElementById("q");
const lost = document.getElementById("lost");
const news = document.getElementById("news");
let since = null;
let wanted = 0;

// newest is the newest flip that a page tells, as text.
function newest(page) {
  const flip = page.querySelector(".flips li");
  return flip ? flip.textContent : "";
}

function put(page) {
  const focus = document.activeElement ? document.activeElement.id : "";
  const before = newest(document);
  const fresh = page.querySelectorAll("[data-part]");
  const old = document.querySelectorAll("[data-part]");
  if (fresh.length !== old.length || [...fresh].some((part, i) => part.id !== old[i].id)) {
    document.getElementById("main").replaceWith(document.adoptNode(page.getElementById("main")));
  } else {
    fresh.forEach((part, i) => {
      if (part.innerHTML !== old[i].innerHTML || part.className !== old[i].className) {
        const [x, y] = [old[i].scrollLeft, old[i].scrollTop];
        old[i].className = part.className;
        old[i].replaceChildren(...document.adoptNode(part).childNodes);
        old[i].scrollTo(x, y);
      }
    });
  }
  if (focus && document.activeElement === document.body) {
    const again = document.getElementById(focus);
    if (again) again.focus();
  }
  if (newest(document) !== before) news.textContent = newest(document);
}

async function refresh() {
  const mine = ++wanted;
  try {
    const answer = await fetch(location.href, { cache: "no-store", signal: AbortSignal.timeout(10000) });
    if (!answer.ok) throw new Error(answer.status);
    const text = await answer.text();
    if (mine !== wanted) return; // somebody has typed meanwhile
    put(new DOMParser().parseFromString(text, "text/html"));
    since = null;
    lost.hidden = true;
  } catch {
    since = since || new Date();
    lost.textContent = "No contact to the server since " + since.toLocaleTimeString();
    lost.hidden = false;
  }
}

async function loop() {
  if (!document.hidden) await refresh();
  setTimeout(loop, every);
}

let typing;
search.addEventListener("input", () => {
  clearTimeout(typing);
  typing = setTimeout(() => {
    const url = new URL(location.href);
    url.searchParams.delete("page");
    if (search.value.trim()) url.searchParams.set("q", search.value.trim());
    else url.searchParams.delete("q");
    history.replaceState(null, "", url);
    refresh();
  }, 200);
});
document.addEventListener("visibilitychange", () => { if (!document.hidden) refresh(); });
setTimeout(loop, every);
