package status

import (
	"cmp"
	"fmt"
	"html/template"
	"io"
	"math"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// perPage is how many aliases the page shows at once.
const perPage = 100

var page = template.Must(template.New("page.html").Funcs(template.FuncMap{
	"when":    when,
	"seconds": func(s float64) string { return ago(time.Duration(s * float64(time.Second))) },
	"since":   func(t time.Time) string { return ago(time.Since(t)) },
	"percent": func(share *float64) string { return about(*share * 100) },
	"queries": queries,
	"about":   about,
	"number":  number,
	"left":    func(t time.Time) string { return ago(time.Until(t)) },
	"future":  func(t time.Time) bool { return t.After(time.Now()) },
	"id":      func(i int, name string) string { return fmt.Sprintf("%s-%d", name, i) },
	"head":    func(name string) string { return name[:first(name)] },
	"tail":    func(name string) string { return name[first(name):] },
}).ParseFS(files, "page/page.html"))

// sorts is what the table may be sorted by; the default is by name.
var sorts = map[string]func(a, b sortable) int{
	"state":   func(a, b sortable) int { return cmp.Compare(a.urgency, b.urgency) },
	"to":      func(a, b sortable) int { return cmp.Compare(a.to, b.to) },
	"adopted": func(a, b sortable) int { return b.adopted.Compare(a.adopted) },
}

// urgency puts the states that somebody may have to look after first.
var urgency = map[string]int{Rejected: 0, Pending: 1, Moving: 2, Active: 3}

// view is a page to be rendered.
type view struct {
	Query   string
	Sort    string
	Columns []column
	Servers []serverView
}

// column is one that the table may be sorted by.
type column struct {
	Key, Title string
	Sorted     bool
	Link       string
}

type serverView struct {
	Server
	Number int
	States []count
	Rows   []Alias
	Found  int // aliases that match
	Page   int // from 1 on
	Pages  int
	Before string // links to the pages beside, or ""
	After  string
	Drains []Drain // the first of them
	More   int     // how many there are beside
}

// count is how many aliases have a state.
type count struct {
	State string
	Count int
	Link  string // to them
	Shown bool
}

// writePage writes the page that u asks for: q is searched for in names, targets and
// parameters, sort is one of sorts, page counts from 1 on.
func writePage(w io.Writer, u *url.URL, servers []Server) error {
	values := u.Query()
	v := view{Query: strings.TrimSpace(values.Get("q")), Sort: values.Get("sort")}
	if sorts[v.Sort] == nil {
		v.Sort = "name"
	}
	for _, c := range []column{
		{Key: "name", Title: "Alias"},
		{Key: "state", Title: "State"},
		{Key: "to", Title: "Target"},
		{Key: "adopted", Title: "Since"},
	} {
		c.Sorted = c.Key == v.Sort
		c.Link = v.link(c.Key, 1)
		v.Columns = append(v.Columns, c)
	}
	wanted, _ := strconv.Atoi(values.Get("page"))
	for i, s := range servers {
		v.Servers = append(v.Servers, v.server(i, s, wanted))
	}
	return page.Execute(w, v)
}

// link is where the page has another order or number.
func (v view) link(sort string, page int) string {
	values := url.Values{}
	if v.Query != "" {
		values.Set("q", v.Query)
	}
	if sort != "name" {
		values.Set("sort", sort)
	}
	if page > 1 {
		values.Set("page", strconv.Itoa(page))
	}
	return "?" + values.Encode()
}

func (v view) server(i int, s Server, wanted int) serverView {
	sv := serverView{Server: s, Number: i, States: v.states(s.Aliases)}
	for j := range min(s.Draining.Len(), perPage) {
		sv.Drains = append(sv.Drains, s.Draining.Drain(j))
	}
	sv.More = s.Draining.Len() - len(sv.Drains)
	var found func(i int) Alias
	if v.Query == "" && v.Sort == "name" {
		sv.Found, found = s.Aliases.Len(), s.Aliases.Alias
	} else {
		list := v.match(s.Aliases)
		sv.Found, found = len(list), func(i int) Alias { return s.Aliases.Alias(list[i].i) }
	}
	sv.Pages = max(1, (sv.Found+perPage-1)/perPage)
	sv.Page = min(max(1, wanted), sv.Pages)
	for j := (sv.Page - 1) * perPage; j < min(sv.Found, sv.Page*perPage); j++ {
		sv.Rows = append(sv.Rows, found(j))
	}
	if sv.Page > 1 {
		sv.Before = v.link(v.Sort, sv.Page-1)
	}
	if sv.Page < sv.Pages {
		sv.After = v.link(v.Sort, sv.Page+1)
	}
	return sv
}

// states counts the aliases by state, and leads to those that have one: or back, if it
// is what is searched for.
func (v view) states(all List) []count {
	n := map[string]int{}
	for i := range all.Len() {
		n[all.Alias(i).State]++
	}
	var list []count
	for _, state := range []string{Rejected, Pending, Moving, Active} {
		c := count{State: state, Count: n[state], Shown: v.Query == state}
		to := v
		to.Query = state
		if c.Shown {
			to.Query = ""
		}
		c.Link = to.link(v.Sort, 1)
		list = append(list, c)
	}
	return list
}

// match is the aliases that v asks for, in its order. Of each only what it is sorted
// by is kept: there may be very many. What is a state is searched for in states alone.
func (v view) match(all List) []sortable {
	query := strings.ToLower(v.Query)
	_, state := urgency[query]
	var list []sortable
	for i := range all.Len() {
		a := all.Alias(i)
		if state && a.State != query || !state && !contains(query, a.Name, a.To, a.From, a.Parameter) {
			continue
		}
		list = append(list, sortable{i, urgency[a.State], a.To, a.Adopted})
	}
	if compare := sorts[v.Sort]; compare != nil {
		slices.SortStableFunc(list, compare)
	}
	return list
}

func contains(query string, texts ...string) bool {
	return slices.ContainsFunc(texts, func(text string) bool { return strings.Contains(strings.ToLower(text), query) })
}

// sortable is what an alias, by its number, may be sorted by.
type sortable struct {
	i       int
	urgency int
	to      string
	adopted time.Time
}

func when(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05") }

// ago is a duration as people say it, in one unit.
func ago(d time.Duration) string {
	switch {
	case d < 0:
		return "0 s"
	case d < 2*time.Minute:
		return fmt.Sprintf("%d s", d/time.Second)
	case d < 2*time.Hour:
		return fmt.Sprintf("%d min", d/time.Minute)
	case d < 48*time.Hour:
		return fmt.Sprintf("%d h", d/time.Hour)
	}
	return fmt.Sprintf("%d days", d/(24*time.Hour))
}

func queries(n *uint64) string {
	if *n == 1 {
		return "1 query"
	}
	return fmt.Sprintf("%d queries", *n)
}

// about is a percentage with one decimal at most, for what changes by the second.
func about(percent float64) string { return number(math.Round(percent*10) / 10) }

// first is the length of a name's first label.
func first(name string) int {
	if i := strings.IndexByte(name, '.'); i > 0 {
		return i
	}
	return len(name)
}

// number is a percentage with as many decimals as it needs, three at most.
func number(percent float64) string {
	return strings.TrimSuffix(strings.TrimRight(strconv.FormatFloat(percent, 'f', 3, 64), "0"), ".")
}
