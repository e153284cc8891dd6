package consumer

import (
	"testing"

	"go.uber.org/goleak"
	"go.uber.org/zap"
)

func TestMain(m *testing.M) {
	RedirectLogrus(zap.NewNop()) // as every process does; the KCL writes there
	goleak.VerifyTestMain(m)
}
