package process

import (
	"testing"

	"github.com/miekg/dns"
)

func TestCoreDNS(t *testing.T) {
	c := StartCoreDNS(t, `corp.internal:{$PORT} {
		bind 127.0.0.1
		template IN A {
			match ^cache-(?P<v>v\d)\.corp\.internal\.$
			answer "{{ .Name }} 60 IN A 192.0.2.1"
			rcode NOERROR
			fallthrough
		}
		template ANY ANY {
			rcode NXDOMAIN
		}
	}`, nil)
	for name, want := range map[string]string{
		"cache-v1.corp.internal": "192.0.2.1",
		"cache.corp.internal":    "NXDOMAIN",
		"cache.other.internal":   "REFUSED",
	} {
		c.Eventually(name, dns.TypeA, want)
	}
}
