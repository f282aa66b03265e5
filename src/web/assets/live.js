// Keeps what is marked data-live fresh, without moving what the reader looks at. The page works the same without this file.
"use strict";
// Times are in the reader's zone, which is written beside them; without this file they are in UTC.
const localise = (root) => {
  const two = (number) => String(number).padStart(2, "0");
  for (const time of root.querySelectorAll("time[datetime]")) {
    const at = new Date(time.getAttribute("datetime"));
    if (Number.isNaN(at.getTime())) continue;
    time.title = at.toISOString();
    time.textContent = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())} ${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
  }
  const zone = new Intl.DateTimeFormat([], { timeZoneName: "short" }).formatToParts(new Date()).find((part) => part.type === "timeZoneName");
  for (const sign of root.querySelectorAll("[data-zone]")) if (zone) sign.textContent = zone.value;
};
localise(document);
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
      if (fresh) localise(fresh);
      if (fresh && !busy() && fresh.innerHTML !== part.innerHTML) part.replaceChildren(...fresh.childNodes);
    } catch {
      // The next time may be better.
    }
  };
  setInterval(refresh, seconds * 1000);
})();
