// The origin and the load of the interception bench: HTTP/1.1 over TLS, straight or through a proxy's CONNECT.
//
//	requestload origin ADDRESS CERTIFICATE KEY
//	requestload load PROXY|direct TARGET CONNECTIONS SECONDS keep|fresh
package main

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"slices"
	"strconv"
	"sync"
	"time"
)

const bodyBytes = 1024

func main() {
	if len(os.Args) == 5 && os.Args[1] == "origin" {
		origin(os.Args[2], os.Args[3], os.Args[4])
	} else if len(os.Args) == 7 && os.Args[1] == "load" {
		load(os.Args[2], os.Args[3], number(os.Args[4]), number(os.Args[5]), os.Args[6] == "fresh")
	} else {
		fail(fmt.Errorf("usage: origin ADDRESS CERTIFICATE KEY | load PROXY|direct TARGET CONNECTIONS SECONDS keep|fresh"))
	}
}

func origin(address, certificate, key string) {
	body := make([]byte, bodyBytes)
	handler := http.HandlerFunc(func(response http.ResponseWriter, request *http.Request) {
		if request.Header.Get("X-Api-Key") == "" {
			response.WriteHeader(http.StatusUnauthorized)
		}
		response.Write(body)
	})
	server := &http.Server{Addr: address, Handler: handler, TLSNextProto: map[string]func(*http.Server, *tls.Conn, http.Handler){}}
	fail(server.ListenAndServeTLS(certificate, key))
}

type client struct {
	connection net.Conn
	reader     *bufio.Reader
}

func load(proxy, target string, connections, seconds int, fresh bool) {
	config := &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"http/1.1"}}
	request := []byte("GET /v1/models HTTP/1.1\r\nHost: " + target + "\r\nX-Api-Key: paude-proxy-managed\r\nAccept: application/json\r\nUser-Agent: bench\r\n\r\n")
	deadline := time.Now().Add(time.Duration(seconds) * time.Second)
	results := make([][]time.Duration, connections)
	failures := make([]error, connections)
	var group sync.WaitGroup
	for index := range connections {
		group.Go(func() {
			var open *client
			for time.Now().Before(deadline) {
				start := time.Now()
				var err error
				if open == nil {
					open, err = dial(proxy, target, config, deadline.Add(10*time.Second))
				}
				if err == nil {
					err = exchange(open, request)
				}
				if err != nil {
					failures[index] = err
					return
				}
				results[index] = append(results[index], time.Since(start))
				if fresh {
					open.connection.Close()
					open = nil
				}
			}
		})
	}
	group.Wait()
	var all []time.Duration
	errors := 0
	for index := range results {
		all = append(all, results[index]...)
		if failures[index] != nil {
			errors++
			fmt.Fprintln(os.Stderr, failures[index])
		}
	}
	slices.Sort(all)
	at := func(part float64) int64 {
		if len(all) == 0 {
			return 0
		}
		return all[int(part*float64(len(all)-1))].Microseconds()
	}
	fmt.Printf("done=%d errors=%d per_second=%.1f p50_us=%d p99_us=%d\n",
		len(all), errors, float64(len(all))/float64(seconds), at(0.5), at(0.99))
}

func dial(proxy, target string, config *tls.Config, until time.Time) (*client, error) {
	address := proxy
	if proxy == "direct" {
		address = target
	}
	plain, err := net.Dial("tcp", address)
	if err != nil {
		return nil, err
	}
	plain.SetDeadline(until)
	if proxy != "direct" {
		fmt.Fprintf(plain, "CONNECT %s HTTP/1.1\r\nHost: %s\r\n\r\n", target, target)
		response, err := http.ReadResponse(bufio.NewReaderSize(plain, 16), nil)
		if err != nil {
			return nil, err
		}
		if response.StatusCode != http.StatusOK {
			return nil, fmt.Errorf("CONNECT was answered %s", response.Status)
		}
	}
	secure := tls.Client(plain, config)
	return &client{secure, bufio.NewReader(secure)}, secure.Handshake()
}

func exchange(open *client, request []byte) error {
	if _, err := open.connection.Write(request); err != nil {
		return err
	}
	response, err := http.ReadResponse(open.reader, nil)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	length, err := io.Copy(io.Discard, response.Body)
	if err == nil && (response.StatusCode != http.StatusOK || length != bodyBytes) {
		err = fmt.Errorf("answered %s with %d bytes", response.Status, length)
	}
	return err
}

func number(text string) int {
	value, err := strconv.Atoi(text)
	fail(err)
	return value
}

func fail(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
