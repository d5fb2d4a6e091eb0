package clickhouse

import (
	"context"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/faultline/faultline/internal/query"
)

// DeadLetters answers the newest messages that could not be used, with the
// beginning of each.
func (s *Store) DeadLetters(ctx context.Context, limit int) ([]query.DeadLetter, error) {
	return s.deadLetters(ctx, true, query.LetterPlace{}, limit)
}

// DeadLetter answers one message that could not be used, or query.ErrNotFound.
func (s *Store) DeadLetter(ctx context.Context, place query.LetterPlace) (query.DeadLetter, error) {
	found, err := s.deadLetters(ctx, false, place, 1)
	if err != nil {
		return query.DeadLetter{}, err
	}
	if len(found) == 0 {
		return query.DeadLetter{}, query.ErrNotFound
	}
	return found[0], nil
}

func (s *Store) deadLetters(ctx context.Context, all bool, place query.LetterPlace, limit int) ([]query.DeadLetter, error) {
	var letters []query.DeadLetter
	whole := 0
	if all {
		whole = 1
	}
	params := []any{
		named("any", whole), named("topic", place.Topic), named("partition", place.Partition), named("offset", place.Offset),
		named("digest", place.Digest), named("limit", limit),
	}
	err := s.query(ctx, "list dead letters", s.sql["dead_letter_list"], params, func(rows driver.Rows) error {
		var l query.DeadLetter
		var partition int32
		var bytes uint64
		if err := rows.Scan(&l.Topic, &partition, &l.Offset, &l.Digest, &l.At, &l.Format, &l.Reason, &l.Value, &bytes, &l.Headers); err != nil {
			return err
		}
		l.Partition, l.Bytes = int(partition), int(bytes)
		letters = append(letters, l)
		return nil
	})
	return letters, err
}
