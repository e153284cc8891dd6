// Asking, again and again, and saying so when nobody answers.
const table = new ShardTable();
let plots = new History();
let boot = 0, view = null, heard = 0, failures = 0, failure = '', timer = 0, asking = false;

async function ask() {
  if (asking) return;
  asking = true;
  const cut = new AbortController();
  const patience = setTimeout(() => cut.abort(), 5000);
  try {
    const answer = await fetch('/page.json?after=' + plots.to + '&boot=' + boot, {cache: 'no-store', signal: cut.signal});
    if (!answer.ok) throw new Error('it answers ' + answer.status);
    take(await answer.json());
    failures = 0;
    failure = '';
  } catch (e) {
    failures++;
    failure = cut.signal.aborted ? 'it takes longer than 5 s' : e.message;
  } finally {
    clearTimeout(patience);
    asking = false;
  }
  showAge();
  // In the background once in a while, for the sake of title and icon.
  const pause = document.hidden ? 15000 : Math.min(1000 * 2 ** failures, 10000) + (view && !failures ? view.every - 1000 : 0);
  timer = setTimeout(ask, pause);
}

function take(v) {
  if (v.boot !== boot) plots = new History();
  boot = v.boot;
  const plotsNew = plots.take(v.history);
  const first = !view;
  view = v;
  heard = performance.now();
  say(byID('stream'), v.stream);
  say(byID('application'), v.application === v.stream ? '' : v.application);
  say(byID('worker'), v.worker);
  say(byID('version'), v.version + ', up ' + span((v.at - v.started_at) / 1000));
  showFindings(v);
  for (const id of ['totals', 'shards', 'workers-card', 'moves-card', 'letters-card', 'rest']) byID(id).hidden = id !== 'rest' && !v.consumes;
  if (v.consumes) {
    showTotals(v, plots, plotsNew || first);
    showShardsNote(v);
    table.show(v, plots, plotsNew || first);
    showWorkers(v);
    showMoves(v);
  }
  showLines(v);
  showLetters(v);
}

function showShardsNote(v) {
  const t = v.totals, more = [];
  if (t.waiting) more.push(t.waiting + ' wait for their parents');
  if (t.finished) more.push(t.finished + ' finished');
  if (v.hidden) more.push(v.hidden + ' more are not listed, none of them worse');
  say(byID('shards-note'), [grouped.format(v.shards.length), ...more].join(' · '));
}

// showAge says how old the figures are. While nobody answers the verdict is that.
function showAge() {
  if (!view) {
    say(byID('age'), failures ? 'no answer: ' + failure + '; trying again' : 'asking');
    return;
  }
  const age = (performance.now() - heard) / 1000;
  const gone = failures > 1;
  mark(document.documentElement, 'data-gone', gone ? 'yes' : 'no');
  say(byID('age'), gone ? 'no answer for ' + span(age) : 'live, ' + Math.round(age) + ' s ago');
  if (!gone) return;
  showFindings({...view, findings: [{
    level: 'bad', title: 'This process does not answer',
    detail: 'What is shown below is ' + span(age) + ' old; it is asked again and again (' + failure + '). If it is dead, others have its shards after lease.failover.',
    command: 'korestream leases', runbook: 'down',
  }, ...view.findings]});
}

document.addEventListener('visibilitychange', () => {
  if (document.hidden) return;
  clearTimeout(timer);
  ask();
});
setInterval(showAge, 1000);
ask();
