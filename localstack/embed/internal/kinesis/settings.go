package kinesis

import (
	"slices"
	"time"
)

type retentionInput struct {
	target
	RetentionPeriodHours *int
}

func (s *Service) increaseRetention(in *retentionInput) (any, error) {
	return s.setRetention(in, func(st *stream, hours int) error {
		if hours < st.retention {
			return invalidArgument("Requested retention period (%d hours) for stream %s can not be shorter than existing "+
				"retention period (%d hours). Use DecreaseRetentionPeriod API.", hours, st.name, st.retention)
		}
		return nil
	})
}

func (s *Service) decreaseRetention(in *retentionInput) (any, error) {
	return s.setRetention(in, func(st *stream, hours int) error {
		if hours > st.retention {
			return invalidArgument("Requested retention period (%d hours) for stream %s can not be longer than existing "+
				"retention period (%d hours). Use IncreaseRetentionPeriod API.", hours, st.name, st.retention)
		}
		return nil
	})
}

func (s *Service) setRetention(in *retentionInput, check func(*stream, int) error) (any, error) {
	var c checks
	required(&c, "retentionPeriodHours", in.RetentionPeriodHours)
	if err := c.err(); err != nil {
		return nil, err
	}
	hours := *in.RetentionPeriodHours
	switch {
	case hours < minRetention:
		return nil, invalidArgument("Minimum allowed retention period is %d hours. Requested retention period (%d hours) "+
			"is too short.", minRetention, hours)
	case hours > maxRetention:
		return nil, invalidArgument("Maximum allowed retention period is %d hours. Requested retention period (%d hours) "+
			"is too long.", maxRetention, hours)
	}
	now := s.opts.Now()
	st, err := s.changeable(in.target, now)
	if err != nil {
		return nil, err
	}
	defer st.mu.Unlock()
	if err := check(st, hours); err != nil {
		return nil, err
	}
	st.begin(now, s.opts.Delay, statusUpdating, func(now time.Time) {
		// What had expired stays so when the period grows.
		st.forgetExpired(now)
		st.retention = hours
		st.sweep(now)
	})
	return nil, nil
}

type updateStreamModeInput struct {
	StreamARN         *string
	StreamModeDetails *streamModeDetails
}

func (s *Service) updateStreamMode(in *updateStreamModeInput) (any, error) {
	var c checks
	required(&c, "streamARN", in.StreamARN)
	required(&c, "streamModeDetails", in.StreamModeDetails)
	c.mode(in.StreamModeDetails)
	if err := c.err(); err != nil {
		return nil, err
	}
	now := s.opts.Now()
	st, err := s.changeable(target{StreamARN: in.StreamARN}, now)
	if err != nil {
		return nil, err
	}
	defer st.mu.Unlock()
	mode := *in.StreamModeDetails.StreamMode
	st.begin(now, s.opts.Delay, statusUpdating, func(time.Time) { st.mode = mode })
	return nil, nil
}

type updateMaxRecordSizeInput struct {
	StreamARN          *string
	MaxRecordSizeInKiB *int
}

func (s *Service) updateMaxRecordSize(in *updateMaxRecordSizeInput) (any, error) {
	var c checks
	if required(&c, "maxRecordSizeInKiB", in.MaxRecordSizeInKiB) {
		c.within("maxRecordSizeInKiB", in.MaxRecordSizeInKiB, defaultMaxRecord, maxMaxRecord)
	}
	if err := c.err(); err != nil {
		return nil, err
	}
	now := s.opts.Now()
	st, err := s.changeable(target{StreamARN: in.StreamARN}, now)
	if err != nil {
		return nil, err
	}
	defer st.mu.Unlock()
	size := *in.MaxRecordSizeInKiB
	st.begin(now, s.opts.Delay, statusUpdating, func(time.Time) { st.maxRecord = size })
	return nil, nil
}

type encryptionInput struct {
	target
	EncryptionType *string
	KeyID          *string `json:"KeyId"`
}

func (s *Service) startStreamEncryption(in *encryptionInput) (any, error) {
	return s.setEncryption(in, encryptionKMS)
}

func (s *Service) stopStreamEncryption(in *encryptionInput) (any, error) {
	return s.setEncryption(in, encryptionNone)
}

// setEncryption keeps the state only: nothing is encrypted in memory.
func (s *Service) setEncryption(in *encryptionInput, to string) (any, error) {
	var c checks
	c.oneOf("encryptionType", in.EncryptionType, encryptionNone, encryptionKMS)
	if required(&c, "keyId", in.KeyID) {
		c.length("keyId", in.KeyID, 1, 2048)
	}
	if err := c.err(); err != nil {
		return nil, err
	}
	if *in.EncryptionType != encryptionKMS {
		return nil, invalidArgument("Encryption type %s is not supported; the only valid value is KMS.", *in.EncryptionType)
	}
	now := s.opts.Now()
	st, err := s.changeable(in.target, now)
	if err != nil {
		return nil, err
	}
	defer st.mu.Unlock()
	key := *in.KeyID
	if to == encryptionNone {
		key = ""
	}
	st.begin(now, s.opts.Delay, statusUpdating, func(time.Time) { st.encryption, st.keyID = to, key })
	return nil, nil
}

// shardMetrics are the metrics of enhanced monitoring; ALL stands for them all.
var shardMetrics = []string{
	"IncomingBytes", "IncomingRecords", "OutgoingBytes", "OutgoingRecords",
	"WriteProvisionedThroughputExceeded", "ReadProvisionedThroughputExceeded", "IteratorAgeMilliseconds",
}

const allMetrics = "ALL"

// metricsOutput is how a set of metrics is answered.
func metricsOutput(metrics []string) []string {
	if len(metrics) == len(shardMetrics) {
		return []string{allMetrics}
	}
	return append([]string{}, metrics...)
}

type monitoringInput struct {
	target
	ShardLevelMetrics []string
}

type monitoringOutput struct {
	StreamName, StreamARN    string
	CurrentShardLevelMetrics []string
	DesiredShardLevelMetrics []string
}

func (s *Service) enableEnhancedMonitoring(in *monitoringInput) (any, error) {
	return s.setMonitoring(in, func(enabled, named bool) bool { return enabled || named })
}

func (s *Service) disableEnhancedMonitoring(in *monitoringInput) (any, error) {
	return s.setMonitoring(in, func(enabled, named bool) bool { return enabled && !named })
}

func (s *Service) setMonitoring(in *monitoringInput, keep func(enabled, named bool) bool) (any, error) {
	var c checks
	if in.ShardLevelMetrics == nil {
		c.fail("shardLevelMetrics", "null", notNull)
	}
	for i := range in.ShardLevelMetrics {
		c.oneOf("shardLevelMetrics", &in.ShardLevelMetrics[i], append(slices.Clone(shardMetrics), allMetrics)...)
	}
	if err := c.err(); err != nil {
		return nil, err
	}
	st, err := s.changeable(in.target, s.opts.Now())
	if err != nil {
		return nil, err
	}
	defer st.mu.Unlock()
	all := slices.Contains(in.ShardLevelMetrics, allMetrics)
	var desired []string
	for _, m := range shardMetrics {
		if keep(slices.Contains(st.metrics, m), all || slices.Contains(in.ShardLevelMetrics, m)) {
			desired = append(desired, m)
		}
	}
	out := monitoringOutput{st.name, st.arn, metricsOutput(st.metrics), metricsOutput(desired)}
	st.metrics = desired
	return out, nil
}
