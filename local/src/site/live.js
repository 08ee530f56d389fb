// Live reload of Quillfront's local server. It is part of no published page.
//
// The page reloads when its own path, or that of anything it has loaded (style sheets, scripts,
// pictures), is invalidated. Only a page that is seen is connected: browsers allow six
// connections to a server, and a dozen open tabs would take them all.
(() => {
  "use strict";

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

  const connect = () => {
    if (source !== null || document.visibilityState === "hidden") return;
    source = new EventSource("/_quillfront/live?since=" + encodeURIComponent(last));
    const on = (name, act) =>
      source.addEventListener(name, (event) => {
        last = event.lastEventId || last;
        act(event);
      });
    on("hello", () => {});
    on("reload", reload);
    on("invalidation", (event) => invalidated(JSON.parse(event.data)));
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
