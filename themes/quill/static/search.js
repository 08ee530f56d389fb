// The search. The index is loaded when the search is opened for the first time, with the library
// that it needs: elasticlunr for an index of that kind, none for a plain list of pages.
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

  function loadScript(url) {
    return new Promise((resolve, reject) => {
      const script = document.createElement("script");
      script.src = url;
      script.onload = resolve;
      script.onerror = () => reject(new Error(`${url} could not be loaded`));
      document.head.append(script);
    });
  }

  async function loadData(url) {
    if (words.format.endsWith("_javascript")) {
      await loadScript(url);
      return window.searchIndex;
    }
    const answer = await fetch(url);
    if (!answer.ok) throw new Error(`${url}: ${answer.status}`);
    return answer.json();
  }

  async function loadIndex() {
    const library = words.library && loadScript(words.library);
    const [data] = await Promise.all([loadData(words.index), library]);
    if (!library) return plainSearch(data.map(withPlainBody));
    const docs = Object.entries(data.documentStore.docs);
    return elasticlunrSearch(data, docs.map(([url, page]) => withPlainBody({ ...page, url })));
  }

  // The index has bodies as HTML, and all else as it was written.
  function withPlainBody(page) {
    return page.body ? { ...page, body: unescape(page.body) } : page;
  }

  // Words in any order, each as the beginning of a word of the page, or inside one for less.
  function plainSearch(pages) {
    const weights = { title: 8, description: 3, path: 2, body: 1 };
    const fields = Object.keys(weights);
    const folded = pages.map((page) => fields.map((field) => fold(page[field] ?? "")));
    return (query) => {
      const terms = termsOf(query);
      const score = (texts) => {
        let sum = 0;
        for (const term of terms) {
          let best = 0;
          texts.forEach((text, i) => {
            const at = text.indexOf(term);
            if (at < 0) return;
            const startsWord = text.startsWith(term) || text.includes(` ${term}`);
            best += weights[fields[i]] * (startsWord ? 2 : 1);
          });
          if (!best) return 0;
          sum += best;
        }
        return sum;
      };
      return pages
        .map((page, i) => ({ page, score: score(folded[i]) }))
        .filter((hit) => hit.score > 0)
        .sort((a, b) => b.score - a.score)
        .map((hit) => hit.page);
    };
  }

  // elasticlunr ranks better but knows the words of English alone and looks for whole ones; what it
  // does not find, the plain search may.
  function elasticlunrSearch(data, pages) {
    const plain = plainSearch(pages);
    const known = window.elasticlunr.Pipeline.registeredFunctions;
    if (!data.pipeline.every((name) => name in known)) return plain;
    const ranked = window.elasticlunr.Index.load(data);
    const byUrl = new Map(pages.map((page) => [page.url, page]));
    const boosts = { title: 6, description: 2 };
    const fields = Object.fromEntries(data.fields.map((name) => [name, { boost: boosts[name] ?? 1 }]));
    return (query) => {
      const hits = ranked.search(query, { fields, bool: "AND", expand: true });
      const found = hits.map((hit) => byUrl.get(hit.ref));
      return [...new Set([...found, ...plain(query)])];
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
