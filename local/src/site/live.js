// Live reload of Quillfront's local server. It is part of no published page.
//
// The page reloads when its own path, or that of anything it has loaded (style sheets, scripts,
// pictures), is invalidated. The mistakes in its sources are shown in a panel above it. Only a page
// that is seen is connected: browsers allow six connections to a server, and a dozen open tabs would
// take them all.
(() => {
  "use strict";

  const missing = "missing" in document.currentScript.dataset;
  let last = "{{id}}";
  let source = null;

  const decoded = (path) => {
    try {
      return decodeURIComponent(path);
    } catch {
      return path;
    }
  };

  // "/a/" and "/a/index.html" are one page.
  const named = (path) => decoded(path).replace(/\/$/, "/index.html");

  const shown = () =>
    performance
      .getEntriesByType("resource")
      .map((entry) => new URL(entry.name, location.href))
      .concat(new URL(location.href))
      .filter((url) => url.origin === location.origin)
      .map((url) => named(url.pathname));

  const covers = (pattern, path) =>
    pattern.endsWith("*")
      ? path.startsWith(decoded(pattern.slice(0, -1).split("?")[0]))
      : path === named(pattern.split("?")[0]);

  const reload = () => {
    disconnect();
    location.reload();
  };

  const invalidated = (patterns) => {
    const paths = shown();
    const nothingYet = "quillfrontNothingYet" in document.documentElement.dataset;
    if (nothingYet || patterns.some((pattern) => paths.some((path) => covers(pattern, path)))) {
      reload();
    }
  };

  // The panel. It stands in a tree of its own, so that neither style sheet reaches the other; its own
  // is made by script, which a Content-Security-Policy of files alone allows. Texts are put in as
  // texts, never as HTML.
  let panel = null;
  // What was closed stays so until it is something else.
  let closed = null;

  const element = (name, attributes, ...inner) => {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    made.append(...inner);
    return made;
  };

  const hideProblems = () => {
    if (panel !== null) panel.remove();
    panel = null;
  };

  const showProblems = (data) => {
    hideProblems();
    const problems = JSON.parse(data);
    if (problems.length === 0) closed = null;
    if (problems.length === 0 || data === closed) return;
    const dismiss = () => {
      closed = data;
      hideProblems();
    };
    const title = problems.length === 1 ? "1 mistake" : `${problems.length} mistakes`;
    const close = element("button", { type: "button" }, "Close");
    close.addEventListener("click", dismiss);
    const item = ({ place, message, hint }) =>
      element(
        "li",
        {},
        element("p", { class: "place" }, place),
        element("p", { class: "message" }, message),
        ...(hint === null ? [] : [element("p", { class: "hint" }, hint)]),
      );
    const region = element(
      "section",
      { "aria-labelledby": "title", lang: "en", dir: "ltr" },
      element("header", {}, element("h2", { id: "title" }, title), close),
      // Read out without taking the focus away.
      element("ul", { role: "list" }, ...problems.map(item)),
    );
    region.addEventListener("keydown", (event) => {
      if (event.key === "Escape") dismiss();
    });
    panel = element("quillfront-problems", { role: "alert" });
    const root = panel.attachShadow({ mode: "open" });
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(STYLE);
    root.adoptedStyleSheets = [sheet];
    root.append(region);
    document.body.append(panel);
  };

  const STYLE = `
    :host { all: initial; display: block; position: fixed; inset: auto 0 0; z-index: 2147483647; color-scheme: light dark; }
    @media print { :host { display: none; } }
    section { box-sizing: border-box; max-height: 60vh; overflow: auto; padding: 0.75rem 1rem 1rem; border-top: 3px solid light-dark(#b3261e, #ff8a80); background: light-dark(#fffafa, #1f1414); color: light-dark(#1c1b1f, #f4ecec); font: 1rem/1.5 system-ui, sans-serif; box-shadow: 0 -0.5rem 2rem rgb(0 0 0 / 25%); }
    header { display: flex; gap: 1rem; align-items: center; justify-content: space-between; max-width: 60rem; margin: 0 auto; }
    h2 { margin: 0; color: light-dark(#b3261e, #ff8a80); font-size: 1rem; }
    button { min-height: 2rem; padding: 0.25rem 1rem; border: 1px solid currentcolor; border-radius: 2rem; background: none; color: inherit; font: inherit; cursor: pointer; }
    button:hover { background: light-dark(#f3e3e3, #3a2626); }
    button:focus-visible { outline: 3px solid light-dark(#0b57d0, #a8c7fa); outline-offset: 2px; }
    ul { max-width: 60rem; margin: 0 auto; padding: 0; list-style: none; }
    li { padding-top: 0.75rem; }
    p { margin: 0; overflow-wrap: anywhere; white-space: pre-wrap; }
    .place { color: light-dark(#5f5358, #cbbcbc); font: 0.875rem/1.5 ui-monospace, monospace; }
    .message { font-weight: 600; }
    .hint::before { content: "Help: "; color: light-dark(#146c2e, #8fd8a4); font-weight: 600; }
  `;

  const address = () => {
    const path = decoded(location.pathname).replace(/\/index\.html$/, "/");
    const query = new URLSearchParams({ since: last, path });
    if (missing) query.set("missing", "true");
    return `/_quillfront/live?${query}`;
  };

  const connect = () => {
    if (source !== null || document.visibilityState === "hidden") return;
    // If there are any, it is told once more.
    hideProblems();
    source = new EventSource(address());
    const on = (name, act) =>
      source.addEventListener(name, (event) => {
        last = event.lastEventId || last;
        act(event);
      });
    on("hello", () => {});
    on("reload", reload);
    on("invalidation", (event) => invalidated(JSON.parse(event.data)));
    on("problems", (event) => showProblems(event.data));
    // The browser tries again by itself unless the answer was no stream of events.
    source.addEventListener("error", () => {
      if (source !== null && source.readyState === EventSource.CLOSED) {
        disconnect();
        setTimeout(connect, 1000);
      }
    });
  };

  const disconnect = () => {
    if (source !== null) source.close();
    source = null;
  };

  document.addEventListener("visibilitychange", () =>
    document.visibilityState === "hidden" ? disconnect() : connect(),
  );
  addEventListener("pagehide", disconnect);
  addEventListener("pageshow", connect);
  connect();
})();
