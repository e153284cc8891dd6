// What the page writes: text nodes, never markup.
const byID = (id) => document.getElementById(id);

// make returns an element with attributes and children; strings become text.
function make(tag, attrs, ...children) {
  const e = document.createElement(tag);
  for (const [k, v] of Object.entries(attrs || {})) e.setAttribute(k, v);
  e.append(...children.filter((c) => c !== null && c !== ''));
  return e;
}

// say writes a text if it is another one.
function say(e, text) {
  if (e.textContent !== text) e.textContent = text;
}

// mark sets an attribute if it is another one.
function mark(e, name, value) {
  if (e.getAttribute(name) !== value) e.setAttribute(name, value);
}

// redraw replaces the children of a list, but only if what it is made of has changed.
function redraw(list, data, children) {
  const key = JSON.stringify(data);
  if (list.lastKey === key) return;
  list.lastKey = key;
  list.replaceChildren(...children());
}

const levels = {
  ok: {word: 'OK', sign: '✓', color: '#1a7f37'},
  note: {word: 'Note', sign: 'i', color: '#3b5bdb'},
  warn: {word: 'Warning', sign: '!', color: '#b35c00'},
  bad: {word: 'Critical', sign: '✕', color: '#c02418'},
};

// span is a duration in seconds for people, in two units at most.
function span(s) {
  if (s === null || s === undefined) return '–';
  s = Math.max(s, 0);
  if (s < 0.05) return '0 s';
  if (s < 9.95) return s.toFixed(1) + ' s';
  if (s < 120) return Math.round(s) + ' s';
  if (s < 3600) return Math.floor(s / 60) + ' min';
  const [big, unit, small, sub] = s < 86400 ? [3600, 'h', 60, 'min'] : [86400, 'd', 3600, 'h'];
  const rest = Math.floor((s % big) / small);
  return Math.floor(s / big) + ' ' + unit + (rest ? ' ' + rest + ' ' + sub : '');
}

const grouped = new Intl.NumberFormat('en-GB', {maximumFractionDigits: 0});

// figure is a number for people, with a decimal where it is small.
function figure(n) {
  if (n === null || n === undefined) return '–';
  return n < 9.95 && !Number.isInteger(n) ? n.toFixed(1) : grouped.format(n);
}

const plural = (n, what) => grouped.format(n) + ' ' + what + (n === 1 ? '' : 's');

// ago tells how long ago a time of the server was, by the server's clock.
const ago = (at, now) => (at ? span((now - at) / 1000) + ' ago' : '–');

const clock = (at) => new Date(at).toLocaleTimeString([], {hour12: false});
