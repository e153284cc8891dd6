package app

import (
	"net/netip"
	"testing"
)

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
