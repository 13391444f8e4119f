package versionalias

// Ready implements ready.Readiness: every server block has had one complete
// sweep, or a good snapshot. CoreDNS asks one plugin of each name, so it answers
// for all. A source that is lost later changes nothing: a whole fleet would drop
// out at once. Nor does a reload that waits for another source, or is refused for it: CoreDNS asks the plugin of the new
// Corefile meanwhile, though the old one answers.
func (v *VersionAlias) Ready() bool { return v.instance.ready() }
