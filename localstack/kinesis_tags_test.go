package localstack_test

import (
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
)

var tagCases = []conformanceCase{
	{"AddTagsToStream/adds and replaces", func(p *probe) {
		name := p.stream(1)
		p.tag(name, map[string]string{"a": "1", "b": "2"})
		p.tag(name, map[string]string{"b": "3", "c": "4"})
		equal(p, "tags", p.streamTags(name), map[string]string{"a": "1", "b": "3", "c": "4"})
	}},
	{"AddTagsToStream/refuses an unknown stream", func(p *probe) {
		refused(p, p.kinesis.AddTagsToStream, &kinesis.AddTagsToStreamInput{
			StreamName: &p.name, Tags: map[string]string{"a": "1"},
		}, resourceNotFound)
	}},
	{"AddTagsToStream/refuses a key of 129 characters", func(p *probe) {
		name := p.stream(1)
		key := fmt.Sprintf("%0129d", 0)
		refused(p, p.kinesis.AddTagsToStream, &kinesis.AddTagsToStreamInput{
			StreamName: &name, Tags: map[string]string{key: "1"},
		}, outOfBounds...)
	}},
	{"AddTagsToStream/takes 50 tags at once", func(p *probe) {
		name := p.stream(1)
		tags := map[string]string{}
		for i := range 50 {
			tags[fmt.Sprintf("key-%02d", i)] = "v"
		}
		p.tag(name, tags)
		equal(p, "tags", len(p.streamTags(name)), 50)
	}},
	{"AddTagsToStream/refuses the 51st tag", func(p *probe) {
		name := p.stream(1)
		for i := range 50 {
			p.tag(name, map[string]string{fmt.Sprintf("key-%02d", i): "v"})
		}
		refused(p, p.kinesis.AddTagsToStream, &kinesis.AddTagsToStreamInput{
			StreamName: &name, Tags: map[string]string{"one": "more"},
		}, invalidArgument, limitExceeded)
	}},
	{"RemoveTagsFromStream/removes and does not mind what is not there", func(p *probe) {
		name := p.stream(1)
		p.tag(name, map[string]string{"a": "1", "b": "2"})
		call(p, p.kinesis.RemoveTagsFromStream, &kinesis.RemoveTagsFromStreamInput{
			StreamName: &name, TagKeys: []string{"a", "never"},
		})
		equal(p, "tags", p.streamTags(name), map[string]string{"b": "2"})
	}},
	{"ListTagsForStream/pages by ExclusiveStartTagKey", func(p *probe) {
		name := p.stream(1)
		p.tag(name, map[string]string{"a": "1", "b": "2", "c": "3"})
		first := call(p, p.kinesis.ListTagsForStream, &kinesis.ListTagsForStreamInput{StreamName: &name, Limit: aws.Int32(2)})
		equal(p, "first page", tagMap(first.Tags), map[string]string{"a": "1", "b": "2"})
		equal(p, "has more", *first.HasMoreTags, true)
		rest := call(p, p.kinesis.ListTagsForStream, &kinesis.ListTagsForStreamInput{
			StreamName: &name, Limit: aws.Int32(2), ExclusiveStartTagKey: aws.String("b"),
		})
		equal(p, "second page", tagMap(rest.Tags), map[string]string{"c": "3"})
		equal(p, "has more", *rest.HasMoreTags, false)
	}},
	{"TagResource/tags a stream by its ARN", func(p *probe) {
		name := p.stream(1)
		call(p, p.kinesis.TagResource, &kinesis.TagResourceInput{ResourceARN: p.arn(name), Tags: map[string]string{"a": "1"}})
		equal(p, "tags of the stream", p.streamTags(name), map[string]string{"a": "1"})
		equal(p, "tags of the resource", p.resourceTags(p.arn(name)), map[string]string{"a": "1"})
		call(p, p.kinesis.UntagResource, &kinesis.UntagResourceInput{ResourceARN: p.arn(name), TagKeys: []string{"a"}})
		equal(p, "tags of the resource", p.resourceTags(p.arn(name)), map[string]string{})
	}},
	{"TagResource/tags a consumer", func(p *probe) {
		name := p.stream(1)
		arn := p.consumer(name, "reader")
		call(p, p.kinesis.TagResource, &kinesis.TagResourceInput{ResourceARN: arn, Tags: map[string]string{"a": "1"}})
		equal(p, "tags of the consumer", p.resourceTags(arn), map[string]string{"a": "1"})
		equal(p, "tags of the stream", p.streamTags(name), map[string]string{})
	}},
}

func (p *probe) tag(stream string, tags map[string]string) {
	call(p, p.kinesis.AddTagsToStream, &kinesis.AddTagsToStreamInput{StreamName: &stream, Tags: tags})
}

func (p *probe) streamTags(stream string) map[string]string {
	return tagMap(call(p, p.kinesis.ListTagsForStream, &kinesis.ListTagsForStreamInput{StreamName: &stream}).Tags)
}

func (p *probe) resourceTags(arn *string) map[string]string {
	return tagMap(call(p, p.kinesis.ListTagsForResource, &kinesis.ListTagsForResourceInput{ResourceARN: arn}).Tags)
}

func tagMap(tags []types.Tag) map[string]string {
	m := map[string]string{}
	for _, t := range tags {
		m[*t.Key] = aws.ToString(t.Value)
	}
	return m
}
