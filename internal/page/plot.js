// Plots: one path for the line and one for what is under it.
const svgNS = 'http://www.w3.org/2000/svg';
const plotWidth = 89, plotHeight = 20;

function newPlot(kind) {
  const svg = document.createElementNS(svgNS, 'svg');
  const area = document.createElementNS(svgNS, 'path');
  const line = document.createElementNS(svgNS, 'path');
  svg.setAttribute('viewBox', '0 0 ' + plotWidth + ' ' + plotHeight);
  svg.setAttribute('preserveAspectRatio', 'none');
  svg.setAttribute('class', 'plot ' + kind);
  svg.setAttribute('role', 'img');
  area.setAttribute('class', 'area');
  line.setAttribute('class', 'line');
  line.setAttribute('vector-effect', 'non-scaling-stroke');
  svg.append(area, line);
  return {svg, area, line};
}

// drawPlot draws values, the last at the right edge. The scale begins at 0 and
// reaches at least floor, so that noise does not look like trouble.
function drawPlot(plot, values, floor, label) {
  let most = floor;
  for (const v of values) if (v !== null && v > most) most = v;
  const first = plotWidth + 1 - values.length;
  let line = '', area = '', begun = -1, x = 0;
  const end = () => {
    if (begun >= 0) area += 'L' + (x - 1) + ' ' + plotHeight + 'L' + begun + ' ' + plotHeight + 'Z';
    begun = -1;
  };
  for (let i = 0; i < values.length; i++) {
    x = first + i;
    if (values[i] === null) {
      end();
      continue;
    }
    const y = (plotHeight - 1 - (values[i] / most) * (plotHeight - 2)).toFixed(1);
    const step = (begun < 0 ? 'M' : 'L') + x + ' ' + y;
    if (begun < 0) begun = x;
    line += step;
    area += step;
  }
  x++;
  end();
  mark(plot.line, 'd', line);
  mark(plot.area, 'd', area);
  mark(plot.svg, 'aria-label', label);
}

const most = (values) => values.reduce((m, v) => (v !== null && v > m ? v : m), 0);
const least = (values) => values.reduce((m, v) => (v !== null && v < m ? v : m), Infinity);

// History is what the server has told of the plots so far.
class History {
  constructor() {
    this.to = 0;
    this.behind = new Map();
    this.rate = new Map();
    this.points = 90;
  }

  // take adds the points that are new.
  take(h) {
    const added = h.to - this.to;
    this.points = h.points;
    for (const kind of ['behind', 'rate']) {
      for (const id of this[kind].keys()) if (added > 0 && !(id in h[kind])) this[kind].delete(id);
      for (const [id, values] of Object.entries(h[kind])) {
        const old = (this[kind].get(id) || []).slice(-h.points);
        const missing = Math.max(0, Math.min(added, h.points) - values.length);
        this[kind].set(id, old.concat(new Array(missing).fill(null), values).slice(-h.points));
      }
    }
    this.to = h.to;
    return added > 0;
  }

  of(kind, id) {
    return this[kind].get(id) || [];
  }
}
