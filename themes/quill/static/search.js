// The search. The index is loaded when the search is opened for the first time, as data: of every
// format only the list of pages is used.
(() => {
  "use strict";
  const MOST_SHOWN = 30;
  const EXCERPT_CHARS = 170;

  const opener = document.querySelector(".search-open");
  const dialog = document.getElementById("quill-search");
  const input = document.getElementById("quill-search-input");
  const status = dialog.querySelector(".search-status");
  const list = dialog.querySelector(".search-results");
  const words = dialog.dataset;
  let index = null;

  // ---- The index: a promise of a function from a query to pages, best first ----------------

  async function loadIndex() {
    const answer = await fetch(words.index);
    if (!answer.ok) throw new Error(`${words.index}: ${answer.status}`);
    const data = parseIndex(await answer.text());
    const pages = Array.isArray(data)
      ? data
      : Object.entries(data.documentStore.docs).map(([url, page]) => ({ ...page, url }));
    return searchIn(pages.map(withPlainBody));
  }

  // An index that is a script, `window.searchIndex = …;`, is read and never run: it changes with
  // every page, so no policy that allows scripts by their hashes could know it.
  function parseIndex(text) {
    const isScript = words.format.endsWith("_javascript");
    return JSON.parse(isScript ? text.slice(text.indexOf("=") + 1).replace(/;\s*$/, "") : text);
  }

  // The index has bodies as HTML, and all else as it was written.
  function withPlainBody(page) {
    return page.body ? { ...page, body: unescape(page.body) } : page;
  }

  // Words in any order, each as the beginning of a word of the page, or inside one for less. Where a
  // word is not found, its other forms are, for half.
  function searchIn(pages) {
    const weights = { title: 8, description: 3, path: 2, body: 1 };
    const fields = Object.keys(weights);
    const folded = pages.map((page) => fields.map((field) => fold(page[field] ?? "")));

    function scoreOfTerm(texts, term) {
      let sum = 0;
      texts.forEach((text, i) => {
        const times = text.split(term).length - 1;
        if (!times) return;
        const startsWord = text.startsWith(term) || text.includes(` ${term}`);
        sum += weights[fields[i]] * (startsWord ? 2 : 1) * (1 + Math.log(times));
      });
      return sum;
    }

    function score(texts, terms) {
      let sum = 0;
      for (const [term, stem] of terms) {
        const found = scoreOfTerm(texts, term) || (stem && scoreOfTerm(texts, stem) / 2);
        if (!found) return 0;
        sum += found;
      }
      return sum;
    }

    return (query) => {
      const terms = termsOf(query).map((term) => [term, stemOf(term)]);
      return pages
        .map((page, i) => ({ page, score: score(folded[i], terms) }))
        .filter((hit) => hit.score > 0)
        .sort((a, b) => b.score - a.score)
        .map((hit) => hit.page);
    };
  }

  // ---- Text ------------------------------------------------------------------------------------

  // In one pass, so that `&amp;lt;` becomes `&lt;` and not `<`.
  function unescape(html) {
    const characters = { lt: "<", gt: ">", amp: "&", quot: '"', "#39": "'", "#x27": "'" };
    return html.replace(/&(lt|gt|amp|quot|#39|#x27);/g, (_, name) => characters[name]);
  }

  function fold(text) {
    return text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
  }

  function termsOf(query) {
    return fold(query).split(/\s+/).filter(Boolean);
  }

  // What an English word has in common with its other forms: `heron` of `herons`, `run` of `running`,
  // `polic` of `policies`. Empty if there is nothing to take away.
  function stemOf(term) {
    if (!document.documentElement.lang.startsWith("en")) return "";
    const stem = term.replace(/(?:ings?|ies|ied|ed|es|s|ly|y|e)$/, "").replace(/([^aeiouls])\1$/, "$1");
    return stem.length >= 3 && stem !== term ? stem : "";
  }

  // As `fold`, but each character keeps its place.
  function foldInPlace(text) {
    return text.replace(/[^\0-\x7f]/gu, (c) => {
      const folded = fold(c);
      return folded.length === c.length ? folded : c;
    }).toLowerCase();
  }

  // The part of the text around the first of the terms.
  function excerpt(text, terms) {
    const places = terms.map((term) => foldInPlace(text).indexOf(term)).filter((at) => at >= 0);
    const first = places.length ? Math.min(...places) : 0;
    let from = Math.max(0, first - 50);
    if (from > 0) from = text.indexOf(" ", from) + 1 || from;
    let to = from + EXCERPT_CHARS;
    if (to < text.length) to = Math.max(text.lastIndexOf(" ", to), first) || to;
    return `${from > 0 ? "… " : ""}${text.slice(from, to)}${to < text.length ? " …" : ""}`;
  }

  // Appends the text, with the terms marked. Nothing is ever read as HTML.
  function appendMarked(element, text, terms) {
    const folded = foldInPlace(text);
    let at = 0;
    while (at < text.length) {
      const next = terms
        .map((term) => ({ from: folded.indexOf(term, at), length: term.length }))
        .filter(({ from }) => from >= 0)
        .sort((a, b) => a.from - b.from || b.length - a.length)[0];
      if (!next) break;
      const mark = document.createElement("mark");
      mark.textContent = text.slice(next.from, next.from + next.length);
      element.append(text.slice(at, next.from), mark);
      at = next.from + next.length;
    }
    element.append(text.slice(at));
  }

  // ---- What the reader sees ----------------------------------------------------------------------

  function item(page, terms) {
    const entry = document.createElement("li");
    const link = document.createElement("a");
    const title = document.createElement("span");
    link.href = page.url;
    title.className = "search-title";
    appendMarked(title, page.title || page.path || page.url, terms);
    link.append(title);
    const text = page.body || page.description;
    if (text) {
      const about = document.createElement("span");
      about.className = "search-text";
      appendMarked(about, excerpt(text, terms), terms);
      link.append(about);
    }
    entry.append(link);
    return entry;
  }

  async function show() {
    const query = input.value.trim();
    if (!query) {
      status.textContent = "";
      list.replaceChildren();
      return;
    }
    index ??= loadIndex();
    try {
      const search = await index;
      if (query !== input.value.trim()) return;
      const pages = search(query);
      const terms = termsOf(query);
      list.replaceChildren(...pages.slice(0, MOST_SHOWN).map((page) => item(page, terms)));
      list.scrollTop = 0;
      const noun = pages.length === 1 ? words.one : words.many;
      status.textContent = pages.length ? `${pages.length} ${noun}` : words.none;
    } catch (error) {
      console.error(error);
      index = null;
      list.replaceChildren();
      status.textContent = words.failed;
    }
  }

  function open() {
    if (dialog.open) return;
    dialog.showModal();
    input.focus();
    input.select();
    index ??= loadIndex();
    index.catch(() => { index = null; });
  }

  function move(event) {
    const links = [...list.querySelectorAll("a")];
    const steps = { ArrowDown: 1, ArrowUp: -1 };
    if (!links.length || !(event.key in steps)) return;
    event.preventDefault();
    const next = links.indexOf(document.activeElement) + steps[event.key];
    (next < 0 ? input : links[Math.min(next, links.length - 1)]).focus();
  }

  let waiting;
  input.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(show, 60);
  });
  dialog.addEventListener("keydown", move);
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) dialog.close();
  });
  dialog.querySelector(".search-close").addEventListener("click", () => dialog.close());
  dialog.querySelector("form").addEventListener("submit", async (event) => {
    event.preventDefault();
    clearTimeout(waiting);
    await show();
    list.querySelector("a")?.click();
  });
  opener.addEventListener("click", open);
  document.addEventListener("keydown", (event) => {
    if (event.key.toLowerCase() !== "k" || event.shiftKey || event.altKey) return;
    if (event.ctrlKey === event.metaKey) return;
    event.preventDefault();
    open();
  });
  opener.hidden = false;
})();
