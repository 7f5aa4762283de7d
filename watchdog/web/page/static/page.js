/* What makes the page live. Without it everything can be read and said all the same. */
"use strict";
(() => {
  const root = document.documentElement;
  const $ = (what, where = document) => where.querySelector(what);
  const all = (what, where = document) => [...where.querySelectorAll(what)];

  // ---- light and dark -------------------------------------------------------------------------------
  const dark = () => (root.dataset.theme || (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";
  const turn = () => {
    root.dataset.theme = dark() ? "light" : "dark";
    document.cookie = `theme=${root.dataset.theme}; path=/; max-age=31536000; samesite=strict`;
  };

  // ---- ages and what is left ------------------------------------------------------------------------
  let ahead = Number(root.dataset.now) - Date.now(); // of the server's clock
  const UNITS = [["d", 86400], ["h", 3600], ["m", 60], ["s", 1]];
  const lasting = (ms) => {
    let rest = Math.max(0, Math.round(ms / 1000));
    const shown = [];
    for (const [unit, size] of UNITS) {
      const amount = Math.floor(rest / size);
      rest %= size;
      if (amount) shown.push(amount + unit);
      else if (shown.length) break;
      if (shown.length === 2) break;
    }
    return shown.join(" ") || "0s";
  };
  const tick = () => {
    const now = Date.now() + ahead;
    for (const one of all("time[data-since], time[data-until]")) {
      const text = one.dataset.since ? lasting(now - one.dataset.since) : lasting(one.dataset.until - now);
      if (one.textContent !== text) one.textContent = text;
    }
  };

  // ---- exchanging a part of the page, with all that a person has begun in it ------------------------
  const typed = (field) =>
    field.type === "checkbox" ? field.checked !== field.defaultChecked
      : field.tagName === "SELECT" ? !field.options[field.selectedIndex]?.defaultSelected : field.value !== field.defaultValue;
  const same = (where, one) => {
    if (!one || one === document.body) return null;
    if (one.id) return $("#" + CSS.escape(one.id), where);
    const href = one.getAttribute("href");
    if (href) return $(`a[href="${CSS.escape(href)}"]`, where);
    const place = one.parentElement?.id && one.tagName === "SUMMARY" ? $("#" + CSS.escape(one.parentElement.id), where) : null;
    return place && $("summary", place);
  };
  // What is pressed must be there when it is let go, or the click is lost.
  let pressed = false;
  const press = () => { pressed = true; };
  const release = () => setTimeout(() => { pressed = false; }, 50);
  addEventListener("pointerdown", press, true);
  addEventListener("keydown", (event) => { if (event.key === " " || event.key === "Enter") press(); }, true);
  for (const name of ["pointerup", "pointercancel", "keyup"]) addEventListener(name, release, true);
  addEventListener("blur", release);
  const busy = (part) => {
    const chosen = getSelection();
    return pressed || (chosen && !chosen.isCollapsed && part.contains(chosen.anchorNode))
      || (document.activeElement?.tagName === "SELECT" && part.contains(document.activeElement));
  };
  const swap = (part, fresh) => {
    const held = part.contains(document.activeElement) ? document.activeElement : null;
    const at = held && "selectionStart" in held ? [held.selectionStart, held.selectionEnd] : null;
    for (const one of all("details[id]", part)) {
      const other = $("#" + CSS.escape(one.id), fresh);
      if (other) other.open = one.open;
    }
    for (const one of all("input[id], select[id], textarea[id]", part)) {
      const other = one.type !== "hidden" && typed(one) ? $("#" + CSS.escape(one.id), fresh) : null;
      if (other && one.type === "checkbox") other.checked = one.checked;
      else if (other) other.value = one.value;
    }
    const moved = all(".scroll[id]", part).map((one) => [one.id, one.scrollLeft]);
    const again = same(fresh, held);
    part.replaceWith(fresh);
    for (const [id, left] of moved) {
      const other = document.getElementById(id);
      if (other && left) other.scrollLeft = left;
    }
    if (again) {
      again.focus({ preventScroll: true });
      if (at && at[0] !== null) try { again.setSelectionRange(at[0], at[1]); } catch { /* a field that has no such thing */ }
    }
    fresh.classList.add("fresh");
    tick();
  };

  // ---- asking for a part anew: one question at a time for each of them ------------------------------
  const asking = new Map(); // id of the part → whether it is wanted once more
  const tags = new Map();
  const unseen = new Set();
  addEventListener("visibilitychange", () => {
    if (document.hidden) return;
    for (const id of unseen) refresh(id);
    unseen.clear();
  });
  const refresh = async (id) => {
    if (asking.has(id)) { asking.set(id, true); return; }
    const part = document.getElementById(id);
    if (!part) return;
    // Nobody sees the rest of a page in the background; how much fires stands in its title.
    if (document.hidden && !part.dataset.title) { unseen.add(id); return; }
    asking.set(id, false);
    try {
      if (busy(part)) { setTimeout(refresh, 500, id); return; }
      const answer = await fetch(part.dataset.from, { headers: tags.has(id) ? { "If-None-Match": tags.get(id) } : {}, cache: "no-store", credentials: "same-origin" });
      if (answer.status === 304) return;
      if (answer.status === 429) { setTimeout(refresh, 1000 * answer.headers.get("Retry-After") || 5000, id); return; }
      if (!answer.ok) return;
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById(id);
      const now = document.getElementById(id);
      if (!fresh || !now) return;
      if (busy(now)) { setTimeout(refresh, 500, id); return; }
      tags.set(id, answer.headers.get("ETag") || "");
      swap(now, document.adoptNode(fresh));
      if (fresh.dataset.title) tell(fresh.dataset.title);
    } catch { /* the stream says whether the agent is there */ } finally {
      // However much happens: what a person waits for comes soon, the rest every other second at most.
      setTimeout(() => {
        const more = asking.get(id);
        asking.delete(id);
        if (more) refresh(id);
      }, part.dataset.title || id === "needs" ? 700 : 2000);
    }
  };
  const tell = (words) => {
    const said = $("#said");
    if (said && said.textContent !== words) {
      said.textContent = words;
      document.title = document.title.replace(/^(\(\d+\) )?/, /^[1-9]\d* /.test(words) ? `(${parseInt(words, 10)}) ` : "");
    }
  };
  const parts = () => all("[data-of][data-from]");
  const changed = (names) => {
    for (const part of parts()) if (part.dataset.of.split(" ").some((name) => names.includes(name))) refresh(part.id);
  };
  const known = JSON.parse(root.dataset.versions || "{}");
  const news = (versions) => {
    const names = Object.keys(versions).filter((name) => versions[name] !== known[name]);
    Object.assign(known, versions);
    changed(names);
  };
  const everything = () => { for (const part of parts()) refresh(part.id); };

  // ---- the stream -----------------------------------------------------------------------------------
  const link = $("#link");
  let stream = null, heard = Date.now(), lost = 0;
  const say = (words, bad) => {
    if (!link) return;
    if (link.textContent !== words) link.textContent = words;
    link.classList.toggle("bad", bad);
    root.classList.toggle("stale", bad);
  };
  const good = () => {
    heard = Date.now();
    if (lost) everything();
    lost = 0;
    say("live", false);
  };
  const bad = () => {
    lost ||= Date.now();
    say(`not connected since ${new Date(lost + ahead).toISOString().slice(11, 19)} UTC`, true);
  };
  const read = (event) => { try { return JSON.parse(event.data); } catch { return {}; } };
  const listen = () => {
    stream?.close();
    stream = new EventSource(root.dataset.stream);
    stream.onopen = good;
    stream.onerror = () => {
      bad();
      if (stream.readyState === EventSource.CLOSED) setTimeout(listen, 5000);
    };
    stream.addEventListener("sections", (event) => {
      good();
      news(read(event));
    });
    stream.addEventListener("audit", good);
    stream.addEventListener("hello", (event) => {
      good();
      // What has changed since this page was drawn.
      news(read(event).versions || {});
    });
    stream.addEventListener("beat", (event) => {
      good();
      const wall = Number(read(event).wall);
      if (wall) ahead = wall - Date.now();
      for (const part of all("[data-moves][data-from]")) refresh(part.id);
    });
    stream.addEventListener("reset", (event) => {
      good();
      Object.assign(known, read(event).versions);
      everything();
    });
  };

  // ---- the keyboard, as an extra --------------------------------------------------------------------
  const help = $("#keys");
  const keys = {
    "?": () => (help.open ? help.close() : help.showModal()),
    t: turn,
    p: () => $("#pause-reason, #resume-button")?.focus(),
    a: () => $("#needs .ask button, #needs .ask a")?.focus(),
    n: () => go("needs"), m: () => go("matrix"), o: () => go("processes"), q: () => go("queues"), u: () => go("audit"),
  };
  const go = (id) => {
    const there = document.getElementById(id);
    if (!there) return;
    there.tabIndex = -1;
    there.focus({ preventScroll: true });
    there.scrollIntoView();
  };
  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest?.("input, select, textarea")) return;
    const act = keys[event.key];
    if (act && (!help?.open || event.key === "?")) { event.preventDefault(); act(); }
  });

  for (const one of all("[data-script]")) one.hidden = false;
  // What was answered to a form is said once, not each time that the page is loaded.
  const here = new URL(location.href);
  if (here.searchParams.has("said")) {
    here.searchParams.delete("said");
    history.replaceState(null, "", here);
  }
  $("#theme")?.addEventListener("click", turn);
  $("#help")?.addEventListener("click", () => help.showModal());
  $("#help-close")?.addEventListener("click", () => help.close());
  const standing = $("[data-title]");
  if (standing) tell(standing.dataset.title);
  setInterval(tick, 1000);
  tick();
  if (root.dataset.stream) {
    setInterval(() => { if (Date.now() - heard > 40000) { bad(); heard = Date.now(); listen(); } }, 5000);
    listen();
    addEventListener("pagehide", () => stream?.close());
    addEventListener("pageshow", (event) => { if (event.persisted) { listen(); everything(); } });
  }
})();
