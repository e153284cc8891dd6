package handlers

import (
	"bytes"
	"errors"

	"github.com/go-json-experiment/json/jsontext"

	"korestream/event"
)

// errNoObject is for what Decode would have refused.
var errNoObject = errors.New("an event must be a JSON object")

// rewriter goes through a JSON text once and copies what stays. It trusts the
// text to be valid.
type rewriter struct {
	*tokens
	shape *Shape
	src   []byte
	// out is what src[:copied] has become; changed tells whether that differs.
	out     []byte
	copied  int
	changed bool
}

// text is what the whole of src has become.
func (w *rewriter) text() []byte { return append(w.out, w.src[w.copied:]...) }

// leaveOut drops src[from:to].
func (w *rewriter) leaveOut(from, to int) { w.replace(from, to, nil) }

// replace puts text in the place of src[from:to]. Places only grow from call to
// call.
func (w *rewriter) replace(from, to int, text []byte) {
	if w.out == nil {
		w.out = make([]byte, 0, len(w.src)+len(text))
	}
	w.out = append(append(w.out, w.src[w.copied:from]...), text...)
	w.copied, w.changed = to, true
}

// leaveComma drops the comma that separates what begins at a place from
// something that was left out, if there is one.
func (w *rewriter) leaveComma(at int) {
	for at < len(w.src) && isBlank(w.src[at]) {
		at++
	}
	if at < len(w.src) && w.src[at] == ',' {
		w.leaveOut(at, at+1)
	}
}

// envelope rewrites the data of an event, whose Data it returns.
func (w *rewriter) envelope(e *event.Event) ([]byte, error) {
	if w.isScalar() {
		return nil, errNoObject
	}
	if _, err := w.ReadToken(); err != nil {
		return nil, err
	}
	for first := true; w.more(); first = false {
		end := w.here()
		name, err := w.ReadValue()
		if err != nil {
			return nil, err
		}
		if string(unquote(name)) == "data" {
			return w.data(e, end, first)
		}
		if err := w.SkipValue(); err != nil {
			return nil, err
		}
	}
	return e.Data, nil
}

// data rewrites the value of data, whose name has been read. What is before its
// member ends at end.
func (w *rewriter) data(e *event.Event, end int, first bool) ([]byte, error) {
	kind := w.PeekKind()
	start := w.here() + bytes.IndexAny(w.src[w.here():], `{["`) // of an object, a list or a string
	switch {
	case kind == '{' || kind == '[':
		err := w.value(w.shape.keep, w.shape.redact, nil)
		if err != nil || !w.changed {
			return e.Data, err
		}
		to := len(w.out) + w.here() - w.copied
		w.out, w.copied = w.text(), len(w.src)
		return w.out[start:to:to], nil // nothing before it has changed
	case kind == '"' && len(e.Data) > 0 && e.Data[0] != '"': // JSON in a string
		if err := w.SkipValue(); err != nil {
			return nil, err
		}
		return w.inner(e.Data, start, w.here())
	}
	if err := w.SkipValue(); err != nil || w.shape.keep.all || kind == 'n' {
		return e.Data, err
	}
	w.leaveOut(end, w.here())
	if first {
		w.leaveComma(w.here())
	}
	return nil, nil
}

// inner rewrites the text in a string that is src[from:to].
func (w *rewriter) inner(text []byte, from, to int) ([]byte, error) {
	in := &rewriter{shape: w.shape, src: text, tokens: newTokens(text)}
	defer in.free()
	if err := in.value(w.shape.keep, w.shape.redact, nil); err != nil || !in.changed {
		return text, err
	}
	text = in.text()
	quoted, err := jsontext.AppendQuote(nil, text)
	w.replace(from, to, quoted)
	return text, err
}

// value rewrites the next value: what keep and redact say of what is in it, and
// by disguises all else, if it is not nil.
func (w *rewriter) value(keep *keepNode, redact *redactNode, by *rule) error {
	switch kind := w.PeekKind(); {
	case kind == '{' || kind == '[':
		if keep.all && redact == nil && by == nil && len(w.shape.groups) == 0 {
			return w.SkipValue()
		}
		if kind == '[' {
			return w.list(keep, redact, by)
		}
		return w.object(keep, redact, by)
	case kind == 'n' || by == nil:
		return w.SkipValue()
	}
	value, err := w.ReadValue()
	if err == nil {
		w.replace(w.here()-len(value), w.here(), by.disguise(value))
	}
	return err
}

func (w *rewriter) object(keep *keepNode, redact *redactNode, by *rule) error {
	if _, err := w.ReadToken(); err != nil {
		return err
	}
	end, first := w.here(), true
	for ; w.more(); end = w.here() {
		raw, err := w.ReadValue()
		if err != nil {
			return err
		}
		name := unquote(raw)
		k, r := keep.at(name), redact.at(name)
		do := w.ruleFor(name, r, by)
		if k == nil || !k.all && w.isScalar() || do != nil && do.mode == redactRemove {
			if err := w.SkipValue(); err != nil {
				return err
			}
			w.leaveOut(end, w.here())
			continue
		}
		if k.entry != nil {
			k.entry.matches.Add(1)
		}
		if first {
			w.leaveComma(end)
			first = false
		}
		if err := w.value(k, r, do); err != nil {
			return err
		}
	}
	_, err := w.ReadToken()
	return err
}

// ruleFor returns what is done to a member: what its path says goes before what
// its name says, and that before what was said of all around it.
func (w *rewriter) ruleFor(name []byte, at *redactNode, by *rule) *rule {
	r := at.rule()
	if r == nil {
		r = w.shape.groups[string(name)]
	}
	if r == nil {
		return by
	}
	r.matches.Add(1)
	return r
}

func (w *rewriter) list(keep *keepNode, redact *redactNode, by *rule) error {
	if _, err := w.ReadToken(); err != nil {
		return err
	}
	end, first := w.here(), true
	for ; w.more(); end = w.here() {
		if !keep.all && w.isScalar() { // the path goes on, and this ends
			if err := w.SkipValue(); err != nil {
				return err
			}
			w.leaveOut(end, w.here())
			continue
		}
		if first {
			w.leaveComma(end)
			first = false
		}
		if err := w.value(keep, redact, by); err != nil {
			return err
		}
	}
	_, err := w.ReadToken()
	return err
}

// isScalar tells whether the next value is neither an object nor a list.
func (w *rewriter) isScalar() bool {
	k := w.PeekKind()
	return k != '{' && k != '['
}
