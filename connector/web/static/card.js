"use strict";
// Told once, when the page is on a screen: a mail scanner's fetch or a prefetch in the background is no opening.
(() => {
  let told = false;
  const tell = () => {
    if (told || document.prerendering || document.visibilityState !== "visible") return;
    told = true;
    fetch(location.pathname + "/opened", { method: "POST", keepalive: true, credentials: "omit" }).catch(() => {});
  };
  document.addEventListener("visibilitychange", tell);
  document.addEventListener("prerenderingchange", tell);
  tell();
})();
