// The table of the shards: one row each, made once and then only changed.
const rank = {bad: 3, warn: 2, note: 1, ok: 0};
const last = (v) => (v === null || v === undefined ? -Infinity : v);
const columns = [
  {key: 'worst', title: 'Worst first', hidden: true, of: (s, i) => -i},
  {key: 'shard', title: 'Shard', of: (s) => s.id, up: true},
  {key: 'state', title: 'State', of: (s) => s.trouble || s.hold || s.state, up: true},
  {key: 'owner', title: 'Owner', of: (s) => s.owner, up: true},
  {key: 'lag', title: 'Behind', of: (s) => last(s.behind), number: true},
  {key: 'rate', title: 'Rate', of: (s) => last(s.rate === null ? s.kib / 1e6 : s.rate), number: true},
  {key: 'headroom', title: 'Headroom', of: (s) => (s.headroom === null ? Infinity : s.headroom), number: true, up: true},
  {key: 'parked', title: 'Parked', of: (s) => last(s.parked), number: true},
  {key: 'error', title: 'Last error', of: (s) => (s.last ? s.last.at : 0)},
];

// A class of the cells of each column, for the narrow page.
function cell(row, key, ...children) {
  const c = make('td', {role: 'cell', class: 'c-' + key}, ...children);
  row.append(c);
  return c;
}

class ShardTable {
  constructor() {
    this.rows = new Map();
    this.order = '';
    this.shards = [];
    const asked = new URLSearchParams(location.hash.slice(1));
    this.key = columns.some((c) => c.key === asked.get('sort')) ? asked.get('sort') : 'worst';
    this.up = asked.get('up') === '1';
    this.buttons = new Map();
    for (const c of columns) {
      byID('sort').append(make('option', {value: c.key}, c.title));
      if (c.hidden) continue;
      const button = make('button', {type: 'button', class: 'by'}, c.title, make('span', {class: 'arrow', 'aria-hidden': 'true'}));
      button.addEventListener('click', () => this.sortBy(c.key));
      const th = make('th', {scope: 'col', role: 'columnheader', class: c.number ? 'n' : ''}, button);
      byID('shards-head').append(th);
      this.buttons.set(c.key, th);
    }
    byID('sort').addEventListener('change', (e) => this.sortBy(e.target.value, true));
    this.showSort();
  }

  // sortBy sorts by a column; by the same again it turns the order round, and then
  // back to the worst first.
  sortBy(key, chosen) {
    const c = columns.find((c) => c.key === key);
    if (this.key !== key || chosen) {
      this.key = key;
      this.up = !!c.up;
    } else if (this.up === !!c.up) {
      this.up = !this.up;
    } else {
      this.key = 'worst';
      this.up = false;
    }
    const hash = this.key === 'worst' ? ' ' : '#sort=' + this.key + (this.up ? '&up=1' : '');
    history.replaceState(null, '', hash === ' ' ? location.pathname : hash);
    this.showSort();
    this.place();
  }

  showSort() {
    byID('sort').value = this.key;
    for (const [key, th] of this.buttons) {
      const by = key === this.key;
      if (by) th.setAttribute('aria-sort', this.up ? 'ascending' : 'descending');
      else th.removeAttribute('aria-sort');
      say(th.querySelector('.arrow'), by ? (this.up ? '▲' : '▼') : '');
    }
  }

  show(view, plots, plotsNew) {
    this.shards = view.shards;
    const seen = new Set();
    for (const s of view.shards) {
      seen.add(s.id);
      let r = this.rows.get(s.id);
      const isNew = !r;
      if (isNew) this.rows.set(s.id, (r = this.newRow()));
      this.fill(r, s, view);
      if (isNew || plotsNew) this.plot(r, s, view, plots);
    }
    for (const [id, r] of this.rows) {
      if (seen.has(id)) continue;
      r.row.remove();
      this.rows.delete(id);
    }
    this.place();
  }

  newRow() {
    const row = make('tr', {role: 'row'});
    const r = {row, behind: newPlot('behind'), rate: newPlot('rate'), headroom: newPlot('headroom')};
    r.sign = make('span', {class: 'sign', 'aria-hidden': 'true'});
    r.level = make('span', {class: 'hush'});
    r.name = make('span', {class: 'id'});
    row.append(make('th', {scope: 'row', role: 'rowheader', class: 'c-shard'}, r.sign, r.level, make('span', {class: 'narrow'}, 'shard '), r.name));
    r.state = cell(row, 'state');
    r.owner = make('span', {class: 'cut'});
    cell(row, 'owner', r.owner);
    for (const key of ['behind', 'rate', 'headroom']) {
      r[key + 'Text'] = make('span', {class: 'v'});
      const label = make('span', {class: 'label'}, key + ' ');
      cell(row, key, make('span', {class: 'figure'}, label, r[key + 'Text'], r[key].svg));
    }
    r.parked = cell(row, 'parked');
    r.error = cell(row, 'error');
    return r;
  }

  fill(r, s, view) {
    const l = levels[s.level];
    mark(r.row, 'data-level', s.level);
    mark(r.row, 'data-shard', s.id);
    say(r.sign, s.level === 'ok' ? '' : l.sign);
    say(r.level, s.level === 'ok' ? '' : l.word + ': ');
    say(r.name, s.name);
    mark(r.name, 'title', s.id);
    const held = s.hold ? s.hold + (s.hold_for >= 1 ? ' ' + span(s.hold_for) : '') : s.state;
    say(r.state, s.trouble && s.trouble !== s.hold ? s.trouble + (s.hold ? ': ' + held : '') : held);
    say(r.owner, s.owner ? (s.mine ? 'this process' : s.owner) : s.state === 'waiting for its parents' ? '–' : 'nobody');
    mark(r.owner, 'title', s.owner);
    mark(r.owner, 'class', s.mine ? 'cut' : s.owner ? 'cut other' : 'cut none');
    say(r.behindText, (s.at_most && s.behind >= 1 ? '≤ ' : '') + span(s.behind));
    mark(r.behindText, 'title', s.at_most ? 'as its owner wrote it down, once a minute where nothing comes' : s.behind > 0 ? (s.catch_up === null ? 'does not catch up at this rate' : 'has caught up in ' + span(s.catch_up)) : '');
    say(r.rateText, s.mine ? (s.rate === null ? '–' : figure(s.rate) + '/s') : s.owner ? figure(s.kib) + ' KiB/s' : '–');
    say(r.headroomText, span(s.headroom));
    mark(r.parked, 'class', 'c-parked n' + (s.parked ? ' some' : ''));
    const parked = s.parked === null ? (s.owner ? '?' : '–') : figure(s.parked);
    say(r.parked, parked);
    mark(r.parked, 'title', s.parked === null && s.owner ? 'known to its owner: see that worker\'s page' : '');
    mark(r.parked, 'data-none', s.parked ? '' : 'none');
    this.fillError(r, s, view);
  }

  fillError(r, s, view) {
    const e = s.last;
    mark(r.error, 'data-none', e ? '' : 'none');
    if (!e) return say(r.error, '–');
    const why = [e.reason, e.class].filter((t) => t).join(', ');
    say(r.error, e.message + (why ? ' (' + why + ')' : '') + ', ' + ago(e.at, view.at));
    mark(r.error, 'title', r.error.textContent);
  }

  plot(r, s, view, plots) {
    const behind = plots.of('behind', s.id), rate = plots.of('rate', s.id);
    drawPlot(r.behind, behind, 10, 'most ' + span(most(behind)));
    drawPlot(r.rate, rate, 1, 'most ' + figure(most(rate)) + (s.mine ? ' a second' : ' KiB a second'));
    const left = view.retention === null ? [] : behind.map((b) => (b === null ? null : Math.max(view.retention - b, 0)));
    drawPlot(r.headroom, left, view.retention || 1, left.length ? 'least ' + span(least(left)) : 'not known');
  }

  // place puts the rows in order, unless they are.
  place() {
    const c = columns.find((c) => c.key === this.key);
    const keyed = this.shards.map((s, i) => ({id: s.id, i, by: c.of(s, i)}));
    const sign = this.up ? 1 : -1;
    keyed.sort((a, b) => (a.by < b.by ? -sign : a.by > b.by ? sign : a.i - b.i));
    const order = keyed.map((k) => k.id).join('\n');
    if (order === this.order) return;
    this.order = order;
    const focused = document.activeElement;
    byID('shards-body').append(...keyed.map((k) => this.rows.get(k.id).row));
    if (focused && focused !== document.activeElement) focused.focus({preventScroll: true});
  }
}
