// A log that stays at its last line while one looks at it, and stands still once one has scrolled up.
const NEAR_PX = 24;

export function follow(log) {
  let follows = true;
  const toEnd = () => {
    if (follows) log.scrollTop = log.scrollHeight;
  };
  log.addEventListener("scroll", () => {
    follows = log.scrollHeight - log.scrollTop - log.clientHeight < NEAR_PX;
  });
  new MutationObserver(toEnd).observe(log, { childList: true, subtree: true, characterData: true });
  toEnd();
}
