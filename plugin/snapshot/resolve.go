package snapshot

import (
	"os"
	"path/filepath"
)

// mostLinks is how many links are followed to what is not there, as by Linux to what is.
const mostLinks = 40

// Resolve is the absolute path without links of what path leads to, be it there or not:
// two paths are of one file if they are the same then.
func Resolve(path string) string {
	if abs, err := filepath.Abs(path); err == nil {
		path = abs
	}
	return follow(path, mostLinks)
}

func follow(path string, links int) string {
	if there, err := filepath.EvalSymlinks(path); err == nil {
		return there
	}
	dir := filepath.Dir(path)
	if dir == path {
		return path
	}
	dir = follow(dir, links)
	path = filepath.Join(dir, filepath.Base(path))
	link, err := os.Readlink(path)
	if err != nil || links == 0 {
		return path
	}
	if !filepath.IsAbs(link) {
		link = filepath.Join(dir, link)
	}
	return follow(link, links-1)
}
