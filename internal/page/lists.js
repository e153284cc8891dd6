// All but the shards: totals, findings, errors, letters, workers, moves.
function tile(key, title, value, note, level, plot) {
  return {key, title, value, note: note || '', level: level || 'ok', plot};
}

function totalTiles(v) {
  const t = v.totals;
  // A tile is as bad as what is said of it.
  const level = (...books) => v.findings.find((f) => books.includes(f.runbook))?.level;
  const fleet = t.workers > 1 ? figure(t.own_rate) + ' of it here' : '';
  return [
    tile('rate', 'Events/s', figure(t.rate), fleet, 'ok', true),
    tile('behind', 'Worst lag', span(t.behind), t.behind === null ? 'not known' : t.behind > 0.05 ? 'shard ' + t.behind_shard : 'nothing is waiting', level('behind'), true),
    tile('headroom', 'Least headroom', span(t.headroom), v.retention === null ? '' : 'of ' + span(v.retention) + ' retention', level('retention-headroom')),
    tile('parked', 'Parked keys', figure(t.parked), t.events_parked ? plural(t.events_parked, 'event') + ' wait too' : 'SIMs that wait', level('parked-keys', 'parked-events')),
    tile('letters', 'Dead letters', figure(t.dead_letters), v.letters.last_at ? 'last ' + ago(v.letters.last_at, v.at) : 'since it began', level('dead-letters-failing', 'dead-letters')),
    tile('owned', 'Shards owned', figure(t.readable - t.unowned) + ' of ' + figure(t.readable), t.unowned ? figure(t.unowned) + ' without owner' : figure(t.mine) + ' of them here', t.unowned ? level('no-owner') : 'ok'),
  ];
}

const tiles = new Map();

function showTotals(v, plots, plotsNew) {
  const dl = byID('totals');
  for (const t of totalTiles(v)) {
    let e = tiles.get(t.key);
    const isNew = !e;
    if (isNew) {
      e = {value: make('span', {class: 'big'}), note: make('span', {class: 'dim note'}), plot: t.plot && newPlot(t.key)};
      e.box = make('div', {'data-total': t.key}, make('dt', {}, t.title), make('dd', {}, e.value, e.note, e.plot ? e.plot.svg : ''));
      dl.append(e.box);
      tiles.set(t.key, e);
    }
    mark(e.box, 'data-level', t.level);
    say(e.value, t.value);
    say(e.note, t.note);
    if (e.plot && (isNew || plotsNew)) {
      const values = plots.of(t.key, '');
      drawPlot(e.plot, values, t.key === 'behind' ? 10 : 1, 'most ' + (t.key === 'behind' ? span(most(values)) : figure(most(values)) + ' a second'));
    }
  }
}

// command is something to run, with a button that copies it where a browser lets it.
function command(text) {
  // Broken between words alone: a flag that is broken at its dashes is read wrong.
  const words = text.split(' ').flatMap((w, i) => [i ? ' ' : '', make('span', {class: 'word'}, w)]);
  const out = make('span', {class: 'run'}, make('code', {}, ...words));
  if (!navigator.clipboard) return out;
  const button = make('button', {type: 'button', class: 'copy'}, 'Copy', make('span', {class: 'hush'}, ' ' + text));
  button.addEventListener('click', async () => {
    try {
      await navigator.clipboard.writeText(text);
      button.firstChild.data = 'Copied';
    } catch {
      button.firstChild.data = 'Not allowed';
    }
    setTimeout(() => (button.firstChild.data = 'Copy'), 2000);
  });
  out.append(button);
  return out;
}

function whatToDo(f) {
  return [f.first ? command(f.first) : '', f.command ? command(f.command) : '', f.runbook ? make('span', {class: 'book'}, 'docs/operations.md#' + f.runbook) : ''].filter((e) => e);
}

function showFindings(v) {
  const f = v.findings[0], l = levels[f.level];
  mark(document.documentElement, 'data-level', f.level);
  say(byID('mark'), l.sign);
  const title = l.word + ': ' + f.title;
  if (byID('verdict').textContent !== title) byID('verdict').replaceChildren(make('span', {class: 'level'}, l.word, make('span', {class: 'hush'}, ': ')), f.title);
  say(byID('detail'), f.detail);
  redraw(byID('do'), [f.first, f.command, f.runbook], () => whatToDo(f));
  redraw(byID('findings'), v.findings.slice(1), () => v.findings.slice(1).map((f) => make('li', {'data-level': f.level},
    make('span', {class: 'sign', 'aria-hidden': 'true'}, levels[f.level].sign),
    make('div', {}, make('strong', {}, make('span', {class: 'hush'}, levels[f.level].word + ': '), f.title), ' ', make('span', {class: 'dim'}, f.detail)),
    make('p', {class: 'do'}, ...whatToDo(f)))));
  document.title = l.sign + ' ' + f.title + ' · ' + v.stream + ' · korestream';
  drawIcon(l);
}

let drawn = '';

function drawIcon(l) {
  if (drawn === l.color) return;
  drawn = l.color;
  const svg = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><circle cx="8" cy="8" r="7" fill="' + l.color + '"/></svg>';
  byID('icon').href = 'data:image/svg+xml,' + encodeURIComponent(svg);
}

function showLines(v) {
  redraw(byID('lines'), [v.lines, Math.floor(v.at / 10000)], () => (v.lines.length ? v.lines : [null]).map((e) => {
    if (!e) return make('li', {class: 'empty'}, 'Neither a warning nor an error so far.');
    const about = [e.shard && 'shard ' + e.shard, e.handler && 'handler ' + e.handler, e.operation, e.reason, e.class].filter((t) => t).join(' · ');
    return make('li', {'data-level': e.level},
      make('span', {class: 'sign', 'aria-hidden': 'true'}, levels[e.level].sign),
      make('div', {}, make('span', {class: 'hush'}, e.level === 'bad' ? 'Error: ' : 'Warning: '), e.message, about ? make('span', {class: 'dim about'}, about) : ''),
      make('span', {class: 'dim at'}, ago(e.at, v.at) + (e.count > 1 ? ', ' + e.count + ' times' : '')));
  }));
}

function showLetters(v) {
  const l = v.letters;
  say(byID('letters-note'), l.kind ? 'of this process, kept in: ' + l.kind : '');
  redraw(byID('letters'), [l, Math.floor(v.at / 10000)], () => {
    const reasons = Object.entries(l.by_reason).sort((a, b) => b[1] - a[1]);
    if (!reasons.length) return [make('p', {class: 'empty'}, 'None since this process began.')];
    const lately = [ago(l.last_at, v.at), l.last, l.handler && 'handler ' + l.handler, l.shard && 'shard ' + l.shard].filter((t) => t).join(' · ');
    return [
      make('ul', {class: 'reasons'}, ...reasons.map(([reason, n]) => make('li', {}, make('span', {}, reason), make('strong', {}, grouped.format(n))))),
      make('p', {}, 'Last: ' + lately),
      make('p', {class: 'do'}, command('korestream dlq ls --since 1h')),
    ];
  });
}

const workerColumns = ['Worker', 'Version', 'Started', 'Heartbeat', 'Shards', 'Rate', 'CPU', 'Parked'];

function workerName(w) {
  const name = /^[0-9A-Za-z.:[\]-]+:[0-9]+$/.test(w.address) && !w.mine
    ? make('a', {href: 'http://' + w.address + '/', rel: 'noreferrer noopener', title: 'its own page, at ' + w.address}, w.id)
    : make('span', {}, w.id);
  name.classList.add('cut');
  const notes = [w.mine && 'this process', !w.alive && 'silent', w.draining && 'draining'].filter((t) => t).join(', ');
  return [name, notes ? make('span', {class: 'tag' + (w.alive ? '' : ' none')}, notes) : ''];
}

function showWorkers(v) {
  const head = byID('workers-head');
  if (!head.children.length) head.append(...workerColumns.map((t, i) => make('th', {scope: 'col', role: 'columnheader', class: i > 2 ? 'n' : ''}, t)));
  say(byID('workers-note'), plural(v.totals.workers, 'worker') + ' alive');
  redraw(byID('workers-body'), [v.workers, Math.floor(v.at / 10000)], () => v.workers.map((w) => {
    const td = (i, ...c) => make('td', {role: 'cell', class: i > 2 ? 'n' : '', 'data-label': workerColumns[i]}, make('span', {}, ...c));
    return make('tr', {role: 'row', 'data-alive': w.alive},
      make('th', {scope: 'row', role: 'rowheader'}, ...workerName(w)),
      td(1, w.version ? make('span', {class: 'cut', title: w.version}, w.version) : '–'), td(2, ago(w.started_at, v.at)), td(3, span(w.heartbeat)), td(4, figure(w.shards)),
      td(5, figure(w.rate) + '/s'), td(6, w.cpu === null ? '–' : Math.round(100 * w.cpu) + ' %'), td(7, figure(w.parked)));
  }));
}

function showMoves(v) {
  redraw(byID('moves'), [v.moves, Math.floor(v.at / 10000)], () => (v.moves.length ? v.moves : [null]).map((m) => {
    if (!m) return make('li', {class: 'empty'}, 'Nothing has moved.');
    return make('li', {}, make('div', {}, m.text), make('span', {class: 'dim at', title: clock(m.at)}, ago(m.at, v.at)));
  }));
}
