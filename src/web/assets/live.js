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
  // The name of the zone, not its abbreviation of today: times of both halves of the year stand under it.
  const zone = new Intl.DateTimeFormat().resolvedOptions().timeZone;
  for (const sign of root.querySelectorAll("[data-zone]")) if (zone) sign.textContent = zone;
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
// The editor has line numbers, and a problem leads to its line. Without this file the text can be edited all the same.
(() => {
  const text = document.querySelector(".editor textarea");
  if (!text) return;
  const numbers = document.createElement("pre");
  numbers.setAttribute("aria-hidden", "true");
  text.before(numbers);
  const count = () => {
    const lines = text.value.split("\n").length;
    if (numbers.dataset.lines === String(lines)) return;
    numbers.dataset.lines = String(lines);
    numbers.textContent = Array.from({ length: lines }, (_, line) => line + 1).join("\n");
  };
  const scroll = () => { numbers.scrollTop = text.scrollTop; };
  text.addEventListener("input", () => { count(); scroll(); });
  text.addEventListener("scroll", scroll);
  count();
  for (const link of document.querySelectorAll("a[data-line]")) {
    link.addEventListener("click", (event) => {
      event.preventDefault();
      const lines = text.value.split("\n");
      const line = Math.min(Number(link.dataset.line), lines.length);
      const start = lines.slice(0, line - 1).reduce((sum, one) => sum + one.length + 1, 0);
      text.focus();
      text.setSelectionRange(start, start + lines[line - 1].length);
      text.scrollTop = Math.max(0, (line - 5) * (text.scrollHeight / lines.length));
    });
  }
})();
