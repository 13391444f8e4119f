// Package alias is the model: names, the documents that state aliases, and the
// table a query is looked up in. It does no I/O and has no clock, and knows
// nothing of CoreDNS or of where documents come from.
//
// Use [Rule.Read] to turn a document into aliases, [Table.Edit] to make a table
// of them and [Table.Lookup] to answer a query. What may come into force is not
// decided here but in package ledger.
package alias
