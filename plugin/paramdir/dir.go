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
	"strings"

	"github.com/octoenergy/versionalias/plugin/alias"
	"github.com/octoenergy/versionalias/plugin/ledger"
)

// levels is how deep directories are read, as deep as Parameter Store has
// paths. It ends a walk through links that lead in a circle.
const levels = 15

// Dir is a directory of parameters. Sweep is for one goroutine, and Watch for
// another.
type Dir struct {
	root  string
	lines []ledger.Line
	watch watched
}

// New makes a Dir that reads what lines name below root.
func New(root string, lines []ledger.Line) *Dir { return &Dir{root: root, lines: lines} }

// Sweep reads every parameter that the lines name. An error means that it is
// not known what is there: the sweep was not complete. A parameter that does
// not exist is just not among the result. Names that begin with a dot are
// skipped, and an empty file is reported as being written.
func (d *Dir) Sweep(ctx context.Context) ([]ledger.Parameter, error) {
	var seen []ledger.Parameter
	entries, err := d.list("/")
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("read directory: %s does not exist", d.root)
	}
	if err != nil {
		return nil, err
	}
	for i, line := range d.lines {
		found, err := d.line(ctx, i, line, entries)
		if err != nil {
			return nil, err
		}
		seen = append(seen, found...)
	}
	return seen, nil
}

func (d *Dir) line(ctx context.Context, i int, line ledger.Line, top []fs.DirEntry) ([]ledger.Parameter, error) {
	if line.Parameter != "" {
		d.watch.add(filepath.Dir(d.file(line.Parameter)))
		return d.read(i, line.Parameter)
	}
	if line.Path == "/" {
		return d.below(ctx, i, "/", line.Flat, top)
	}
	entries, err := d.list(line.Path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return d.below(ctx, i, line.Path, line.Flat, entries)
}

func (d *Dir) list(path string) ([]fs.DirEntry, error) {
	dir := d.file(path)
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("read directory: %w", err)
	}
	d.watch.add(dir)
	return entries, nil
}

// below reads the files that are listed as being below path, which is a
// parameter's, and unless flat those further below.
func (d *Dir) below(ctx context.Context, line int, path string, flat bool, entries []fs.DirEntry) ([]ledger.Parameter, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("read directory: %w", err)
	}
	var seen []ledger.Parameter
	for _, entry := range entries {
		if strings.HasPrefix(entry.Name(), ".") {
			continue
		}
		name := strings.TrimSuffix(path, "/") + "/" + entry.Name()
		found, err := d.entry(ctx, line, name, flat)
		if err != nil {
			return nil, err
		}
		seen = append(seen, found...)
	}
	return seen, nil
}

func (d *Dir) entry(ctx context.Context, line int, name string, flat bool) ([]ledger.Parameter, error) {
	// Stat, unlike the entry itself, looks behind links.
	info, err := os.Stat(d.file(name))
	if err != nil || !info.IsDir() {
		return d.read(line, name)
	}
	if flat || strings.Count(name, "/") >= levels {
		return nil, nil
	}
	entries, err := d.list(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return d.below(ctx, line, name, flat, entries)
}

func (d *Dir) file(name string) string { return filepath.Join(d.root, filepath.FromSlash(name)) }

// read reads one parameter: none if there is no such file, and one with a
// problem if it is there but cannot be read.
func (d *Dir) read(line int, name string) ([]ledger.Parameter, error) {
	p := ledger.Parameter{Line: line, Name: name}
	path := d.file(name)
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err == nil && !info.Mode().IsRegular() {
		// To open a pipe would be to wait for whoever writes to it.
		stamp(&p, info)
		p.Problem = fmt.Errorf("read file: found %s, want a regular file", info.Mode().Type())
		return []ledger.Parameter{p}, nil
	}
	value, info, err := content(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil
	case errors.Is(err, fs.ErrPermission):
		p.Problem = errors.New("read file: permission denied")
		return []ledger.Parameter{p}, nil
	case err != nil:
		return nil, fmt.Errorf("read file: %w", err)
	}
	stamp(&p, info)
	p.Value = value
	p.Writing = value == ""
	return []ledger.Parameter{p}, nil
}

// content is what is in a file, up to one octet more than a document may have,
// and the state of the very file that was read.
func content(path string) (string, fs.FileInfo, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return "", nil, err
	}
	value, err := io.ReadAll(io.LimitReader(f, alias.MaxDocument+1))
	return string(value), info, err
}

// stamp gives p the time and the version of its file.
func stamp(p *ledger.Parameter, info fs.FileInfo) {
	p.Modified = info.ModTime()
	p.Version = p.Modified.UnixMilli()
}

// Release does nothing: no file is kept open.
func (d *Dir) Release() {}
