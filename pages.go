package versionalias

import (
	"context"
	"errors"
	"fmt"
	"io"
	golog "log"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/octoenergy/versionalias/plugin/status"
)

// statuses is the status pages that this process serves. Server blocks share one
// that has the same address, and a reload of the Corefile leaves it open.
var statuses listeners

type listeners struct {
	mu       sync.Mutex
	open     map[string]*listener
	starting []string // the addresses of an instance that is about to run
}

// listener is one status page.
type listener struct {
	addr   net.Addr
	server *http.Server
	done   chan struct{}
}

// listen opens the pages of an instance that is about to run, but for those that are
// open. If it runs or fails to, endStart is to follow.
func (l *listeners) listen(addrs []string) error {
	l.mu.Lock()
	l.starting = addrs
	l.mu.Unlock()
	for _, addr := range addrs {
		if err := l.serve(addr); err != nil {
			l.endStart()
			return err
		}
	}
	return nil
}

func (l *listeners) serve(addr string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.open[addr] != nil {
		return nil
	}
	socket, err := net.Listen("tcp", addr)
	if err != nil {
		return fmt.Errorf("open the status page: %w", err)
	}
	page := &listener{
		addr: socket.Addr(),
		server: &http.Server{
			Handler:        status.Handler(running.status),
			ReadTimeout:    5 * time.Second,
			WriteTimeout:   time.Minute,
			IdleTimeout:    30 * time.Second,
			MaxHeaderBytes: 16 << 10,
			ErrorLog:       golog.New(io.Discard, "", 0), // what clients do wrong
		},
		done: make(chan struct{}),
	}
	if l.open == nil {
		l.open = map[string]*listener{}
	}
	l.open[addr] = page
	log.Infof("status page at http://%s", page.addr) // of port 0 nobody else knows
	go func() {
		defer close(page.done)
		if err := page.server.Serve(socket); !errors.Is(err, http.ErrServerClosed) {
			log.Errorf("status page at %s ended: %v", addr, err)
		}
	}()
	return nil
}

// endStart ends what listen began: it closes what no instance has, once one has begun to run, or failed to.
func (l *listeners) endStart() {
	l.mu.Lock()
	l.starting = nil
	l.mu.Unlock()
	l.close()
}

// close closes the pages that no instance has, running or about to.
func (l *listeners) close() {
	used := running.pages()
	l.mu.Lock()
	defer l.mu.Unlock()
	for addr, page := range l.open {
		if slices.Contains(used, addr) || slices.Contains(l.starting, addr) {
			continue
		}
		delete(l.open, addr)
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		if page.server.Shutdown(ctx) != nil { // somebody reads slowly
			_ = page.server.Close()
		}
		cancel()
		<-page.done
	}
}
