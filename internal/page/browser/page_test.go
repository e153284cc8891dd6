package browser

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"korestream/internal/page"
)

const manyShards = 64

// lived is a page of a fleet that has been looked at for longer than its plots show.
func lived(shards int) (p *page.Page, now time.Time, since time.Duration) {
	p, now = page.New(15*time.Second), time.Now()
	for since = 0; since < page.Span+time.Minute; since += page.Every {
		p.Take(fleetOf(shards, now.Add(since-page.Span-time.Minute), since))
	}
	return p, now, since
}

func TestPage_FitsEveryScreenAndUpdates(t *testing.T) {
	browser := chromium(t)
	for _, s := range []screen{
		{width: 360, height: 780, scheme: "light"},
		{width: 360, height: 780, scheme: "dark"},
		{width: 1440, height: 900, scheme: "light"},
		{width: 1440, height: 900, scheme: "dark"},
		{width: 820, height: 1100, scheme: "light"},
	} {
		t.Run(fmt.Sprintf("%d %s", s.width, s.scheme), func(t *testing.T) {
			p, now, since := lived(manyShards)
			b := openTab(t, browser, s, served(t, p).URL)
			b.await(fmt.Sprintf("document.querySelectorAll('#shards-body tr').length === %d", manyShards))
			bytes, requests := b.loaded()
			if bytes > 200<<10 || bytes == 0 {
				t.Errorf("the page and its data are %d bytes, want less than 200 KiB", bytes)
			}
			t.Logf("%d bytes in %d requests", bytes, requests)
			if wide, screen := eval[int64](b, "document.documentElement.scrollWidth"), eval[int64](b, "innerWidth"); wide > screen {
				t.Errorf("the page is %d px wide on a screen of %d", wide, screen)
			}
			if out := eval[[]string](b, tooWide); len(out) > 0 {
				t.Errorf("out of the screen: %v", out)
			}
			if cut := eval[[]string](b, cutOff); len(cut) > 0 {
				t.Errorf("figures that are cut off: %v", cut)
			}
			if over := eval[[]string](b, overlaps); len(over) > 0 {
				t.Errorf("one on another: %q", over)
			}
			if unseen := eval[[]string](b, unseenFocus); len(unseen) > 0 {
				t.Errorf("what takes the focus and cannot be seen: %q", unseen)
			}
			if s.width == 1440 && eval[bool](b, "(() => { const w = document.querySelector('#shards .wide'); return w.scrollWidth > w.clientWidth; })()") {
				t.Error("the table does not fit a screen of 1440")
			}
			b.picture(fmt.Sprintf("page-%d-%s", s.width, s.scheme))

			before := eval[string](b, "document.querySelector('[data-total=letters] .big').textContent")
			next := fleetOf(manyShards, now.Add(page.Every), since+page.Every)
			next.Letters.ByReason["handler_failed"] += 4000
			p.Take(next)
			b.await(fmt.Sprintf("document.querySelector('[data-total=letters] .big').textContent === '4,017' && %q === '17'", before))
			b.clean()
		})
	}
}

// tooWide are the elements that reach out of the screen, but for those that scroll by
// themselves.
const tooWide = `[...document.querySelectorAll('body *')].filter((e) => {
	const r = e.getBoundingClientRect();
	return r.width > 0 && r.right > innerWidth + 0.5 && !e.closest('.wide') && !e.closest('.hush') && !e.closest('.skip');
}).map((e) => e.tagName + '.' + e.className).slice(0, 5)`

// cutOff are the texts that do not fit into their place.
const cutOff = `[...document.querySelectorAll('.big, h1, h2, .run, dt')].filter((e) => e.getClientRects().length && e.scrollWidth > e.clientWidth + 1)
	.map((e) => e.textContent).slice(0, 5)`

// unseenFocus are what the keyboard reaches and the eye does not.
const unseenFocus = `[...document.querySelectorAll('button, select, a[href], [tabindex]')].filter((e) => {
	const r = e.getBoundingClientRect();
	return e.checkVisibility() && !e.classList.contains('skip') && (r.width < 8 || r.height < 8 || e.closest('.hush'));
}).map((e) => e.outerHTML.slice(0, 80))`

// overlaps are the texts and plots of a row or a tile that lie on one another.
const overlaps = `[...document.querySelectorAll('#shards-body tr, #workers-body tr, .totals > div, .findings li')].flatMap((box) => {
	const seen = [...box.querySelectorAll('dt, .big, .note, .v, .label, .plot, .id, .cut, .tag, strong, .run, .book, .c-state, .c-parked, td')]
		.filter((e) => !e.querySelector('.v, .id, .cut') && !e.closest('.hush') && e.getClientRects().length).map((e) => {
			const r = document.createRange();
			r.selectNodeContents(e);
			const [a, b] = [e.classList.contains('plot') ? e.getBoundingClientRect() : r.getBoundingClientRect(), e.getBoundingClientRect()];
			const clipped = getComputedStyle(e).overflow !== 'visible';
			return {text: e.textContent || e.getAttribute('class'), l: a.left, t: a.top, r: clipped ? Math.min(a.right, b.right) : a.right, b: a.bottom, e};
		}).filter((a) => a.r > a.l);
	return seen.flatMap((a, i) => seen.slice(i + 1).filter((b) => !a.e.contains(b.e) && !b.e.contains(a.e) &&
		Math.min(a.r, b.r) - Math.max(a.l, b.l) > 1 && Math.min(a.b, b.b) - Math.max(a.t, b.t) > 3).map((b) => a.text + ' | ' + b.text));
}).slice(0, 8)`

func TestPage_TakesDataForTextAlone(t *testing.T) {
	p, _, _ := lived(12)
	b := openTab(t, chromium(t), screen{width: 1440, height: 900, scheme: "light"}, served(t, p).URL)
	b.await("document.querySelectorAll('#workers-body tr').length === 3")
	if got := eval[int](b, "document.querySelectorAll('script').length"); got != 1 {
		t.Errorf("the document has %d scripts, want its own alone", got)
	}
	if eval[bool](b, "'hacked' in window") {
		t.Error("a worker's name was run")
	}
	if !eval[bool](b, "[...document.querySelectorAll('#workers-body th')].some((e) => e.textContent.includes('<script>window.hacked=1'))") {
		t.Error("the worker's name is not shown as it is")
	}
	if links := eval[[]string](b, "[...document.querySelectorAll('a[href]')].map((a) => a.getAttribute('href'))"); strings.Contains(fmt.Sprint(links), "javascript:") {
		t.Errorf("a worker's address is a program: %v", links)
	}
	if eval[bool](b, "(() => { const s = document.createElement('script'); s.textContent = 'window.hacked = 1'; document.body.append(s); return 'hacked' in window; })()") {
		t.Error("the policy lets foreign scripts run")
	}
}

func TestPage_IsSortedByKeyboard(t *testing.T) {
	p, _, _ := lived(manyShards)
	b := openTab(t, chromium(t), screen{width: 1440, height: 900, scheme: "light"}, served(t, p).URL)
	b.await("document.querySelectorAll('#shards-body tr').length === 64")
	first := func() string { return eval[string](b, "document.querySelector('#shards-body tr').dataset.shard") }
	if got := first(); got != "shardId-000000000005" {
		t.Errorf("first is %s, want the one that is about to lose records", got)
	}
	// From the first thing that takes the focus on, until the head of the rates.
	for range 12 {
		b.do(chromedp.KeyEvent(kb.Tab))
		if eval[string](b, "document.activeElement.textContent") == "Shard" {
			break
		}
	}
	if got := eval[string](b, "getComputedStyle(document.activeElement).outlineStyle"); got != "solid" {
		t.Errorf("where the focus is is not seen: outline is %s", got)
	}
	b.do(chromedp.KeyEvent(kb.Enter))
	if got, sort := first(), eval[string](b, "document.activeElement.closest('th').getAttribute('aria-sort')"); got != "shardId-000000000000" || sort != "ascending" {
		t.Errorf("sorted by shard: first is %s, %s", got, sort)
	}
	b.do(chromedp.KeyEvent(kb.Enter))
	if got, sort := first(), eval[string](b, "document.activeElement.closest('th').getAttribute('aria-sort')"); got != "shardId-000000000063" || sort != "descending" {
		t.Errorf("turned round: first is %s, %s", got, sort)
	}
	if got := eval[string](b, "location.hash"); got != "#sort=shard" {
		t.Errorf("a reload would forget the order: %q", got)
	}
	b.do(chromedp.KeyEvent(kb.Enter))
	if got := first(); got != "shardId-000000000005" {
		t.Errorf("once more: first is %s, want the worst", got)
	}
	b.clean()
}

func TestPage_KeepsItsPlotsOverAReload(t *testing.T) {
	p, _, _ := lived(12)
	b := openTab(t, chromium(t), screen{width: 1440, height: 900, scheme: "light"}, served(t, p).URL)
	const drawn = "(document.querySelector('#shards-body .plot.behind .line')?.getAttribute('d').split('L').length ?? 0)"
	b.await(drawn + " === 90")
	b.do(chromedp.Reload())
	b.await(drawn + " === 90")
	b.clean()
}

func TestPage_SaysThatNobodyAnswers(t *testing.T) {
	p, _, _ := lived(12)
	s := served(t, p)
	b := openTab(t, chromium(t), screen{width: 360, height: 780, scheme: "dark"}, s.URL)
	b.await("document.querySelectorAll('#shards-body tr').length === 12")
	b.mu.Lock()
	b.silent = true
	b.mu.Unlock()
	s.CloseClientConnections()
	s.Listener.Close()
	b.await("document.querySelector('#verdict').textContent.includes('does not answer')")
	if title := eval[string](b, "document.title"); !strings.Contains(title, "does not answer") {
		t.Errorf("the title is %q", title)
	}
	if got := eval[string](b, "document.querySelector('#detail').textContent"); !strings.Contains(got, " s old; it is asked again and again") {
		t.Errorf("how old the figures are is not said: %q", got)
	}
	if got := eval[int](b, "document.querySelectorAll('#shards-body tr').length"); got != 12 {
		t.Errorf("%d shards are still shown, want all", got)
	}
	b.picture("page-gone")
	b.clean()
}

func TestPage_SaysSomethingWithoutScript(t *testing.T) {
	p, _, _ := lived(12)
	b := openTab(t, chromium(t), screen{width: 360, height: 780, scheme: "light", noScript: true}, served(t, p).URL)
	text := eval[string](b, "document.body.innerText")
	for _, want := range []string{"Critical", "Losing records soon: shard 5", "korestream explain 5", "korestream leases"} {
		if !strings.Contains(text, want) {
			t.Errorf("without a script the page does not say %q: %s", want, text)
		}
	}
	b.picture("page-noscript")
	b.clean()
}

func TestPage_LooksCalmWhenAllIsWell(t *testing.T) {
	browser := chromium(t)
	p, now := page.New(15*time.Second), time.Now()
	for since := time.Duration(0); since < page.Span; since += page.Every {
		m := fleetOf(16, now.Add(since-page.Span), since)
		m.Letters, m.Lines, m.Workers = page.Letters{Kind: "file"}, nil, m.Workers[:2]
		well := m.Shards[:0]
		for _, s := range m.Shards {
			if s.Parked == 0 && s.Hold == "" && s.Owner != "" && s.Owner != hostile && s.Behind < time.Minute {
				s.Last = nil
				well = append(well, s)
			}
		}
		m.Shards = well
		p.Take(m)
	}
	for _, width := range []int64{360, 1440} {
		b := openTab(t, browser, screen{width: width, height: 800, scheme: "light"}, served(t, p).URL)
		b.await("document.querySelector('#verdict').textContent.includes('Healthy')")
		if got := eval[int](b, "document.querySelectorAll('.findings li').length"); got != 0 {
			t.Errorf("all is well and there are %d findings", got)
		}
		b.picture(fmt.Sprintf("page-healthy-%d", width))
		b.clean()
	}
}
