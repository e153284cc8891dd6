package kinesis

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// tagCharacters are those that keys and values of tags may have.
var tagCharacters = regexp.MustCompile(`^[\p{L}\p{Z}\p{N}_.:/=+\-@%]*$`)

// tags checks a map of tags; absent is fine.
func (c *checks) tags(member string, tags map[string]string) {
	for _, key := range slices.Sorted(maps.Keys(tags)) {
		if n := utf8.RuneCountInString(key); n < 1 || n > maxTagKey {
			c.fail(member, "'{"+key+"="+tags[key]+"}'", "Map keys must satisfy constraint: "+
				"[Member must have length less than or equal to 128, Member must have length greater than or equal to 1]")
		}
		if utf8.RuneCountInString(tags[key]) > maxTagValue {
			c.fail(member, "'{"+key+"="+tags[key]+"}'", "Map value must satisfy constraint: "+
				"[Member must have length less than or equal to 256, Member must have length greater than or equal to 0]")
		}
	}
}

// mergeTags adds tags to a resource's.
func mergeTags(to, tags map[string]string) error {
	merged := maps.Clone(to)
	for key, value := range tags {
		if !tagCharacters.MatchString(key + value) {
			return invalidArgument("Some tags contain invalid characters. Valid characters: " +
				"Unicode letters, digits, white space, _ . / = + - %% @.")
		}
		merged[key] = value
	}
	if len(merged) > maxTags {
		return invalidArgument("Failed to add tags because a resource cannot have more than %d tags associated with it.", maxTags)
	}
	maps.Copy(to, tags)
	return nil
}

type addTagsInput struct {
	target
	Tags map[string]string
}

func (s *Service) addTagsToStream(in *addTagsInput) (any, error) {
	if err := checkTags(in.Tags); err != nil {
		return nil, err
	}
	st, err := s.changeable(in.target, s.opts.Now())
	if err != nil {
		return nil, err
	}
	defer st.mu.Unlock()
	return nil, mergeTags(st.tags, in.Tags)
}

// checkTags checks the tags of a request that is about them.
func checkTags(tags map[string]string) error {
	var c checks
	if tags == nil {
		c.fail("tags", "null", notNull)
	} else if len(tags) == 0 {
		c.fail("tags", "'{}'", "Member must have length greater than or equal to 1")
	}
	c.tags("tags", tags)
	return c.err()
}

type removeTagsInput struct {
	target
	TagKeys []string
}

func (s *Service) removeTagsFromStream(in *removeTagsInput) (any, error) {
	if err := checkTagKeys(in.TagKeys); err != nil {
		return nil, err
	}
	st, err := s.changeable(in.target, s.opts.Now())
	if err != nil {
		return nil, err
	}
	defer st.mu.Unlock()
	for _, key := range in.TagKeys {
		delete(st.tags, key)
	}
	return nil, nil
}

func checkTagKeys(keys []string) error {
	var c checks
	switch {
	case keys == nil:
		c.fail("tagKeys", "null", notNull)
	case len(keys) == 0:
		c.fail("tagKeys", "'[]'", "Member must have length greater than or equal to 1")
	case len(keys) > maxTags:
		c.fail("tagKeys", "'["+strings.Join(keys, ", ")+"]'", "Member must have length less than or equal to 50")
	}
	for i := range keys {
		c.length("tagKeys", &keys[i], 1, maxTagKey)
	}
	return c.err()
}

type tag struct{ Key, Value string }

// sortedTags returns tags by key, after the given one.
func sortedTags(tags map[string]string, after string) []tag {
	out := []tag{}
	for _, key := range slices.Sorted(maps.Keys(tags)) {
		if key > after {
			out = append(out, tag{key, tags[key]})
		}
	}
	return out
}

type listTagsForStreamInput struct {
	target
	ExclusiveStartTagKey *string
	Limit                *int
}

type listTagsForStreamOutput struct {
	HasMoreTags bool
	Tags        []tag
}

func (s *Service) listTagsForStream(in *listTagsForStreamInput) (any, error) {
	var c checks
	c.length("exclusiveStartTagKey", in.ExclusiveStartTagKey, 1, maxTagKey)
	c.within("limit", in.Limit, 1, maxTags)
	if err := c.err(); err != nil {
		return nil, err
	}
	st, err := s.lookup(in.target, s.opts.Now())
	if err != nil {
		return nil, err
	}
	after, limit := "", maxTags
	if in.ExclusiveStartTagKey != nil {
		after = *in.ExclusiveStartTagKey
	}
	if in.Limit != nil {
		limit = *in.Limit
	}
	st.mu.RLock()
	defer st.mu.RUnlock()
	tags := sortedTags(st.tags, after)
	n := min(limit, len(tags))
	return listTagsForStreamOutput{HasMoreTags: n < len(tags), Tags: tags[:n]}, nil
}

type resourceInput struct {
	ResourceARN *string
	Tags        map[string]string
	TagKeys     []string
}

// withTags runs a function on the tags of a stream or consumer, under its
// stream's lock.
func (s *Service) withTags(in *resourceInput, f func(tags map[string]string) error) error {
	var c checks
	if required(&c, "resourceARN", in.ResourceARN) {
		c.matches("resourceARN", in.ResourceARN, resourceARNPattern)
	}
	if err := c.err(); err != nil {
		return err
	}
	now := s.opts.Now()
	if strings.Contains(*in.ResourceARN, "/consumer/") {
		st, con, err := s.consumerByARN(*in.ResourceARN, now)
		if err != nil {
			return err
		}
		defer st.mu.Unlock()
		return f(con.tags)
	}
	st, err := s.lookup(target{StreamARN: in.ResourceARN}, now)
	if err != nil {
		return err
	}
	st.mu.Lock()
	defer st.mu.Unlock()
	return f(st.tags)
}

func (s *Service) tagResource(in *resourceInput) (any, error) {
	if err := checkTags(in.Tags); err != nil {
		return nil, err
	}
	return nil, s.withTags(in, func(tags map[string]string) error { return mergeTags(tags, in.Tags) })
}

func (s *Service) untagResource(in *resourceInput) (any, error) {
	if err := checkTagKeys(in.TagKeys); err != nil {
		return nil, err
	}
	return nil, s.withTags(in, func(tags map[string]string) error {
		for _, key := range in.TagKeys {
			delete(tags, key)
		}
		return nil
	})
}

type listTagsForResourceOutput struct{ Tags []tag }

func (s *Service) listTagsForResource(in *resourceInput) (any, error) {
	var out listTagsForResourceOutput
	err := s.withTags(in, func(tags map[string]string) error {
		out.Tags = sortedTags(tags, "")
		return nil
	})
	return out, err
}
