package alias

import (
	"fmt"
	"strings"
)

// The placeholders of a template.
const (
	namePlaceholder  = "{name}"
	valuePlaceholder = "{value}"
)

// Template makes a target of what a document says: {value} stands for what was
// written and {name} for the alias's name below its zone. The zero Template
// leaves the target as it was written.
type Template string

// ParseTemplate reads a template. It must have {value} in it, no other braces
// than the placeholders', and text around them that can be part of a name.
func ParseTemplate(s string) (Template, error) {
	if !strings.Contains(s, valuePlaceholder) {
		return "", fmt.Errorf("found %s, want a template with %s in it", quote(s), valuePlaceholder)
	}
	rest := strings.NewReplacer(namePlaceholder, "", valuePlaceholder, "").Replace(s)
	if strings.ContainsAny(rest, "{}") {
		return "", fmt.Errorf("found %s, want no other placeholder than %s and %s", quote(s), namePlaceholder, valuePlaceholder)
	}
	t := Template(s)
	if _, err := ParseName(t.expand("name", "v1.v1")); err != nil {
		return "", fmt.Errorf("found %s, want a template that makes a name: %w", quote(s), err)
	}
	return t, nil
}

// HasName reports whether {name} is in t: such a template makes no target at an apex,
// where that stands for nothing.
func (t Template) HasName() bool { return strings.Contains(string(t), namePlaceholder) }

func (t Template) expand(name, value string) string {
	return strings.NewReplacer(namePlaceholder, name, valuePlaceholder, value).Replace(string(t))
}

// target is the target that value, as a document has it, stands for. name is
// what the alias has below its zone, nothing at the apex.
func (t Template) target(name, value string) (Name, error) {
	if t == "" {
		return ParseName(value)
	}
	if name == "" && t.HasName() {
		return "", fmt.Errorf("found %s at an apex, want a template without %s there", quote(value), namePlaceholder)
	}
	made := t.expand(name, value)
	target, err := ParseName(made)
	if err != nil {
		return "", fmt.Errorf("found %s, which %s turns into a bad name: %w", quote(value), t, err)
	}
	return target, nil
}
