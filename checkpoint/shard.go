package checkpoint

// Shard is what the stream's listing says of one shard.
type Shard struct {
	ID string
	// Parents are the shards that it was split or merged from, Children what
	// became of it where that is known.
	Parents, Children []string
	// StartingHashKey and EndingHashKey are its range of hash keys, in decimal.
	StartingHashKey, EndingHashKey string
	// Closed says that nothing can be put on it any more.
	Closed bool
}
