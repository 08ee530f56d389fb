// What needs a script: buttons that copy code, and tables too wide for the screen that the
// arrow keys can scroll. The words are on the script element.
(() => {
  "use strict";
  const words = document.currentScript.dataset;

  const status = document.createElement("p");
  status.className = "unseen";
  status.setAttribute("role", "status");

  function addCopyButton(code) {
    const block = code.parentElement;
    const frame = document.createElement("div");
    const button = document.createElement("button");
    frame.className = "code";
    button.type = "button";
    button.className = "copy";
    button.textContent = words.copy;
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(code.textContent.replace(/\n$/, ""));
      button.textContent = status.textContent = words.copied;
      setTimeout(() => {
        button.textContent = words.copy;
        status.textContent = "";
      }, 2000);
    });
    block.replaceWith(frame);
    frame.append(block, button);
  }

  function markWideTables(entries) {
    for (const { target } of entries) {
      if (target.scrollWidth > target.clientWidth) {
        target.tabIndex = 0;
        target.setAttribute("role", "region");
        target.setAttribute("aria-label", words.table);
      } else {
        for (const name of ["tabindex", "role", "aria-label"]) target.removeAttribute(name);
      }
    }
  }

  if (navigator.clipboard) {
    document.querySelectorAll(".prose pre > code").forEach(addCopyButton);
    document.body.append(status);
  }
  const sizes = new ResizeObserver(markWideTables);
  document.querySelectorAll(".table").forEach((table) => sizes.observe(table));
})();
