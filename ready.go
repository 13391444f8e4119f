package versionalias

// Ready implements ready.Readiness: every server block has had one complete
// sweep, or a good snapshot. CoreDNS asks one plugin of each name, so it answers
// for all. A source that is lost later changes nothing: a whole fleet would drop
// out at once.
func (v *VersionAlias) Ready() bool { return v.instance.loaded() }
