package app

import (
	"net/netip"
	"testing"

	"korestream/consumer"
	"korestream/internal/config"
)

func TestMemory_LeavesMoreThanHalfForWhatIsNotInFlight(t *testing.T) {
	t.Parallel()
	for _, limit := range []config.Size{1, 64 << 20, 256 << 20, 8 << 30} {
		m, c := memoryOf(limit), consumer.DefaultConfig()
		c.Stream, c.Worker = "s", "w"
		m.share(&c)
		if err := c.Validate(); err != nil {
			t.Errorf("%d: %v", limit, err)
		}
		if got := c.ProcessBytes + c.FetchBytes; got > int64(m)*2/5 || got < int64(m)/4 {
			t.Errorf("of %d bytes records and answers may take %d", m, got)
		}
	}
}

func TestAdvertised_IsWhereOthersReachTheAdminServer(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, configured, listens, want string }{
		{"as configured", "10.1.2.3:80", "[::]:9090", "10.1.2.3:80"},
		{"where it listens", "", "127.0.0.1:9090", "127.0.0.1:9090"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := advertised(tt.configured, tt.listens); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
	got, err := netip.ParseAddrPort(advertised("", "[::]:9090"))
	if err != nil || got.Port() != 9090 {
		t.Errorf("listening everywhere: got %s, %v, want an address with the port", got, err)
	}
}
