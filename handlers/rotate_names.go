package handlers

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// finishedNames are the names of the finished files of one path. What does not
// have exactly their form is not ours and never touched.
type finishedNames struct {
	dir, stem, ext string
	// form has the groups dot, name, time, count, ending, tmp.
	form *regexp.Regexp
}

// temporary ends the name of a compressed file that is not complete; a dot
// before it keeps it out of lists.
const temporary = ".tmp"

func newFinishedNames(path string) finishedNames {
	base := filepath.Base(path)
	ext := filepath.Ext(base)
	n := finishedNames{dir: filepath.Dir(path), stem: strings.TrimSuffix(base, ext), ext: ext}
	packed := strings.ReplaceAll(strings.Join(endings, "|"), ".", `\.`)
	n.form = regexp.MustCompile(fmt.Sprintf(`^(\.?)(%s-(\d{8}T\d{6}Z)-(\d{6})%s)(%s|)(%s|)$`,
		regexp.QuoteMeta(n.stem), regexp.QuoteMeta(n.ext), packed, regexp.QuoteMeta(temporary)))
	return n
}

// serial is what finished files are told apart by, in their order.
type serial struct {
	at    string
	count int
}

const (
	serialTime = "20060102T150405Z"
	maxSerial  = 999_999
)

// next returns a serial after the last one, of the time if that is later.
func (last serial) next(at time.Time) serial {
	s := serial{at.UTC().Format(serialTime), 1}
	if s.at > last.at {
		return s
	}
	if last.count < maxSerial {
		return serial{last.at, last.count + 1}
	}
	t, err := time.Parse(serialTime, last.at)
	if err != nil {
		return s // nobody's clock has shown it
	}
	return serial{t.Add(time.Second).Format(serialTime), 1}
}

func (n *finishedNames) of(s serial) string {
	return filepath.Join(n.dir, fmt.Sprintf("%s-%s-%06d%s", n.stem, s.at, s.count, n.ext))
}

// packed is the name of a finished file compressed, with the format's ending.
func packed(path, ending string) string { return path + ending }

// unfinished is the name of the same until it is complete.
func unfinished(path, ending string) string {
	return filepath.Join(filepath.Dir(path), "."+filepath.Base(path)+ending+temporary)
}

// finishedFile is one finished file, in whatever forms it is there.
type finishedFile struct {
	path   string // of the plain one
	serial serial
	plain  bool
	// packed and unfinished are the endings of compressed ones.
	packed, unfinished []string
}

// list returns the finished files, the oldest first.
func (n *finishedNames) list() ([]*finishedFile, error) {
	entries, err := os.ReadDir(n.dir)
	if err != nil {
		return nil, fmt.Errorf("list finished files: %w", err)
	}
	files := make(map[string]*finishedFile)
	for _, e := range entries {
		m := n.form.FindStringSubmatch(e.Name())
		if m == nil || (m[1] == "") != (m[6] == "") || m[6] != "" && m[5] == "" {
			continue
		}
		f := files[m[2]]
		if f == nil {
			count, _ := strconv.Atoi(m[4]) // six digits
			f = &finishedFile{path: filepath.Join(n.dir, m[2]), serial: serial{m[3], count}}
			files[m[2]] = f
		}
		switch {
		case m[6] != "":
			f.unfinished = append(f.unfinished, m[5])
		case m[5] != "":
			f.packed = append(f.packed, m[5])
		default:
			f.plain = true
		}
	}
	var list []*finishedFile
	for _, name := range slices.Sorted(maps.Keys(files)) {
		list = append(list, files[name])
	}
	return list, nil
}
