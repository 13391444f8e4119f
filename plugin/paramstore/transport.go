package paramstore

import (
	"io"
	"net/http"
)

// client sends what the SDK asks by t, and follows no redirect.
func client(t http.RoundTripper) *http.Client {
	return &http.Client{Transport: transport{t}, CheckRedirect: noRedirect}
}

func noRedirect(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// transport hands on requests whose bodies have no other methods than Read and Close.
// The SDK closes a body once the response has begun, and net/http may not have looked for
// its end by then. Asked by WriteTo, the SDK's body has that as an error, for which net/http
// closes the connection while the response is being read.
// https://github.com/aws/aws-sdk-go-v2/issues/2737
type transport struct{ http.RoundTripper }

// RoundTrip implements http.RoundTripper.
func (t transport) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body != nil && r.Body != http.NoBody {
		r = r.WithContext(r.Context()) // a copy
		r.Body = struct {
			io.Reader
			io.Closer
		}{r.Body, r.Body}
	}
	return t.RoundTripper.RoundTrip(r)
}
