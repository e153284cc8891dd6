package dynamo

import (
	"strings"

	"github.com/google/uuid"

	"korestream/localstack/embed/internal/awsjson"
)

// tableID is the same for the same table, so that a run can be repeated.
func tableID(arn string) string { return uuid.NewSHA1(uuid.NameSpaceURL, []byte(arn)).String() }

type tagInput struct {
	ResourceArn string
	Tags        []tag
	TagKeys     []string
}

func (s *Service) tagged(arn string) (*table, error) {
	if !strings.HasPrefix(arn, "arn:") {
		return nil, invalid("Invalid TableArn: Invalid ResourceArn provided as input %s", arn)
	}
	t, ok := s.tables[tableOf(arn)]
	if !ok {
		return nil, awsjson.Errorf("ResourceNotFoundException", "Requested resource not found: ResourcArn: %s not found", arn)
	}
	return t, nil
}

func (s *Service) tagResource(in *tagInput) (any, error) {
	t, err := s.tagged(in.ResourceArn)
	if err != nil {
		return nil, err
	}
	for _, g := range in.Tags {
		t.tags[g.Key] = g.Value
	}
	return nil, nil
}

func (s *Service) untagResource(in *tagInput) (any, error) {
	t, err := s.tagged(in.ResourceArn)
	if err != nil {
		return nil, err
	}
	for _, k := range in.TagKeys {
		delete(t.tags, k)
	}
	return nil, nil
}

func (s *Service) listTags(in *tagInput) (any, error) {
	t, err := s.tagged(in.ResourceArn)
	if err != nil {
		return nil, err
	}
	tags := []tag{}
	for _, k := range sortedKeys(t.tags) {
		tags = append(tags, tag{k, t.tags[k]})
	}
	return map[string]any{"Tags": tags}, nil
}
