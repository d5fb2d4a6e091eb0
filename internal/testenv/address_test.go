package testenv

import (
	"net"
	"strconv"
	"strings"
	"testing"
)

func portOf(t *testing.T, address string) int {
	t.Helper()
	host, text, err := net.SplitHostPort(address)
	port, wrong := strconv.Atoi(text)
	if err != nil || wrong != nil || host != "127.0.0.1" {
		t.Fatalf("address %q", address)
	}
	return port
}

// A port that the kernel may hand to anybody is taken before the process listens.
func TestAnAddressIsFreeAndNoneThatTheKernelGivesOut(t *testing.T) {
	seen := map[string]bool{}
	for range 50 {
		address := Address(t)
		seen[address] = true
		l, err := net.Listen("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if len(seen) < 10 {
		t.Errorf("two tests at once would get the same: %v", seen)
	}
	kernel, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = kernel.Close() }()
	if given := portOf(t, kernel.Addr().String()); given >= portsTo {
		for address := range seen {
			if port := portOf(t, address); port < portsFrom || port >= portsTo {
				t.Errorf("%s may be given to anybody", address)
			}
		}
	}
}

func TestATakenPortIsPassedOver(t *testing.T) {
	taken, err := net.Listen("tcp", Address(t))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = taken.Close() }()
	port, draws := portOf(t, taken.Addr().String()), 0
	next := portOf(t, Address(t))
	address, err := vacant(t.Context(), 1, 1<<16, func(int) int {
		if draws++; draws < 4 {
			return port - 1
		}
		return next - 1
	})
	if err != nil || draws != 4 || portOf(t, address) != next {
		t.Errorf("%s after %d draws, %v", address, draws, err)
	}
	if address, err := vacant(t.Context(), port, port+1, func(int) int { return 0 }); err == nil || address != "" {
		t.Errorf("a taken port is given: %s", address)
	}
	if address, err := vacant(t.Context(), 5, 5, nil); err != nil || strings.HasSuffix(address, ":0") {
		t.Errorf("where the kernel gives out every port: %q %v", address, err)
	}
}
