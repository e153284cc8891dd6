package iam

import (
	"cmp"
	"net/url"
	"strings"

	"korestream/internal/config"
)

// Place says where the resources are that are configured by their names.
type Place struct {
	Partition, Region, Account string
}

// PlaceOf returns what the configuration tells of the place: the stream's ARN
// has all of it. What it does not tell is taken from what is given; an account
// that nobody tells is *, which is any.
func PlaceOf(cfg *config.Config, region, account string) Place {
	at := Place{Region: cmp.Or(cfg.Region, region), Account: account}
	if f := strings.Split(cfg.StreamARN(), ":"); len(f) > 4 {
		at.Partition, at.Region = f[1], cmp.Or(at.Region, f[3])
		at.Account = cmp.Or(at.Account, f[4])
	}
	at.Region, at.Account = cmp.Or(at.Region, "*"), cmp.Or(at.Account, "*")
	at.Partition = cmp.Or(at.Partition, partitionOf(at.Region))
	return at
}

// partitionOf returns a region's partition:
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html
func partitionOf(region string) string {
	switch {
	case strings.HasPrefix(region, "cn-"):
		return "aws-cn"
	case strings.HasPrefix(region, "us-gov-"):
		return "aws-us-gov"
	}
	return "aws"
}

func (p Place) arn(service, rest string) string {
	return strings.Join([]string{"arn", p.Partition, service, p.Region, p.Account, rest}, ":")
}

func (p Place) table(name string) resource { return resource{name, p.arn(DynamoDB, "table/"+name)} }

// stream returns the ARN of a stream that may be named by it.
func (p Place) stream(name string) resource {
	if strings.HasPrefix(name, "arn:") {
		return resource{name, name}
	}
	return resource{name, p.arn(Kinesis, "stream/"+name)}
}

// queue reads a queue's ARN from its URL:
// https://sqs.us-east-1.amazonaws.com/123456789012/name
func (p Place) queue(address string) resource {
	u, err := url.Parse(address)
	if err != nil { // the configuration's check refuses it
		return resource{address, p.arn(SQS, "*")}
	}
	path := strings.Split(strings.Trim(u.Path, "/"), "/")
	if host := strings.Split(u.Host, "."); len(host) > 3 && host[0] == SQS {
		p.Region = host[1]
	}
	if len(path) > 1 {
		p.Account = path[len(path)-2]
	}
	return resource{address, p.arn(SQS, path[len(path)-1])}
}

func (p Place) objects(bucket, prefix string) resource {
	return resource{bucket, "arn:" + p.Partition + ":s3:::" + bucket + "/" + prefix + "*"}
}

func stream(cfg *config.Config, at Place) []resource { return []resource{at.stream(cfg.Stream)} }

// streamConsumer is the consumer for fan-out, whose ARN ends in the time of its
// registration.
func streamConsumer(cfg *config.Config, at Place) []resource {
	name := cmp.Or(cfg.Source.Consumer, cfg.Application)
	if strings.HasPrefix(name, "arn:") {
		return []resource{{name, name}}
	}
	return []resource{{name, at.stream(cfg.Stream).arn + "/consumer/" + name + ":*"}}
}

// whenWebhook is of configurations that take webhooks.
func whenWebhook(on func(*config.Config, Place) []resource) func(*config.Config, Place) []resource {
	return func(cfg *config.Config, at Place) []resource {
		if cfg.Webhook.Listen == "" {
			return nil
		}
		return on(cfg, at)
	}
}

func whenFanOut(on func(*config.Config, Place) []resource) func(*config.Config, Place) []resource {
	return func(cfg *config.Config, at Place) []resource {
		if cfg.Source.Type == "polling" {
			return nil
		}
		return on(cfg, at)
	}
}

func leaseTable(cfg *config.Config, at Place) []resource {
	return []resource{at.table(cfg.LeaseTable())}
}

func whenCreated(on func(*config.Config, Place) []resource) func(*config.Config, Place) []resource {
	return func(cfg *config.Config, at Place) []resource {
		if !cfg.Lease.CreateTable {
			return nil
		}
		return on(cfg, at)
	}
}

func dedupeTable(cfg *config.Config, at Place) []resource {
	if cfg.Dedupe.Store != "dynamodb" {
		return nil
	}
	return []resource{at.table(cfg.DedupeTable())}
}

func anyTTL(*config.Handler) bool { return true }

func withTTL(h *config.Handler) bool { return h.TTL > 0 }

func simTables(which func(*config.Handler) bool) func(*config.Config, Place) []resource {
	return handlersOf(func(cfg *config.Config, h *config.Handler, at Place) (resource, bool) {
		return at.table(cfg.SIMTable(h)), h.Type == "simstate" && h.Store == config.SIMsInDynamoDB && which(h)
	})
}

func oneByOne(h *config.Handler) bool { return h.Batch.MaxEvents <= 1 }

func inBatches(h *config.Handler) bool { return h.Batch.MaxEvents > 1 }

func queues(which func(*config.Handler) bool) func(*config.Config, Place) []resource {
	return handlersOf(func(_ *config.Config, h *config.Handler, at Place) (resource, bool) {
		if h.Type != "sqs" || !which(h) {
			return resource{}, false
		}
		return at.queue(h.QueueURL), true
	})
}

var buckets = handlersOf(func(_ *config.Config, h *config.Handler, at Place) (resource, bool) {
	return at.objects(h.Bucket, h.Prefix), h.Type == "s3"
})

// handlersOf returns what each handler of a sort calls.
func handlersOf(of func(*config.Config, *config.Handler, Place) (resource, bool)) func(*config.Config, Place) []resource {
	return func(cfg *config.Config, at Place) []resource {
		var out []resource
		for i := range cfg.Handlers {
			if r, ok := of(cfg, &cfg.Handlers[i], at); ok {
				out = append(out, r)
			}
		}
		return out
	}
}

func letterQueue(cfg *config.Config, at Place) []resource {
	if cfg.DeadLetters.Type != "sqs" {
		return nil
	}
	return []resource{at.queue(cfg.DeadLetters.QueueURL)}
}

// letterObjects are the objects in the bucket of dead letters of a type.
func letterObjects(kind string) func(*config.Config, Place) []resource {
	return func(cfg *config.Config, at Place) []resource {
		d := cfg.DeadLetters
		if d.Type != kind || d.Bucket == "" {
			return nil
		}
		return []resource{at.objects(d.Bucket, d.Prefix)}
	}
}

func letterBucket(cfg *config.Config, at Place) []resource {
	if cfg.DeadLetters.Type != "s3" {
		return nil
	}
	return []resource{{cfg.DeadLetters.Bucket, "arn:" + at.Partition + ":s3:::" + cfg.DeadLetters.Bucket}}
}

func letterStream(cfg *config.Config, at Place) []resource {
	if cfg.DeadLetters.Type != "kinesis" {
		return nil
	}
	return []resource{at.stream(cfg.DeadLetters.Stream)}
}
