package status

import (
	"embed"
	"io"
	"mime"
	"net/http"
	"path"
)

// policy lets the page use what is embedded beside it, and nothing else.
// https://www.w3.org/TR/CSP3/
const policy = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

//go:embed page
var files embed.FS

// Handler serves what servers tells, which is asked anew for each request.
func Handler(servers func() []Server) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/healthz", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_, _ = io.WriteString(w, "ok\n") // who is gone does not care
	})
	mux.HandleFunc("/aliases", inTurn(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		whole(writeJSON(w, servers()))
	}))
	mux.HandleFunc("/{$}", inTurn(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		whole(writePage(w, r.URL, servers()))
	}))
	for _, name := range []string{"style.css", "script.js"} {
		mux.HandleFunc("/"+name, func(w http.ResponseWriter, _ *http.Request) {
			text, _ := files.ReadFile("page/" + name) // it is embedded
			w.Header().Set("Content-Type", mime.TypeByExtension(path.Ext(name)))
			_, _ = w.Write(text)
		})
	}
	return readOnly(mux)
}

// atOnce is how many answers of a kind are made at once: very many aliases take memory
// for each.
const atOnce = 4

// inTurn lets requests wait until fewer than atOnce are answered.
func inTurn(next http.HandlerFunc) http.HandlerFunc {
	turns := make(chan struct{}, atOnce)
	return func(w http.ResponseWriter, r *http.Request) {
		select {
		case turns <- struct{}{}:
			defer func() { <-turns }()
			next(w, r)
		case <-r.Context().Done():
		}
	}
}

// whole breaks the connection off if what was written is not all there is: it must not
// look as if.
func whole(err error) {
	if err != nil {
		panic(http.ErrAbortHandler)
	}
}

// readOnly lets through GET and HEAD alone, and says of each answer what may be done
// with it.
func readOnly(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cache-Control", "no-store")
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			h.Set("Allow", "GET, HEAD")
			http.Error(w, "found method "+r.Method+", want GET or HEAD", http.StatusMethodNotAllowed)
			return
		}
		next.ServeHTTP(w, r)
	})
}
