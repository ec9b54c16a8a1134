// SPDX-License-Identifier: Apache-2.0

// Package probe is what both client programs share: how a test says what to do, and how the answer is told.
//
// A program is called as `PROGRAM OP [key=value …]` with CLIENT_URL, CLIENT_AUTH (digest, oauth, token, none),
// CLIENT_USER and CLIENT_SECRET in the environment, and prints one Result as a line of JSON. It exits 0 whenever it
// could ask; what the server answered is in the line. It must never print a secret.
package probe

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"reflect"
	"strconv"
	"strings"
	"sync"
)

// Result is one line of output.
type Result struct {
	Op        string              `json:"op"`
	Status    int                 `json:"status"`
	Headers   map[string][]string `json:"headers,omitempty"`
	Body      string              `json:"body,omitempty"`
	ErrorCode string              `json:"errorCode,omitempty"` // as the client's own helper tells it
	Error     string              `json:"error,omitempty"`     // as the client prints it
	Strict    string              `json:"strict,omitempty"`    // what an exact decoding of the body found wrong
	Total     int                 `json:"total"`
	Names     []string            `json:"names,omitempty"`
	Pages     []int               `json:"pages,omitempty"` // items of each page
	Requests  int                 `json:"requests"`        // HTTP exchanges seen
	Extra     map[string]any      `json:"extra,omitempty"`
}

// Print writes the line.
func (r *Result) Print() {
	if err := json.NewEncoder(os.Stdout).Encode(r); err != nil {
		Fail(err)
	}
}

// Fail ends the program: it could not ask at all.
func Fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

// Args are the key=value pairs of the command line.
type Args map[string]string

// ReadArgs gives the operation and its arguments.
func ReadArgs() (string, Args) {
	if len(os.Args) < 2 {
		Fail(fmt.Errorf("usage: %s OP [key=value ...]", os.Args[0]))
	}
	args := Args{}
	for _, a := range os.Args[2:] {
		key, value, found := strings.Cut(a, "=")
		if !found {
			Fail(fmt.Errorf("%q is not key=value", a))
		}
		args[key] = value
	}
	return os.Args[1], args
}

// Int gives a number, or def when the key is absent.
func (a Args) Int(key string, def int) int {
	text, found := a[key]
	if !found {
		return def
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		Fail(fmt.Errorf("%s: %w", key, err))
	}
	return n
}

// Tap stands around a client's transport and keeps the last whole answer, read as it came.
type Tap struct {
	Base http.RoundTripper

	mu       sync.Mutex
	requests int
	status   int
	headers  http.Header
	body     []byte
}

// RoundTrip passes on and remembers.
func (t *Tap) RoundTrip(req *http.Request) (*http.Response, error) {
	base := t.Base
	if base == nil {
		base = http.DefaultTransport
	}
	resp, err := base.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(resp.Body)
	resp.Body.Close()
	if err != nil {
		return nil, fmt.Errorf("the body broke off: %w", err)
	}
	resp.Body = io.NopCloser(bytes.NewReader(body))
	t.mu.Lock()
	defer t.mu.Unlock()
	t.requests++
	t.status, t.headers, t.body = resp.StatusCode, resp.Header, body
	return resp, nil
}

// Last fills what was seen into the result.
func (t *Tap) Last(r *Result) {
	t.mu.Lock()
	defer t.mu.Unlock()
	r.Status, r.Headers, r.Body, r.Requests = t.status, t.headers, string(t.body), t.requests
}

// Exactly decodes the body into model with unknown fields fatal, then encodes the model's plain fields again and
// compares: what a model drops or changes is told too. "" is good.
func Exactly(body string, model any) string {
	dec := json.NewDecoder(strings.NewReader(body))
	dec.DisallowUnknownFields()
	if err := dec.Decode(model); err != nil {
		return err.Error()
	}
	if dec.More() {
		return "more than one JSON value"
	}
	var sent, kept any
	if err := json.Unmarshal([]byte(body), &sent); err != nil {
		return err.Error()
	}
	again, err := json.Marshal(model)
	if err != nil {
		return err.Error()
	}
	if err := json.Unmarshal(again, &kept); err != nil {
		return err.Error()
	}
	return lost("", sent, kept)
}

// lost names the first thing of sent that kept has not, or has with another value.
func lost(where string, sent, kept any) string {
	switch s := sent.(type) {
	case map[string]any:
		k, ok := kept.(map[string]any)
		if !ok {
			return where + " is no object any more"
		}
		for key, value := range s {
			if _, found := k[key]; !found {
				return where + "." + key + " was dropped"
			}
			if bad := lost(where+"."+key, value, k[key]); bad != "" {
				return bad
			}
		}
	case []any:
		k, ok := kept.([]any)
		if !ok || len(k) != len(s) {
			return where + " has another length"
		}
		for i := range s {
			if bad := lost(fmt.Sprintf("%s[%d]", where, i), s[i], k[i]); bad != "" {
				return bad
			}
		}
	default:
		if !reflect.DeepEqual(sent, kept) {
			return fmt.Sprintf("%s: sent %v, kept %v", where, sent, kept)
		}
	}
	return ""
}
