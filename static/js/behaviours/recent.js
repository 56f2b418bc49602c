// The pages this tab came by, newest first. They live as long as the tab: names must not outlast a sign-out for long.
const KEY = "slipway-recent";
const MOST = 8;

export function visited() {
  try {
    return JSON.parse(sessionStorage.getItem(KEY)) ?? [];
  } catch {
    return [];
  }
}

export function remember() {
  const heading = document.querySelector("main h1")?.innerText.trim().replace(/\s+/g, " ");
  const here = location.pathname;
  if (!heading || document.querySelector("main > [role=alert]")) return;
  const others = visited().filter((page) => page.path !== here);
  sessionStorage.setItem(KEY, JSON.stringify([{ path: here, title: heading }, ...others].slice(0, MOST)));
}
