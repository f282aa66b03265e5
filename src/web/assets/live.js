// Keeps what is marked data-live fresh, without moving what the reader looks at. The page works the same without this file.
"use strict";
(() => {
  const part = document.querySelector("[data-live]");
  if (!part) return;
  const seconds = Math.max(5, Number(part.dataset.live) || 10);
  const busy = () => document.hidden || part.contains(document.activeElement) || String(window.getSelection()) !== "";
  const refresh = async () => {
    if (busy()) return;
    try {
      const answer = await fetch(location.href, { headers: { Accept: "text/html", "X-Consign-Live": "1" }, redirect: "error" });
      if (!answer.ok) return;
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const fresh = page.querySelector("[data-live]");
      if (fresh && !busy() && fresh.innerHTML !== part.innerHTML) part.replaceChildren(...fresh.childNodes);
    } catch {
      // The next time may be better.
    }
  };
  setInterval(refresh, seconds * 1000);
})();
