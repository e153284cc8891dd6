package consumer

import (
	"fmt"
	"testing"

	"github.com/sirupsen/logrus"
	kcllog "github.com/vmware/vmware-go-kcl-v2/logger"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"
)

func TestKCLLogger_TakesTheLinesOfTheKCLIntoOurLog(t *testing.T) {
	t.Parallel()
	core, seen := observer.New(zap.DebugLevel)
	l := newKCLLogger(zap.New(core)).WithFields(kcllog.Fields{"shard": "s0"})
	l.Debugf("a %d", 1)
	l.Infof("b\n")
	l.Warnf("c")
	l.Errorf("d: %v", errTest)
	l.Fatalf("e")
	l.Panicf("f")
	l.Errorf("Error in getRecords: %+v", fmt.Errorf("wrapped: %w", errLeaseOver))
	want := []struct {
		level   zapcore.Level
		message string
	}{
		{zap.DebugLevel, "a 1"},
		{zap.DebugLevel, "b"},
		{zap.WarnLevel, "c"},
		{zap.ErrorLevel, "d: " + errTest.Error()},
		{zap.ErrorLevel, "e"},
		{zap.ErrorLevel, "f"},
		{zap.DebugLevel, "Error in getRecords: wrapped: lease is over"},
	}
	if seen.Len() != len(want) {
		t.Fatalf("got %d lines, want %d", seen.Len(), len(want))
	}
	for i, e := range seen.All() {
		if e.Level != want[i].level || e.Message != want[i].message || e.LoggerName != "kcl" || e.ContextMap()["shard"] != "s0" {
			t.Errorf("line %d: got %s %q of %s with %v, want %s %q of kcl", i, e.Level, e.Message, e.LoggerName, e.ContextMap(), want[i].level, want[i].message)
		}
	}
}

func TestLogrusHook_ForwardsEveryLevel(t *testing.T) {
	t.Parallel()
	core, seen := observer.New(zap.DebugLevel)
	l := logrus.New() // not the global one: other tests use it
	l.SetOutput(discard{})
	l.SetLevel(logrus.TraceLevel)
	l.AddHook(logrusHook{zap.New(core)})
	l.Trace("t")
	l.Debug("d")
	l.Info("i")
	l.Warn("w")
	l.Error("e")
	want := []zapcore.Level{zap.DebugLevel, zap.DebugLevel, zap.DebugLevel, zap.WarnLevel, zap.ErrorLevel}
	for i, e := range seen.All() {
		if e.Level != want[i] {
			t.Errorf("line %q: got level %s, want %s", e.Message, e.Level, want[i])
		}
	}
	if seen.Len() != len(want) {
		t.Errorf("got %d lines, want %d", seen.Len(), len(want))
	}
}

type discard struct{}

func (discard) Write(b []byte) (int, error) { return len(b), nil }
