// Package migrations holds the schema of the ClickHouse store as numbered SQL
// files, NNNN_verb_noun.sql, and nothing else.
//
// A file that has been released is never edited: the runner compares checksums
// and refuses to start on a difference. A change of the schema is a new file.
//
// Each file is a text/template that renders to one or more statements, each
// ended by a semicolon at the end of a line. ClickHouse has no transactions
// over schema statements, so every statement must be harmless when run again:
// CREATE ... IF NOT EXISTS, CREATE OR REPLACE VIEW, ADD COLUMN IF NOT EXISTS.
//
// The templates use these, which the runner in internal/clickhouse supplies:
//
//	{{.OnCluster}}          ON CLUSTER 'name', or nothing on a single server
//	{{.Merge}}              MergeTree, or its Replicated form on a cluster
//	{{.Replacing "column"}} ReplacingMergeTree(column), likewise
//	{{.TTL "changes" "ingested_at"}}  the TTL clause of the configured retention
//	{{.Settings}}           settings that every table of events shares
package migrations

import "embed"

// Files holds the migrations.
//
//go:embed *.sql
var Files embed.FS
