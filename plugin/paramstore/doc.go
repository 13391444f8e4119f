// Package paramstore reads parameters from AWS Systems Manager Parameter Store.
// It is the only place with an AWS type in it. It decides nothing: what a read
// means is for package ledger, and when to read for package watch.
package paramstore
