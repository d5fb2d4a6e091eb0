package correlate

import (
	"net/netip"
	"strings"
)

// instanceName is an instance as any system may call it, taken apart: the host or
// pod in lower case, and the port where one is given. Two processes of one host
// differ by their ports alone.
type instanceName struct{ host, port string }

// readInstance takes a name apart. Namespace, job or cluster before it are left
// out: "shop/cart-1:8080", "cart-1:8080" and "CART-1:8080" are one. Addresses of
// IPv6 keep their colons, and lose their brackets.
func readInstance(name string) instanceName {
	host, port := cutInstance(name)
	return instanceName{strings.ToLower(host), port}
}

// cutInstance is readInstance in the case that it is written in.
func cutInstance(name string) (host, port string) {
	if cut := strings.LastIndexByte(name, '/'); cut >= 0 {
		name = name[cut+1:]
	}
	if end := strings.LastIndexByte(name, ']'); end > 0 && name[0] == '[' {
		return name[1:end], strings.TrimPrefix(name[end+1:], ":")
	}
	if cut := strings.LastIndexByte(name, ':'); cut > 0 && strings.Count(name, ":") == 1 {
		name, port = name[:cut], name[cut+1:]
	}
	return strings.TrimSuffix(name, "."), port
}

// none reports whether no instance is named.
func (n instanceName) none() bool { return n == instanceName{} }

// onHost reports whether two names can be of one host or pod: they are alike, or
// one is the other without its domain, as "web-1" and "web-1.eu.example".
func (n instanceName) onHost(m instanceName) bool {
	short, long := n.host, m.host
	if len(short) > len(long) {
		short, long = long, short
	}
	if short == long {
		return short != ""
	}
	return short != "" && strings.HasPrefix(long, short) && long[len(short)] == '.' && !isAddress(long)
}

// isAddress reports whether a host is given by number: its parts are no domain.
func isAddress(host string) bool {
	_, err := netip.ParseAddr(host)
	return err == nil
}

// is reports whether two names can be of one instance: they are on one host, and
// not on two ports of it.
func (n instanceName) is(m instanceName) bool {
	return n.onHost(m) && (n.port == "" || m.port == "" || n.port == m.port)
}

// privateDomains end names that lead to a service inside.
var privateDomains = []string{"local", "internal", "consul", "svc", "lan", "corp"}

// serviceLabel is the first part of a domain name inside, as "cart" of
// "cart.shop.svc.cluster.local" and of "cart.shop", and nothing of any other.
func serviceLabel(host string) string {
	first, domain, ok := strings.Cut(host, ".")
	if !ok || isAddress(host) {
		return ""
	}
	last := domain[strings.LastIndexByte(domain, '.')+1:]
	for _, private := range privateDomains {
		if last == private {
			return first
		}
	}
	if last == domain { // A service and its namespace.
		return first
	}
	return ""
}
