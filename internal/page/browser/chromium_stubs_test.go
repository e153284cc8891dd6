package browser

import (
	"context"
	"fmt"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"korestream/internal/page"
)

// patience bounds each wait for the browser. A machine that does much else may need it.
const patience = 30 * time.Second

// chromium returns a browser that all tabs of a test are in.
func chromium(t *testing.T) context.Context {
	t.Helper()
	path := os.Getenv("CHROMIUM")
	if path == "" {
		path, _ = exec.LookPath("chromium")
	}
	if path == "" {
		if os.Getenv("PAGE_CHROMIUM") == "required" {
			t.Fatal("there is no chromium, and it is said to be required: apt-get install chromium")
		}
		t.Skip("there is no chromium, so the page is not looked at: apt-get install chromium, or set CHROMIUM to one")
	}
	opts := append(
		chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU, // in a new folder of its own, which goes with it
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true), chromedp.NoFirstRun,
	)
	alloc, cancel := chromedp.NewExecAllocator(t.Context(), opts...)
	t.Cleanup(cancel)
	ctx, stop := chromedp.NewContext(alloc)
	t.Cleanup(stop)
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("start chromium: %v", err)
	}
	return ctx
}

// screen is how a tab looks.
type screen struct {
	width, height int64
	scheme        string // light or dark
	noScript      bool
}

// tab is one tab, and all that went wrong in it.
type tab struct {
	t      *testing.T
	ctx    context.Context
	origin string

	mu sync.Mutex // guards all below
	// wrong are errors and warnings of the console, exceptions, violations of the
	// policy, and requests to other places.
	wrong []string
	// silent says that failed requests are expected.
	silent   bool
	bytes    int64
	requests int
}

func openTab(t *testing.T, browser context.Context, s screen, at string) *tab {
	t.Helper()
	origin, err := url.Parse(at)
	if err != nil {
		t.Fatal(err)
	}
	b := &tab{t: t, origin: origin.Scheme + "://" + origin.Host}
	ctx, cancel := chromedp.NewContext(browser, chromedp.WithListener(b.heard))
	t.Cleanup(cancel)
	b.ctx = ctx
	b.do(func(ctx context.Context, target *chromedp.Target) (chromedp.Void, error) {
		if _, err := cdp.Call(ctx, target, network.Enable, network.EnableParams{}); err != nil {
			return chromedp.Void{}, err
		}
		_, err := cdp.Call(ctx, target, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: s.scheme}, {Name: "prefers-reduced-motion", Value: "reduce"}},
		})
		if err == nil && s.noScript {
			_, err = cdp.Call(ctx, target, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
		}
		return chromedp.Void{}, err
	})
	b.do(chromedp.EmulateViewport(s.width, s.height))
	b.do(chromedp.Navigate(at))
	return b
}

// heard notes what the browser tells of the tab.
func (b *tab) heard(ev any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch e := ev.(type) {
	case *runtime.EventExceptionThrown:
		b.wrong = append(b.wrong, fmt.Sprintf("exception: %s %v", e.ExceptionDetails.Text, e.ExceptionDetails.Exception))
	case *runtime.EventConsoleAPICalled:
		if e.Type == "error" || e.Type == "warning" {
			b.wrong = append(b.wrong, fmt.Sprintf("console: %s", e.Type))
		}
	case *log.EventEntryAdded:
		if (e.Entry.Level == "error" || e.Entry.Level == "warning") && !(b.silent && e.Entry.Source == "network") {
			b.wrong = append(b.wrong, fmt.Sprintf("%s: %s", e.Entry.Source, e.Entry.Text))
		}
	case *network.EventRequestWillBeSent:
		b.requests++
		if u := e.Request.URL; !strings.HasPrefix(u, b.origin+"/") && !strings.HasPrefix(u, "data:") {
			b.wrong = append(b.wrong, "a request elsewhere: "+u)
		}
	case *network.EventLoadingFinished:
		b.bytes += int64(e.EncodedDataLength)
	}
}

func (b *tab) do(steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	if err := chromedp.Do(b.ctx, steps...); err != nil {
		b.t.Fatal(err)
	}
}

// eval returns what an expression is in the tab.
func eval[T any](b *tab, expression string) T {
	b.t.Helper()
	v, err := chromedp.Run(b.ctx, chromedp.Evaluate[T](expression))
	if err != nil {
		b.t.Fatalf("%s: %v", expression, err)
	}
	return v
}

// await waits until an expression is true.
func (b *tab) await(expression string) {
	b.t.Helper()
	until := time.Now().Add(patience)
	for !eval[bool](b, expression) {
		if time.Now().After(until) {
			b.t.Fatalf("never so in %s: %s; the page says %q", patience, expression, eval[string](b, "document.body.innerText.slice(0, 400)"))
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// clean fails the test for all that went wrong.
func (b *tab) clean() {
	b.t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, w := range b.wrong {
		b.t.Error(w)
	}
}

func (b *tab) loaded() (bytes int64, requests int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.bytes, b.requests
}

// picture keeps how the tab looks, if somebody wants to see it: the screen, and the
// whole page.
func (b *tab) picture(name string) {
	b.t.Helper()
	folder := os.Getenv("SCREENSHOTS")
	if folder == "" {
		return
	}
	first, err := chromedp.Run(b.ctx, chromedp.CaptureScreenshot())
	if err != nil {
		b.t.Fatal(err)
	}
	whole, err := chromedp.Run(b.ctx, chromedp.FullScreenshot(100))
	if err != nil {
		b.t.Fatal(err)
	}
	for suffix, png := range map[string][]byte{"": first, "-whole": whole} {
		if err := os.WriteFile(filepath.Join(folder, name+suffix+".png"), png, 0o644); err != nil {
			b.t.Fatal(err)
		}
	}
}

// served is a page that somebody serves.
func served(t *testing.T, p *page.Page) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(p)
	t.Cleanup(s.Close)
	return s
}
