package versionalias

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/netip"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/coredns/coredns/plugin"

	"github.com/octoenergy/versionalias/plugin/alias"
	"github.com/octoenergy/versionalias/plugin/ledger"
	"github.com/octoenergy/versionalias/plugin/paramstore"
)

// The defaults of what the Corefile may leave out, and the bounds of refresh.
const (
	defaultTTL     = 5
	defaultRefresh = 10 * time.Second
	leastRefresh   = time.Second
	mostRefresh    = 24 * time.Hour
)

// block is a block of the Corefile on its way to a config.
type block struct {
	config
	root string
	ttl  uint32
}

// property is what may stand in a block.
type property struct {
	usage      string // its arguments, as shown in errors
	least      int    // how many there are
	most       int
	repeatable bool
	parse      func(b *block, args []string) error
}

var properties = map[string]property{
	"ssm":          {"PATH [TEMPLATE]", 1, 2, true, (*block).parseSSM},
	"alias":        {"NAME PARAMETER[:LABEL] [TEMPLATE]", 2, 3, true, (*block).parseAlias},
	"directory":    {"DIR", 1, 1, false, (*block).parseDirectory},
	"aws_region":   {"REGION", 1, 1, false, (*block).parseRegion},
	"aws_endpoint": {"URL", 1, 1, false, (*block).parseEndpoint},
	"credentials":  {"PROFILE [FILE]", 1, 2, false, (*block).parseCredentials},
	"assume_role":  {"ARN", 1, 1, false, (*block).parseRole},
	"snapshot":     {"FILE [MAX_AGE]", 1, 2, false, (*block).parseSnapshot},
	"refresh":      {"DURATION", 1, 1, false, (*block).parseRefresh},
	"push":         {"QUEUE_URL", 1, 1, false, (*block).parsePush},
	"verify":       {"", 0, 0, false, (*block).parseVerify},
	"status":       {"ADDRESS", 1, 1, false, (*block).parseStatus},
	"answer":       {"cname|flatten", 1, 1, false, (*block).parseAnswer},
	"ttl":          {"SECONDS", 1, 1, false, (*block).parseTTL},
}

func names(zones []string) []alias.Name {
	var names []alias.Name
	for _, zone := range zones {
		if !slices.Contains(names, alias.Name(zone)) {
			names = append(names, alias.Name(zone))
		}
	}
	return names
}

// origins sets the zones. They may be of other server blocks: a bundle that several
// blocks share is adopted whole, with the names that no query here asks for. If all of
// them are, no query here asks for any: one is misspelt. By default they are the server block's, but for those
// where no alias can be: a relative name is in each zone, and would be refused for one.
func (b *block) origins(args []string) error {
	b.zones = slices.DeleteFunc(slices.Clone(b.served), barren)
	if len(args) == 0 {
		return nil
	}
	b.zones = nil
	for _, arg := range args {
		zones := names(plugin.Host(arg).NormalizeExact())
		if len(zones) == 0 || slices.ContainsFunc(zones, barren) {
			return fmt.Errorf("zones: found %q, want a domain name of letters, digits, '-', '_' and dots, or a network", arg)
		}
		b.zones = append(b.zones, zones...)
	}
	slices.Sort(b.zones)
	b.zones = slices.Compact(b.zones)
	for _, zone := range b.zones {
		if slices.ContainsFunc(b.served, func(served alias.Name) bool { return zone.IsAt(served) || served.IsAt(zone) }) {
			return nil
		}
	}
	return fmt.Errorf("zones: found %s, want at least one in or above this server block's zones %s", strings.Join(args, " "), joined(b.served))
}

// barren reports whether no alias can have a name in zone.
func barren(zone alias.Name) bool {
	_, err := alias.ParseName("a." + string(zone))
	return err != nil && zone != "."
}

// joined is names as errors show them.
func joined(names []alias.Name) string {
	var texts []string
	for _, name := range names {
		texts = append(texts, string(name))
	}
	return strings.Join(texts, " ")
}

func (b *block) property(name string, args []string, seen map[string]bool) error {
	p, ok := properties[name]
	if !ok {
		return fmt.Errorf("unknown property '%s', want one of %s", name, strings.Join(slices.Sorted(maps.Keys(properties)), ", "))
	}
	if seen[name] && !p.repeatable {
		return fmt.Errorf("%s: found it twice, want it once", name)
	}
	seen[name] = true
	if len(args) < p.least || len(args) > p.most {
		return fmt.Errorf("%s: found %d arguments, want %s", name, len(args), cmp.Or(p.usage, "none"))
	}
	if err := p.parse(b, args); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return b.apart(seen)
}

// finish checks the block as a whole, and fills in what its lines share.
func (b *block) finish() error {
	if b.directory == "" && len(b.lines) == 0 {
		return errors.New("found no source, want at least one of ssm, alias, directory")
	}
	if len(b.zones) == 0 {
		return fmt.Errorf("zones: found none that aliases can be in, want at least one beside %s", joined(b.served))
	}
	if b.directory != "" && len(b.lines) == 0 {
		b.lines = []ledger.Line{{Path: "/", Flat: true}}
	}
	for i := range b.lines {
		b.lines[i].Rule.Zones = b.zones
		b.lines[i].Rule.TTL = b.ttl
	}
	return nil
}

// apart checks that there is nothing of Parameter Store beside a directory. It is for each
// property, so that an error has the line of the later of the two.
func (b *block) apart(seen map[string]bool) error {
	if b.directory == "" {
		return nil
	}
	for _, name := range []string{"aws_region", "aws_endpoint", "credentials", "assume_role", "push"} {
		if seen[name] {
			return fmt.Errorf("%s: found it with directory, want it with Parameter Store only", name)
		}
	}
	for _, line := range b.lines {
		if line.Label != "" {
			return fmt.Errorf("alias: found label %q, want none with directory", line.Label)
		}
	}
	return nil
}

func (b *block) parseSSM(args []string) error {
	path := args[0]
	if path != "/" {
		if err := checkParameter(path); err != nil {
			return err
		}
	}
	for _, line := range b.lines {
		if line.Path != "" && (below(path, line.Path) || below(line.Path, path)) {
			return fmt.Errorf("found %s beside %s, want no path below another", path, line.Path)
		}
	}
	return b.line(ledger.Line{Path: path}, args[1:])
}

// below reports whether path is other, or below it.
func below(path, other string) bool {
	return path == other || strings.HasPrefix(path, strings.TrimSuffix(other, "/")+"/")
}

// label is what Parameter Store takes for one, unless it is reserved:
// https://docs.aws.amazon.com/systems-manager/latest/userguide/sysman-paramstore-labels.html
var (
	label    = regexp.MustCompile(`^[A-Za-z_.-][A-Za-z0-9_.-]{0,99}$`)
	reserved = regexp.MustCompile(`^(?i:aws|ssm)`)
)

func (b *block) parseAlias(args []string) error {
	name, err := alias.ParseName(args[0])
	if err != nil {
		return err
	}
	zone := alias.Zone(name, b.zones)
	if zone == "" {
		return fmt.Errorf("found %s, want a name in one of the zones %s", name, joined(b.zones))
	}
	line := ledger.Line{Rule: alias.Rule{Name: name}}
	selector := args[1]
	labelled := false
	line.Parameter, line.Label, labelled = strings.Cut(selector, ":")
	if strings.HasPrefix(selector, "arn:") {
		line.Parameter = selector // no label stands behind its colons, and the error is to name all of it
	}
	if err := checkParameter(line.Parameter); err != nil {
		return err
	}
	if labelled && (!label.MatchString(line.Label) || reserved.MatchString(line.Label)) {
		return fmt.Errorf("found label %q, want 1 to 100 letters, digits, '.', '-' and '_', no digit, aws or ssm first", line.Label)
	}
	for _, other := range b.lines {
		if other.Rule.Name == name {
			return fmt.Errorf("found %s twice, want each name once", name)
		}
	}
	for _, t := range args[2:] {
		if name == zone && alias.Template(t).HasName() {
			return fmt.Errorf("found %q at the apex %s, want a template without {name} there", t, zone)
		}
	}
	return b.line(line, args[2:])
}

// line adds a line, with its template if there is one.
func (b *block) line(line ledger.Line, template []string) error {
	for _, t := range template {
		parsed, err := alias.ParseTemplate(t)
		if err != nil {
			return err
		}
		line.Rule.Template = parsed
	}
	b.lines = append(b.lines, line)
	return nil
}

func checkParameter(name string) error {
	if err := paramstore.CheckPath(name); err != nil {
		return err
	}
	if len(name) > paramstore.MaxName {
		return fmt.Errorf("found a name of %d characters, want at most %d", len(name), paramstore.MaxName)
	}
	return nil
}

func (b *block) parseDirectory(args []string) error {
	if args[0] == "" {
		return errors.New("found an empty name, want a directory")
	}
	b.directory = b.path(args[0])
	return nil
}

// path is name, relative to the root if it is not absolute.
func (b *block) path(name string) string {
	if filepath.IsAbs(name) {
		return filepath.Clean(name)
	}
	return filepath.Join(b.root, name)
}

// region is what the name of a Region is made of, in any partition: it becomes part of a
// host's name.
var region = regexp.MustCompile(`^[a-z0-9-]+$`)

func (b *block) parseRegion(args []string) error {
	if !region.MatchString(args[0]) {
		return fmt.Errorf("found %q, want a Region of lower-case letters, digits and '-', such as eu-west-1", args[0])
	}
	b.store.Region = args[0]
	return nil
}

func (b *block) parseEndpoint(args []string) error {
	if _, ok := parseURL(args[0]); !ok {
		return fmt.Errorf("found %q, want an http or https URL with a host, and a port up to 65535 or none", args[0])
	}
	b.store.Endpoint = args[0]
	return nil
}

// parseURL reads an http or https URL with a host, and with a port that exists or none.
func parseURL(text string) (u *url.URL, ok bool) {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" {
		return nil, false
	}
	if port := u.Port(); port != "" {
		_, err = strconv.ParseUint(port, 10, 16)
	}
	return u, err == nil
}

func (b *block) parseCredentials(args []string) error {
	if slices.Contains(args, "") {
		return errors.New("found an empty name, want a profile, and a file or none")
	}
	b.store.Profile = args[0]
	for _, file := range args[1:] {
		b.store.CredentialsFile = b.path(file)
	}
	return nil
}

// role is the ARN of a role in any partition, with a path or without:
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html
var role = regexp.MustCompile(`^arn:[a-z0-9-]+:iam::[0-9]{12}:role/([!-~]+/)?[A-Za-z0-9_+=,.@-]{1,64}$`)

func (b *block) parseRole(args []string) error {
	if !role.MatchString(args[0]) {
		return fmt.Errorf("found %q, want the ARN of a role, such as arn:aws:iam::123456789012:role/NAME", args[0])
	}
	b.store.Role = args[0]
	return nil
}

func (b *block) parseRefresh(args []string) error {
	d, err := time.ParseDuration(args[0])
	if err != nil || d < leastRefresh || d > mostRefresh {
		return fmt.Errorf("found %q, want a duration from 1s to 24h", args[0])
	}
	b.refresh = d
	return nil
}

func (b *block) parseSnapshot(args []string) error {
	if args[0] == "" {
		return errors.New("found an empty name, want a file")
	}
	b.snapshot.Path = b.path(args[0])
	for _, age := range args[1:] {
		d, err := time.ParseDuration(age)
		if err != nil || d <= 0 {
			return fmt.Errorf("found %q, want a duration of more than 0, such as 24h", age)
		}
		b.snapshot.MaxAge = d
	}
	return nil
}

func (b *block) parsePush(args []string) error {
	u, ok := parseURL(args[0])
	if !ok || u.Path == "" || strings.HasSuffix(u.Path, "/") || strings.ContainsAny(args[0], "?#") {
		return fmt.Errorf("found %q, want the URL of a queue", args[0])
	}
	b.push = args[0]
	return nil
}

// parseStatus reads an address. One that is only a port is of localhost. Blocks that write the same
// address in different ways share a page.
func (b *block) parseStatus(args []string) error {
	addr := args[0]
	if !strings.Contains(addr, ":") {
		addr = ":" + addr
	}
	host, port, err := net.SplitHostPort(addr)
	var number uint64
	if err == nil {
		number, err = strconv.ParseUint(port, 10, 16)
	}
	if err != nil {
		return fmt.Errorf("found %q, want a port, or HOST:PORT", args[0])
	}
	if ip, err := netip.ParseAddr(host); err == nil { // its zone may be in upper case
		host = ip.String()
	} else if host = strings.ToLower(host); host == "" || host == "localhost" {
		host = "127.0.0.1"
	}
	b.statusAt = net.JoinHostPort(host, strconv.FormatUint(number, 10))
	return nil
}

func (b *block) parseVerify([]string) error {
	b.verify = true
	return nil
}

func (b *block) parseAnswer(args []string) error {
	switch args[0] {
	case "cname":
	case "flatten":
		b.flatten = true
	default:
		return fmt.Errorf("found %q, want cname or flatten", args[0])
	}
	return nil
}

func (b *block) parseTTL(args []string) error {
	ttl, err := strconv.ParseUint(args[0], 10, 32)
	if err != nil || ttl > alias.MaxTTL {
		return fmt.Errorf("found %q, want a whole number of seconds from 0 to %d", args[0], alias.MaxTTL)
	}
	b.ttl = uint32(ttl)
	return nil
}
