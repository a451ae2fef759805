"use strict";
// Told once, when the page is on a screen: what was fetched ahead, or before the database was back, is open now.
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
