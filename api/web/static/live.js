// Keeps a page current: follows the event stream, fetches the page anew when it
// is concerned and swaps the parts that differ. Without this script the page
// says everything it says with it, as of the moment it was loaded.
"use strict";
(() => {
  const follows = document.body.dataset.live;
  const sign = document.getElementById("live");
  const pause = 400; // Milliseconds in which events are gathered.

  // The relative times grow older while the page stays open.
  const span = (s) => {
    if (s < 60) return `${s} s`;
    if (s < 600) return `${Math.floor(s / 60)} min` + (s % 60 ? ` ${s % 60} s` : "");
    if (s < 3600) return `${Math.floor(s / 60)} min`;
    if (s < 172800) return `${Math.floor(s / 3600)} h` + (Math.floor((s % 3600) / 60) ? ` ${Math.floor((s % 3600) / 60)} min` : "");
    return `${Math.round(s / 86400)} days`;
  };
  const skew = Date.parse(document.querySelector(".foot time")?.dateTime) - Date.now() || 0;
  const age = () => {
    for (const e of document.querySelectorAll("[data-ago]")) {
      const s = Math.round((Date.now() + skew - Date.parse(e.dataset.ago)) / 1000);
      if (s >= 2) e.textContent = `(${span(s)} ago)`;
    }
  };
  setInterval(age, 15000);

  // On a narrow screen the menu scrolls; where the reader is must be in sight.
  const menu = document.querySelector(".bar nav");
  const here = menu?.querySelector("[aria-current]");
  if (here) menu.scrollLeft = here.offsetLeft - (menu.clientWidth - here.offsetWidth) / 2;

  // On paper nothing can be unfolded. The style sheet does this where it can.
  let shut = [];
  addEventListener("beforeprint", () => {
    shut = [...document.querySelectorAll("details:not([open]):not(.filter):not(.make)")];
    shut.forEach((d) => { d.open = true; });
  });
  addEventListener("afterprint", () => shut.forEach((d) => { d.open = false; }));

  // What is to be copied can be selected without this; the button saves that.
  const offer = (root) => {
    for (const text of root.querySelectorAll("[data-copy]")) {
      if (text.nextElementSibling?.classList.contains("copies")) continue;
      const button = document.createElement("button");
      button.type = "button";
      button.className = "plain copies";
      button.textContent = text.dataset.copy;
      button.addEventListener("click", async () => {
        try {
          await navigator.clipboard.writeText(text.textContent);
          button.textContent = "Copied";
        } catch {
          // Without leave to the clipboard, or without TLS, the text is selected.
          getSelection().selectAllChildren(text);
          button.textContent = "Selected, copy it now";
        }
        setTimeout(() => { button.textContent = text.dataset.copy; }, 4000);
      });
      text.after(" ", button);
    }
  };
  offer(document);

  if (!follows || !window.EventSource) return;
  const say = (text, lost) => {
    sign.textContent = text;
    sign.hidden = false;
    sign.classList.toggle("lost", lost);
  };

  // A part is left alone while someone writes in it.
  const busy = (part) => {
    const at = document.activeElement;
    if (at && part.contains(at) && /^(INPUT|TEXTAREA|SELECT)$/.test(at.tagName)) return true;
    return [...part.querySelectorAll("textarea, input[type=text]")].some((f) => f.value !== f.defaultValue);
  };
  const swap = (old, fresh) => {
    const focus = document.activeElement;
    const key = focus && old.contains(focus) ? focus.getAttribute("href") || focus.id : null;
    const open = [...old.querySelectorAll("details")].map((d) => d.open);
    old.replaceWith(fresh);
    offer(fresh);
    fresh.querySelectorAll("details").forEach((d, i) => { if (open[i]) d.open = true; });
    if (key) {
      const again = document.getElementById(key) || [...fresh.querySelectorAll("[href]")].find((e) => e.getAttribute("href") === key);
      if (again) again.focus({ preventScroll: true });
    }
    if (!fresh.hasAttribute("aria-live")) fresh.classList.add("changed-now");
  };
  // What differs only by the time that passed does not count.
  const matter = (part) => {
    const copy = part.cloneNode(true);
    copy.classList.remove("changed-now");
    copy.querySelectorAll(".ago, input[name=csrf]").forEach((e) => e.remove());
    copy.querySelectorAll(".copies").forEach((e) => { e.previousSibling?.remove(); e.remove(); });
    copy.querySelectorAll("details").forEach((d) => d.removeAttribute("open"));
    return copy.outerHTML.replace(/ class=""/g, "");
  };
  // What happened between the rendering and the first connection was missed too.
  let waiting = 0, fetching = false, again = false, lost = true;
  const refresh = async () => {
    waiting = 0;
    if (fetching) { again = true; return; }
    fetching = true;
    try {
      const answer = await fetch(location.href, { headers: { Accept: "text/html" }, credentials: "same-origin" });
      if (answer.redirected) throw new Error("signed out; load it anew to sign in");
      if (!answer.ok) throw new Error("the page could not be loaded anew");
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
      for (const old of document.querySelectorAll("[data-part]")) {
        const next = fresh.getElementById(old.id);
        if (!next || busy(old) || matter(old) === matter(next)) continue;
        if (old.hasAttribute("aria-live")) {
          // A live region must stay in the page to be read out.
          old.className = next.className;
          old.replaceChildren(...next.childNodes);
        } else swap(old, next);
      }
      if (!lost) say("Live", false);
    } catch (e) {
      say(`Not current: ${e instanceof TypeError ? "the connection is lost" : e.message}`, true);
    } finally {
      fetching = false;
      if (again) { again = false; due(); }
    }
  };
  const due = () => { if (!waiting) waiting = setTimeout(refresh, pause); };
  const concerns = (e) => {
    try { return follows === "*" || JSON.parse(e.data).incident === follows; } catch { return true; }
  };
  let stream;
  const follow = () => {
    stream = new EventSource("/v1/stream");
    stream.onopen = () => { say("Live", false); if (lost) { lost = false; due(); } };
    stream.onerror = () => {
      if (!lost || sign.hidden) say("Not current: the connection is lost", true);
      lost = true;
      // An answer that is no stream, as from a proxy while the service starts,
      // ends the browser's own attempts.
      if (stream.readyState === EventSource.CLOSED) setTimeout(() => { due(); follow(); }, 3000 + 3000 * Math.random());
    };
    for (const name of ["incident.updated", "finding.created", "verdict.created", "proposal.changed", "commander.changed"]) {
      stream.addEventListener(name, (e) => { if (concerns(e)) due(); });
    }
    stream.addEventListener("reset", due);
  };
  follow();
  addEventListener("pagehide", () => stream.close());
})();
