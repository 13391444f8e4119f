package versionalias

import (
	"context"
	"strconv"
	"sync"

	"github.com/coredns/coredns/plugin/metadata"
	"github.com/coredns/coredns/request"

	"github.com/octoenergy/versionalias/plugin/alias"
)

// Metadata implements metadata.Provider.
func (v *VersionAlias) Metadata(ctx context.Context, state request.Request) context.Context {
	growStack(false)
	found := v.find(v.table.Load(), state.Req)
	if found.Entry == nil {
		return ctx
	}
	// The target is that of now: a log is written when the client may have moved.
	choice := v.choose(found.Entry, state.W, state.Req)
	return &known{Context: ctx, entry: found.Entry, tally: choice.Tally, qname: state.Req.Question[0].Name, below: uint16(found.Below)}
}

// known is the context of a query for an alias, and what is known of it. That is put
// among the query's metadata when somebody looks for any, which for most queries nobody
// does: the map of these has to grow for it, and that takes longer than the alias.
type known struct {
	context.Context
	entry *alias.Entry
	tally *alias.Tally // of the target that the alias leads its own name to
	qname string
	below uint16 // how many octets of qname are in front of the alias's name
	once  sync.Once
}

// Value implements context.Context.
func (k *known) Value(key any) any {
	if key == metadataKey {
		k.once.Do(k.tell)
	}
	return k.Context.Value(key)
}

func (k *known) tell() {
	metadata.SetValueFunc(k.Context, pluginName+"/alias", k.alias)
	metadata.SetValueFunc(k.Context, pluginName+"/target", k.target)
	metadata.SetValueFunc(k.Context, pluginName+"/version", k.version)
}

func (k *known) alias() string { return string(k.entry.Name) }

func (k *known) target() string {
	target, _ := k.entry.Follow(k.tally.Target, k.qname, int(k.below))
	return target
}

func (k *known) version() string { return strconv.FormatInt(k.entry.Source.Version, 10) }

// metadataKey is the key of the metadata in a context. Package metadata does not export
// it, but asks a context for it.
var metadataKey = func() any {
	var o overheard
	metadata.ValueFunc(&o, "")
	return o.key
}()

// overheard is a context that remembers what it was asked for.
type overheard struct {
	context.Context
	key any
}

// Value implements context.Context.
func (o *overheard) Value(key any) any {
	o.key = key
	return nil
}
