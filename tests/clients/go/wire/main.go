// SPDX-License-Identifier: Apache-2.0

// Command wire sends the requests that the `atlas api` command sends, header for header, through the same Digest
// transport and the same OAuth library, and decodes the answers into models of the published schemas with unknown
// fields fatal. tests/system runs it; package probe says how it is called. It must not know how Peerage works.
package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"

	"github.com/mongodb-forks/digest"
	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"

	"peerage.test/clients/probe"
)

const userAgent = "atlascli/1.57.0 (linux;amd64;native)"

type session struct {
	ctx    context.Context
	args   probe.Args
	http   *http.Client
	tap    *probe.Tap
	result *probe.Result
}

func setting(name string) string { return os.Getenv("CLIENT_" + name) }

func oauthConfig() *clientcredentials.Config {
	return &clientcredentials.Config{
		ClientID:     setting("USER"),
		ClientSecret: setting("SECRET"),
		TokenURL:     setting("URL") + "/api/oauth/token",
		AuthStyle:    oauth2.AuthStyleInHeader,
	}
}

type bearer struct{ token string }

func (b bearer) RoundTrip(req *http.Request) (*http.Response, error) {
	again := req.Clone(req.Context())
	again.Header.Set("Authorization", "Bearer "+b.token)
	return http.DefaultTransport.RoundTrip(again)
}

func newClient(ctx context.Context) (*http.Client, *probe.Tap, error) {
	var base http.RoundTripper
	switch setting("AUTH") {
	case "digest":
		base = digest.NewTransport(setting("USER"), setting("SECRET"))
	case "oauth":
		base = oauthConfig().Client(ctx).Transport
	case "token":
		base = bearer{setting("SECRET")}
	case "none":
		base = http.DefaultTransport
	default:
		return nil, nil, fmt.Errorf("CLIENT_AUTH=%q", setting("AUTH"))
	}
	tap := &probe.Tap{Base: base}
	return &http.Client{Transport: tap}, tap, nil
}

// The request as the command makes it: the query sorted and only with what was asked for, the versioned Accept, the
// same as Content-Type with a body, and a body of unknown length, which net/http sends chunked.
func (s *session) send(method, path, version string, query url.Values, body io.Reader) error {
	target := setting("URL") + path
	if encoded := query.Encode(); encoded != "" {
		target += "?" + encoded
	}
	req, err := http.NewRequestWithContext(s.ctx, method, target, body)
	if err != nil {
		return err
	}
	if version != "" {
		accept := "application/vnd.atlas." + version + "+json"
		req.Header.Set("Accept", accept)
		if body != nil {
			req.Header.Set("Content-Type", accept)
		}
	}
	req.Header.Set("User-Agent", userAgent)
	resp, err := s.http.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	_, err = io.Copy(io.Discard, resp.Body)
	return err
}

func (s *session) finish(err error) {
	s.tap.Last(s.result)
	if err != nil {
		s.result.Error = err.Error()
		var refused *oauth2.RetrieveError
		if errors.As(err, &refused) {
			s.result.ErrorCode = refused.ErrorCode
			s.result.Extra = map[string]any{"description": refused.ErrorDescription,
				"status": refused.Response.StatusCode, "body": string(refused.Body)}
		}
		return
	}
	if s.result.Body == "" {
		return
	}
	name := s.args["model"]
	if s.result.Status >= 400 {
		name = "error"
		var code struct {
			ErrorCode string `json:"errorCode"`
		}
		if json.Unmarshal([]byte(s.result.Body), &code) == nil {
			s.result.ErrorCode = code.ErrorCode
		}
	}
	model, found := models()[name]
	if !found {
		probe.Fail(fmt.Errorf("there is no model %q", name))
	}
	s.result.Strict = probe.Exactly(s.result.Body, model)
}

// chunked hides a reader's length.
type chunked struct{ io.Reader }

func (s *session) opAPI() {
	query := url.Values{}
	for key, value := range s.args {
		if name, found := strings.CutPrefix(key, "q."); found {
			query.Set(name, value)
		}
	}
	var body io.Reader
	if text, found := s.args["body"]; found {
		text = strings.Repeat(text, s.args.Int("times", 1))
		body = chunked{strings.NewReader(text)}
		if s.args["length"] == "true" {
			body = bytes.NewReader([]byte(text))
		}
	}
	method := s.args["method"]
	if method == "" {
		method = http.MethodGet
	}
	s.finish(s.send(method, s.args["path"], s.args["version"], query, body))
	s.fill()
}

func (s *session) fill() {
	list := new(connectionList)
	if s.args["model"] == "list" && json.Unmarshal([]byte(s.result.Body), list) == nil && list.TotalCount != nil {
		s.result.Total = *list.TotalCount
		for _, c := range list.Results {
			s.result.Names = append(s.result.Names, c.Name)
		}
	}
}

// Follows next links as they stand, never making one of its own.
func (s *session) opPages() {
	path := s.args["path"] + "?" + url.Values{"requesterAccountId": {s.args["requester"]},
		"itemsPerPage": {s.args["size"]}}.Encode()
	for page := 1; path != "" && page <= s.args.Int("most", 2000); page++ {
		if err := s.send(http.MethodGet, path, s.args["version"], nil, nil); err != nil {
			s.finish(err)
			return
		}
		s.tap.Last(s.result)
		list := new(connectionList)
		if s.result.Strict = probe.Exactly(s.result.Body, list); s.result.Strict != "" || s.result.Status != 200 {
			return
		}
		s.result.Total = *list.TotalCount
		s.result.Pages = append(s.result.Pages, len(list.Results))
		for _, c := range list.Results {
			s.result.Names = append(s.result.Names, c.Name)
		}
		path = ""
		for _, l := range list.Links {
			if l.Rel == "next" {
				path = strings.TrimPrefix(l.Href, s.args["public"])
			}
		}
	}
}

// A token as core takes it: kept, and its end read from the token itself without verifying it.
func (s *session) opToken() {
	token, err := oauthConfig().Token(s.ctx)
	if err != nil {
		s.finish(err)
		return
	}
	parts := strings.Split(token.AccessToken, ".")
	claims := map[string]any{}
	if len(parts) == 3 {
		if raw, err := base64.RawURLEncoding.DecodeString(parts[1]); err == nil {
			_ = json.Unmarshal(raw, &claims)
		}
	}
	exp, _ := claims["exp"].(float64)
	s.result.Extra = map[string]any{"parts": len(parts), "exp": int64(exp), "expiry": token.Expiry.Unix(),
		"type": token.TokenType, "refresh": token.RefreshToken != ""}
	if s.args["show"] == "true" {
		s.result.Extra["token"] = token.AccessToken
	}
}

func (s *session) opFlood() {
	const workers = 8
	var (
		group sync.WaitGroup
		mu    sync.Mutex
		asked int
	)
	query := url.Values{"requesterAccountId": {s.args["requester"]}}
	limited := false
	next := func() bool {
		mu.Lock()
		defer mu.Unlock()
		asked++
		return !limited && asked <= s.args.Int("most", 5000)
	}
	for range workers {
		group.Add(1)
		go func() {
			defer group.Done()
			for next() {
				// A tap of its own around the one transport, which holds the one token.
				tap := &probe.Tap{Base: s.tap.Base}
				one := &session{ctx: s.ctx, args: s.args, http: &http.Client{Transport: tap}, tap: tap,
					result: &probe.Result{}}
				if err := one.send(http.MethodGet, s.args["path"], s.args["version"], query, nil); err != nil {
					probe.Fail(err)
				}
				one.tap.Last(one.result)
				if one.result.Status == http.StatusTooManyRequests {
					mu.Lock()
					limited = true
					mu.Unlock()
				}
			}
		}()
	}
	group.Wait()
	s.finish(s.send(http.MethodGet, s.args["path"], s.args["version"], query, nil))
	s.result.Extra = map[string]any{"limited": limited, "asked": asked}
}

func main() {
	op, args := probe.ReadArgs()
	ctx := context.Background()
	client, tap, err := newClient(ctx)
	if err != nil {
		probe.Fail(err)
	}
	s := &session{ctx: ctx, args: args, http: client, tap: tap, result: &probe.Result{Op: op}}
	ops := map[string]func(){"api": s.opAPI, "pages": s.opPages, "token": s.opToken, "flood": s.opFlood}
	run, found := ops[op]
	if !found {
		probe.Fail(fmt.Errorf("there is no %s", op))
	}
	run()
	s.result.Print()
}
