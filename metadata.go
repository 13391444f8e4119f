package versionalias

import (
	"context"
	"strconv"

	"github.com/coredns/coredns/plugin/metadata"
	"github.com/coredns/coredns/request"

	"github.com/octoenergy/versionalias/plugin/alias"
)

// Metadata implements metadata.Provider.
func (v *VersionAlias) Metadata(ctx context.Context, state request.Request) context.Context {
	e, below, _ := find(v.table.Load(), state.Req)
	if e == nil {
		return ctx
	}
	// The target is that of now: a log is written when the client may have moved.
	k := &known{e, choose(e, state.W, state.Req).Target, state.Req.Question[0].Name, below}
	metadata.SetValueFunc(ctx, pluginName+"/alias", k.alias)
	metadata.SetValueFunc(ctx, pluginName+"/target", k.target)
	metadata.SetValueFunc(ctx, pluginName+"/version", k.version)
	return ctx
}

// known is what is known of a query for an alias. Its values are made when they are
// asked for, which most are not.
type known struct {
	entry *alias.Entry
	to    alias.Name // where the alias leads its own name to
	qname string
	below int
}

func (k *known) alias() string { return string(k.entry.Name) }

func (k *known) target() string {
	target, _ := k.entry.Follow(k.to, k.qname, k.below)
	return target
}

func (k *known) version() string { return strconv.FormatInt(k.entry.Source.Version, 10) }
