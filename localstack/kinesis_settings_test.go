package localstack_test

import (
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
)

var settingsCases = []conformanceCase{
	{"IncreaseStreamRetentionPeriod/shows in the description", func(p *probe) {
		name := p.stream(1)
		call(p, p.kinesis.IncreaseStreamRetentionPeriod, longer(name, 48))
		p.active(name)
		equal(p, "retention", *p.summary(name).RetentionPeriodHours, 48)
	}},
	{"IncreaseStreamRetentionPeriod/refuses a shorter period", func(p *probe) {
		name := p.stream(1)
		call(p, p.kinesis.IncreaseStreamRetentionPeriod, longer(name, 48))
		p.active(name)
		refused(p, p.kinesis.IncreaseStreamRetentionPeriod, longer(name, 36), invalidArgument)
	}},
	{"IncreaseStreamRetentionPeriod/refuses more than a year", func(p *probe) {
		refused(p, p.kinesis.IncreaseStreamRetentionPeriod, longer(p.stream(1), 8761), invalidArgument)
	}},
	{"IncreaseStreamRetentionPeriod/refuses an unknown stream", func(p *probe) {
		refused(p, p.kinesis.IncreaseStreamRetentionPeriod, longer(p.name, 48), resourceNotFound)
	}},
	{"DecreaseStreamRetentionPeriod/shows in the description", func(p *probe) {
		name := p.stream(1)
		call(p, p.kinesis.IncreaseStreamRetentionPeriod, longer(name, 48))
		p.active(name)
		call(p, p.kinesis.DecreaseStreamRetentionPeriod, shorter(name, 24))
		p.active(name)
		equal(p, "retention", *p.summary(name).RetentionPeriodHours, 24)
	}},
	{"DecreaseStreamRetentionPeriod/refuses a longer period", func(p *probe) {
		refused(p, p.kinesis.DecreaseStreamRetentionPeriod, shorter(p.stream(1), 48), invalidArgument)
	}},
	{"DecreaseStreamRetentionPeriod/refuses less than a day", func(p *probe) {
		refused(p, p.kinesis.DecreaseStreamRetentionPeriod, shorter(p.stream(1), 23), invalidArgument)
	}},
	{"UpdateStreamMode/to on demand and back keeps the shards", func(p *probe) {
		name := p.stream(2)
		for _, mode := range []types.StreamMode{types.StreamModeOnDemand, types.StreamModeProvisioned} {
			call(p, p.kinesis.UpdateStreamMode, &kinesis.UpdateStreamModeInput{
				StreamARN: p.arn(name), StreamModeDetails: &types.StreamModeDetails{StreamMode: mode},
			})
			p.active(name)
			equal(p, "mode", p.summary(name).StreamModeDetails.StreamMode, mode)
			equal(p, "shards", shardIDs(p.shards(name)), ids(0, 1))
		}
	}},
	{"UpdateStreamMode/on demand cannot be resharded", func(p *probe) {
		name := p.stream(1)
		call(p, p.kinesis.UpdateStreamMode, &kinesis.UpdateStreamModeInput{
			StreamARN: p.arn(name), StreamModeDetails: &types.StreamModeDetails{StreamMode: types.StreamModeOnDemand},
		})
		p.active(name)
		refused(p, p.kinesis.SplitShard, splitOf(name, 0, half), validation)
		refused(p, p.kinesis.UpdateShardCount, scaleTo(name, 2), validation)
	}},
	{"StartStreamEncryption/shows in the description until it is stopped", func(p *probe) {
		name := p.stream(1)
		call(p, p.kinesis.StartStreamEncryption, &kinesis.StartStreamEncryptionInput{
			StreamName: &name, EncryptionType: types.EncryptionTypeKms, KeyId: aws.String("alias/aws/kinesis"),
		})
		p.active(name)
		equal(p, "encryption", p.summary(name).EncryptionType, types.EncryptionTypeKms)
		equal(p, "encryption of a record", p.put(name, lowKey, "x").EncryptionType, types.EncryptionTypeKms)
		call(p, p.kinesis.StopStreamEncryption, &kinesis.StopStreamEncryptionInput{
			StreamName: &name, EncryptionType: types.EncryptionTypeKms, KeyId: aws.String("alias/aws/kinesis"),
		})
		p.active(name)
		equal(p, "encryption", p.summary(name).EncryptionType, types.EncryptionTypeNone)
	}},
	{"EnableEnhancedMonitoring/answers what is and what was asked for", func(p *probe) {
		name := p.stream(1)
		metrics := []types.MetricsName{types.MetricsNameIncomingBytes}
		out := call(p, p.kinesis.EnableEnhancedMonitoring, &kinesis.EnableEnhancedMonitoringInput{
			StreamName: &name, ShardLevelMetrics: metrics,
		})
		equal(p, "current", len(out.CurrentShardLevelMetrics), 0)
		equal(p, "desired", out.DesiredShardLevelMetrics, metrics)
		back := call(p, p.kinesis.DisableEnhancedMonitoring, &kinesis.DisableEnhancedMonitoringInput{
			StreamName: &name, ShardLevelMetrics: []types.MetricsName{types.MetricsNameAll},
		})
		equal(p, "current", back.CurrentShardLevelMetrics, metrics)
		equal(p, "desired", len(back.DesiredShardLevelMetrics), 0)
	}},
}

func longer(stream string, hours int32) *kinesis.IncreaseStreamRetentionPeriodInput {
	return &kinesis.IncreaseStreamRetentionPeriodInput{StreamName: &stream, RetentionPeriodHours: &hours}
}

func shorter(stream string, hours int32) *kinesis.DecreaseStreamRetentionPeriodInput {
	return &kinesis.DecreaseStreamRetentionPeriodInput{StreamName: &stream, RetentionPeriodHours: &hours}
}
