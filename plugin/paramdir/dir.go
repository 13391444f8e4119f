// Package paramdir reads parameters from the files of a directory, in the place
// of Parameter Store: for a laptop, a test, an air-gapped site or a Kubernetes
// ConfigMap. A file's path below the directory is the parameter's name, its
// content the value, and its modification time in Unix milliseconds stands for
// the version.
package paramdir

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/octoenergy/versionalias/plugin/alias"
	"github.com/octoenergy/versionalias/plugin/ledger"
)

// sweeps is how many are begun until no update comes in the middle of one.
const sweeps = 3

// Dir is a directory of parameters. Sweep and Read are for one goroutine,
// and Watch for another.
type Dir struct {
	root  string
	lines []ledger.Line
	watch watched
	data  map[string]string // where ..data led in front of a sweep, by the directory that has it
}

// New makes a Dir that reads what lines name below root.
func New(root string, lines []ledger.Line) *Dir {
	return &Dir{root: root, lines: lines, watch: newWatched(root), data: map[string]string{}}
}

// Sweep reads every parameter that the lines name. An error means that it is
// not known what is there: the sweep was not complete. A parameter that does
// not exist is just not among the result. Names that begin with a dot are
// skipped, and an empty file is reported as being written. A ConfigMap is read
// as it was before an update or after it.
func (d *Dir) Sweep(ctx context.Context) ([]ledger.Parameter, error) {
	for range sweeps {
		seen, err := d.sweep(ctx)
		if err != nil {
			return nil, err
		}
		if !d.torn() {
			d.watch.end()
			return seen, nil
		}
	}
	return nil, fmt.Errorf("read directory: found ..data changed in each of %d sweeps, want it to stay", sweeps)
}

// torn reports whether a ConfigMap was updated in the middle of the sweep. The kubelet
// does that for all its keys at once, so that an alias may move from one to another, and
// who reads one key before and the other after it sees the alias in neither.
func (d *Dir) torn() bool {
	for dir, led := range d.data {
		if data(dir) != led {
			return true
		}
	}
	return false
}

// data is where the link leads that a ConfigMap's keys lead through, or "" if dir is none.
func data(dir string) string {
	target, _ := os.Readlink(filepath.Join(dir, "..data"))
	return target
}

// enter notes dir, which is about to be read. A key of a ConfigMap may lie further below.
func (d *Dir) enter(dir string) {
	d.watch.add(dir)
	for _, above := range d.watch.way(dir) {
		if _, entered := d.data[above]; !entered {
			d.data[above] = data(above)
		}
	}
}

func (d *Dir) sweep(ctx context.Context) ([]ledger.Parameter, error) {
	clear(d.data)
	d.watch.begin()
	if err := d.there(); err != nil {
		return nil, err
	}
	var seen []ledger.Parameter
	for i, line := range d.lines {
		var found []ledger.Parameter
		var err error
		if line.Parameter != "" {
			d.enter(filepath.Dir(d.file(line.Parameter)))
			found, err = d.read(i, line.Parameter)
		} else {
			found, err = d.below(ctx, i, line.Path, line.Flat, nil)
		}
		if err != nil {
			return nil, err
		}
		seen = append(seen, found...)
	}
	return seen, nil
}

// Read reads these parameters. As in a sweep, an error means that nothing is
// known, and one that does not exist is just not among the result.
func (d *Dir) Read(_ context.Context, refs []ledger.Ref) ([]ledger.Parameter, error) {
	if err := d.there(); err != nil {
		return nil, err
	}
	var seen []ledger.Parameter
	for _, ref := range refs {
		found, err := d.read(ref.Line, ref.Name)
		if err != nil {
			return nil, err
		}
		seen = append(seen, found...)
	}
	return seen, nil
}

// Reads reports whether a sweep would read a file as the parameter of that name.
func (d *Dir) Reads(name string) bool {
	return slices.ContainsFunc(d.lines, func(line ledger.Line) bool {
		if line.Parameter != "" {
			return line.Parameter == name
		}
		rest, below := strings.CutPrefix(name, strings.TrimSuffix(line.Path, "/")+"/")
		return below && !(line.Flat && strings.Contains(rest, "/")) && !strings.Contains("/"+rest, "/.")
	})
}

// there fails unless the directory itself can be read.
func (d *Dir) there() error {
	_, err := d.list("/")
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("read directory: found nothing at %s, want a directory", d.root)
	}
	return err
}

// below reads the files below path, which is a parameter's, and unless flat
// those further below. A directory that is among above, those on the way to
// path, is not read again: a link leads back to it.
func (d *Dir) below(ctx context.Context, line int, path string, flat bool, above []fs.FileInfo) ([]ledger.Parameter, error) {
	info, err := os.Stat(d.file(path))
	if err == nil && slices.ContainsFunc(above, func(o fs.FileInfo) bool { return os.SameFile(o, info) }) {
		return nil, nil
	}
	entries, err := d.list(path)
	if absent(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var seen []ledger.Parameter
	for _, entry := range entries {
		if err := ctx.Err(); err != nil {
			return nil, fmt.Errorf("read directory: %w", err)
		}
		if strings.HasPrefix(entry.Name(), ".") {
			continue
		}
		found, err := d.entry(ctx, line, strings.TrimSuffix(path, "/")+"/"+entry.Name(), flat, append(slices.Clip(above), info))
		if err != nil {
			return nil, err
		}
		seen = append(seen, found...)
	}
	return seen, nil
}

func (d *Dir) entry(ctx context.Context, line int, name string, flat bool, above []fs.FileInfo) ([]ledger.Parameter, error) {
	// Stat, unlike the entry itself, looks behind links.
	info, err := os.Stat(d.file(name))
	switch {
	case err != nil || !info.IsDir():
		return d.read(line, name)
	case flat:
		return nil, nil
	}
	return d.below(ctx, line, name, flat, above)
}

func (d *Dir) list(path string) ([]fs.DirEntry, error) {
	dir := d.file(path)
	d.enter(dir)
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("read directory: %w", err)
	}
	return entries, nil
}

func (d *Dir) file(name string) string { return filepath.Join(d.root, filepath.FromSlash(name)) }

// read reads one parameter: none if there is no such file, and one with a
// problem if it is there but cannot be read.
func (d *Dir) read(line int, name string) ([]ledger.Parameter, error) {
	p := ledger.Parameter{Line: line, Name: name}
	path := d.file(name)
	info, err := os.Stat(path)
	var value string
	if err == nil && info.Mode().IsRegular() { // to open a device may be to start something
		value, info, err = content(path)
	}
	switch {
	case absent(err):
		return nil, nil
	case errors.Is(err, fs.ErrPermission):
		p.Problem = errors.New("read file: permission denied")
		return []ledger.Parameter{p}, nil
	case errors.Is(err, syscall.ELOOP):
		p.Problem = errors.New("read file: found links that lead in a circle, want a regular file")
		return []ledger.Parameter{p}, nil
	case errors.Is(err, syscall.ENAMETOOLONG):
		p.Problem = errors.New("read file: found a path that is too long, want a regular file")
		return []ledger.Parameter{p}, nil
	case err != nil:
		return nil, fmt.Errorf("read file: %w", err)
	case info.IsDir() && d.lines[line].Path != "":
		return nil, nil // to a sweep it is no parameter, but has some
	}
	stamp(&p, info)
	switch {
	case !info.Mode().IsRegular():
		p.Problem = fmt.Errorf("read file: found %s, want a regular file", info.Mode().Type())
	case len(value) > alias.MaxDocument:
		// A value that is rejected would be kept, here and in the snapshot.
		_, p.Problem = d.lines[line].Rule.Read(filepath.Base(path), value)
	default:
		p.Value = value
		p.Writing = value == ""
	}
	return []ledger.Parameter{p}, nil
}

// absent reports whether err says that there is no such file or directory, if
// only because a file stands in the way of its path: in Parameter Store /a may
// be there or not, whatever /a/b is.
func absent(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR)
}

// content is what is in a file, up to one octet more than a document may have,
// and the state of the very file that was read: of what became something else than a
// regular file it is nothing, since to read a pipe, or only to open it, would be to wait
// for whoever writes to it.
func content(path string) (string, fs.FileInfo, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return "", nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil || !info.Mode().IsRegular() {
		return "", info, err
	}
	value, err := io.ReadAll(io.LimitReader(f, alias.MaxDocument+1))
	return string(value), info, err
}

// The first and the last time that JSON has. A file may be of any other, and one that
// cannot be written would keep all others out of the snapshot and off the status page.
var (
	firstTime = time.Date(0, time.January, 1, 0, 0, 0, 0, time.UTC)
	lastTime  = time.Date(9999, time.December, 31, 23, 59, 59, 999_999_999, time.UTC)
)

// stamp gives p the time and the version of its file.
func stamp(p *ledger.Parameter, info fs.FileInfo) {
	p.Modified = info.ModTime().UTC()
	switch {
	case p.Modified.Before(firstTime):
		p.Modified = firstTime
	case p.Modified.After(lastTime):
		p.Modified = lastTime
	}
	p.Version = p.Modified.UnixMilli()
}

// Place is where d reads, for a person and to be compared.
func (d *Dir) Place() string { return "directory " + d.root }

// Release does nothing: no file is kept open.
func (d *Dir) Release() {}
