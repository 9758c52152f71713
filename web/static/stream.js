// One event stream for all tabs of an address: one tab holds a lock and has the stream, the others hear from it. If it
// closes, the next takes the lock and goes on from what it has seen. A tab in sight that gets no answer takes the lock
// by force, since a tab out of sight may sleep. Looks like an EventSource, which it is where a browser lacks the means.
self.Stream = !navigator.locks || !self.BroadcastChannel ? class extends EventSource {
  constructor(url) { super(url); }
} : class extends EventTarget {
  readyState = EventSource.CONNECTING;
  mine = new Map();

  // share names who may share: readers of other rights see other things at the same address.
  constructor(url, share) {
    super();
    this.url = new URL(url, location);
    this.seen = Number(this.url.searchParams.get("seen"));
    this.name = `live ${this.url.pathname} ${share}`;
    this.channel = new BroadcastChannel(this.name);
    this.channel.onmessage = ({ data }) => this.hear(data);
    this.gone = new AbortController();
    const ask = () => { if (!document.hidden) this.ask(); };
    this.timer = setInterval(ask, 20000);
    document.addEventListener("visibilitychange", ask, { signal: this.gone.signal });
    addEventListener("pagehide", () => this.close(), { signal: this.gone.signal }); // a page kept for "back" keeps no lock
    this.stand({ signal: this.gone.signal });
    this.ask();
  }

  // stand waits for the lock, or takes it, and keeps it until another takes it or the tab closes.
  stand(how) {
    navigator.locks.request(this.name, how, () => new Promise((done) => { this.end = done; this.lead(); })).catch(() => {
      const led = this.source;
      this.rest();
      if (led && !this.gone.signal.aborted) this.stand({ signal: this.gone.signal });
    });
  }

  lead() {
    if (this.gone.signal.aborted) return this.end();
    this.url.searchParams.set("seen", this.seen);
    const source = this.source = new EventSource(this.url);
    const tell = ({ type, data, lastEventId }) => this.tell({ type, data, id: Number(lastEventId), state: source.readyState });
    for (const type of ["open", "error", "message", "moved", "me"]) source.addEventListener(type, tell);
  }

  rest() {
    this.source?.close();
    this.source = undefined;
  }

  // ask lets the leader say what was missed; one that is silent for long is no leader.
  ask() {
    if (this.source) return;
    this.heard = false;
    this.channel.postMessage({ ask: this.seen });
    clearTimeout(this.patience);
    this.patience = setTimeout(() => { if (!this.heard && !this.source && !document.hidden) this.stand({ steal: true }); }, 3000);
  }

  // tell passes on what came. What is for this person alone replaces an element: the newest of each is kept for who joins.
  tell(event) {
    if (event.type === "message") this.last = event;
    if (event.type === "me") this.mine.set(event.data.match(/ id="([^"]*)"/)?.[1], event);
    this.channel.postMessage(event);
    this.happen(event);
  }

  hear(event) {
    if (event.ask === undefined) {
      this.heard = true;
      if (!this.source) this.happen(event);
    } else if (this.source) {
      this.channel.postMessage({ type: this.source.readyState === EventSource.OPEN ? "open" : "error", state: this.source.readyState });
      if (this.last?.id > event.ask) this.channel.postMessage(this.last);
      for (const mine of this.mine.values()) this.channel.postMessage(mine);
    }
  }

  happen({ type, data, id, state }) {
    if (type === "message" && id < this.seen) return;
    if (type === "message") this.seen = id;
    this.readyState = state;
    const event = data === undefined ? new Event(type) : new MessageEvent(type, { data, lastEventId: String(id) });
    this[`on${type}`]?.(event);
    this.dispatchEvent(event);
  }

  close() {
    this.readyState = EventSource.CLOSED;
    clearInterval(this.timer);
    clearTimeout(this.patience);
    this.gone.abort();
    this.rest();
    this.channel.close();
    this.end?.();
  }
};
