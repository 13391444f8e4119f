package versionalias

import (
	"context"
	"strconv"

	"github.com/coredns/coredns/plugin/metadata"
	"github.com/coredns/coredns/request"
)

// Metadata implements metadata.Provider.
func (v *VersionAlias) Metadata(ctx context.Context, state request.Request) context.Context {
	e, below, _ := find(v.table.Load(), state.Req)
	if e == nil {
		return ctx
	}
	metadata.SetValueFunc(ctx, pluginName+"/alias", func() string { return string(e.Name) })
	target := choose(e, state.W, state.Req).Target // now: a log is written when the client may have moved
	metadata.SetValueFunc(ctx, pluginName+"/target", func() string {
		target, _ := e.Follow(target, state.Req.Question[0].Name, below)
		return target
	})
	metadata.SetValueFunc(ctx, pluginName+"/version", func() string { return strconv.FormatInt(e.Source.Version, 10) })
	return ctx
}
