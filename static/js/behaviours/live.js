// One EventSource for all live regions of the page. It carries topic names; a region fetches itself by htmx.
const COALESCE_MS = 100;
const POLL_MS = 5000;
const RETRY_MS = [1000, 2000, 5000, 15000];

export function live(feed) {
  let source = null;
  let opened = "";
  let failures = 0;
  let retry = 0;
  let lastSeen = new Date();
  const due = new Set();
  let flush = 0;

  // What is live beside a page (the rail) opens no stream for a page that has nothing live of its own.
  const regions = () => {
    const found = [...document.querySelectorAll("[data-live]")];
    return found.some((region) => !region.hasAttribute("data-live-aside")) ? found : [];
  };
  const topicsOf = (region) => region.dataset.live.split(",").map((topic) => topic.trim()).filter(Boolean);

  const say = (state) => {
    const clock = lastSeen.toLocaleTimeString(document.documentElement.lang, { hour12: false, timeZone: "UTC" });
    const word = feed.dataset[`word${state[0].toUpperCase()}${state.slice(1)}`].replace("{time}", clock);
    if (state === "still") delete feed.dataset.feed;
    else feed.dataset.feed = state;
    feed.title = word;
    feed.firstElementChild.textContent = word;
  };
  const state = () => (source?.readyState === EventSource.OPEN ? "live" : navigator.onLine ? "polling" : "offline");

  const said = new Map(regions().map((region) => [region.id, region.dataset.says]));
  const announce = () => {
    for (const region of regions()) {
      const words = region.dataset.says;
      if (words && said.get(region.id) !== words) document.getElementById("said").textContent = words;
      said.set(region.id, words);
    }
  };

  const refresh = (chosen) => {
    for (const region of chosen) htmx.trigger(region, "refresh");
  };
  const soon = (topic) => {
    due.add(topic);
    flush ||= setTimeout(() => {
      flush = 0;
      refresh(regions().filter((region) => topicsOf(region).some((one) => due.has(one))));
      due.clear();
    }, COALESCE_MS);
  };

  const close = () => {
    clearTimeout(retry);
    source?.close();
    source = null;
    opened = "";
  };
  const connect = () => {
    const topics = [...new Set(regions().flatMap(topicsOf))].sort().join(",");
    if (!topics || document.hidden) return close();
    if (topics === opened && source) return;
    close();
    opened = topics;
    source = new EventSource(`/live/?topics=${encodeURIComponent(topics)}`);
    source.onopen = () => {
      // What was published while no stream was open has been missed, also between the page and its first stream.
      refresh(regions());
      failures = 0;
      lastSeen = new Date();
      say("live");
    };
    source.addEventListener("beat", () => {
      lastSeen = new Date();
      say("live");
    });
    source.onmessage = (message) => {
      lastSeen = new Date();
      say("live");
      soon(JSON.parse(message.data).topic);
    };
    source.onerror = () => {
      close();
      say(state());
      retry = setTimeout(connect, RETRY_MS[Math.min(failures++, RETRY_MS.length - 1)]);
    };
  };

  if (!regions().length) say("still");
  connect();
  setInterval(() => {
    if (document.hidden || !regions().length || source?.readyState === EventSource.OPEN) return;
    refresh(regions());
  }, POLL_MS);
  document.addEventListener("htmx:after:swap", () => {
    if (!regions().length) return;
    announce();
    if (source?.readyState !== EventSource.OPEN) {
      lastSeen = new Date();
      say(state());
    }
    connect();
  });
  document.addEventListener("htmx:error", () => source || !regions().length || say("offline"));
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) return close();
    refresh(regions());
    connect();
  });
  for (const name of ["online", "offline"]) window.addEventListener(name, () => regions().length && say(state()));
  window.addEventListener("pagehide", close);
}
