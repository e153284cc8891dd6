package handlers

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"
)

func TestLog_OneLineWithoutWhatIdentifiesASIMCard(t *testing.T) {
	t.Parallel()
	core, logs := observer.New(zapcore.InfoLevel)
	h := NewLog(zap.New(core))
	const imsi, imei = "310000000000001", "350000000000002"
	for _, sid := range []string{`"` + aSIM + `"`, "null"} {
		d := deliveryOf(t, fmt.Sprintf(`{"id":"EZ1","type":%q,"data":{"sim_sid":%s,"sim_iccid":%q,"imsi":%q,"imei":%q}}`,
			sessionUpdated, sid, anICCID, imsi, imei))
		if err := h.Handle(t.Context(), d); err != nil {
			t.Fatal(err)
		}
	}
	lines := logs.All()
	if len(lines) != 2 {
		t.Fatalf("lines: got %d, want 2", len(lines))
	}
	want := map[string]any{
		"event_id": "EZ1", "event_type": sessionUpdated, "sim_sid": aSIM,
		"shard": "shardId-000000000001", "sequence_number": "4959",
	}
	if diff := cmp.Diff(want, lines[0].ContextMap()); diff != "" || lines[0].Message != "event" || lines[0].Level != zapcore.InfoLevel {
		t.Errorf("line %q (-want +got):\n%s", lines[0].Message, diff)
	}
	delete(want, "sim_sid")
	if diff := cmp.Diff(want, lines[1].ContextMap()); diff != "" {
		t.Errorf("line of an event without a sid (-want +got):\n%s", diff)
	}
	for _, secret := range []string{anICCID, imsi, imei} {
		if strings.Contains(fmt.Sprint(lines[0].ContextMap(), lines[1].ContextMap()), secret) {
			t.Errorf("got %s in the log", secret)
		}
	}
}
