package testenv

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"testing"
)

// portsFrom and portsTo bound the ports that [Address] chooses from: above those
// of well-known services, below those that Linux gives out by default.
const portsFrom, portsTo = 12_000, 32_000

// Address is an address on loopback, "127.0.0.1:PORT", at which nobody listens,
// for a process that is started with it a while later. The kernel gives out none
// of these ports by itself, so that no other test gets hold of it meanwhile as
// it would of one that was asked for by port 0.
func Address(t testing.TB) string {
	t.Helper()
	low := portsTo
	if text, err := os.ReadFile("/proc/sys/net/ipv4/ip_local_port_range"); err == nil {
		_, _ = fmt.Sscan(string(text), &low)
	}
	address, err := vacant(t.Context(), portsFrom, min(portsTo, low), rand.IntN)
	if err != nil {
		t.Fatalf("no free address: %v", err)
	}
	return address
}

// vacantTries is how many ports are tried; a few are taken on any machine.
const vacantTries = 100

// vacant draws ports of [from, to) until nobody listens at one, and leaves the
// choice to the kernel where the range is empty.
func vacant(ctx context.Context, from, to int, draw func(n int) int) (address string, err error) {
	var any net.ListenConfig
	for range vacantTries {
		port := 0
		if to > from {
			port = from + draw(to-from)
		}
		var l net.Listener
		if l, err = any.Listen(ctx, "tcp", fmt.Sprintf("127.0.0.1:%d", port)); err == nil {
			return l.Addr().String(), l.Close()
		}
	}
	return "", err
}
