// SPDX-License-Identifier: Apache-2.0

// Command sdk asks a server through the Atlas Go SDK, as its users do, and tells what the SDK made of the answer.
// tests/system runs it; package probe says how it is called. It must not know how Peerage works.
package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"sync"

	"go.mongodb.org/atlas-sdk/v20250312023/admin"
	"go.mongodb.org/atlas-sdk/v20250312023/auth"
	"go.mongodb.org/atlas-sdk/v20250312023/auth/clientcredentials"

	"peerage.test/clients/probe"
)

type session struct {
	ctx    context.Context
	args   probe.Args
	client *admin.APIClient
	tap    *probe.Tap
	result *probe.Result
}

func setting(name string) string { return os.Getenv("CLIENT_" + name) }

func newClient(ctx context.Context) (*admin.APIClient, *probe.Tap, error) {
	options := []admin.ClientModifier{admin.UseBaseURL(setting("URL"))}
	switch setting("AUTH") {
	case "digest":
		options = append(options, admin.UseDigestAuth(setting("USER"), setting("SECRET")))
	case "oauth":
		options = append(options, admin.UseOAuthAuth(ctx, setting("USER"), setting("SECRET")))
	case "none":
		options = append(options, admin.UseHTTPClient(&http.Client{}))
	default:
		return nil, nil, fmt.Errorf("CLIENT_AUTH=%q", setting("AUTH"))
	}
	client, err := admin.NewClient(options...)
	if err != nil {
		return nil, nil, err
	}
	// The SDK's own transport stays as it is; the tap only looks at what came out of it.
	own := client.GetConfig().HTTPClient
	tap := &probe.Tap{Base: own.Transport}
	client.GetConfig().HTTPClient = &http.Client{Transport: tap}
	return client, tap, nil
}

// finish tells the last exchange, and decodes it exactly into the model (an error: into the SDK's error).
func (s *session) finish(model any, err error) {
	s.tap.Last(s.result)
	if err != nil {
		s.result.Error = err.Error()
		if e, ok := admin.AsError(err); ok {
			s.result.ErrorCode = e.GetErrorCode()
			if !admin.IsErrorCode(err, e.GetErrorCode()) || admin.IsErrorCode(err, "ANOTHER") {
				s.result.ErrorCode = "IsErrorCode disagrees"
			}
		}
		model = new(admin.ApiError)
	}
	if s.result.Body != "" {
		s.result.Strict = probe.Exactly(s.result.Body, model)
	}
}

func names(list []admin.VPCPeeringConnection) []string {
	out := make([]string, 0, len(list))
	for i := range list {
		out = append(out, list[i].GetName())
	}
	return out
}

func (s *session) list(page int) (*admin.PaginatedApiStreamsVPCPeeringConnection, error) {
	call := s.client.StreamsAPI.ListVpcPeeringConnections(s.ctx, s.args["group"]).
		RequesterAccountId(s.args["requester"])
	if size, found := s.args["size"]; found && size != "" {
		call = call.ItemsPerPage(s.args.Int("size", 0))
	}
	if page > 0 {
		call = call.PageNum(page)
	}
	got, _, err := call.Execute()
	return got, err
}

func (s *session) opList() {
	got, err := s.list(s.args.Int("page", 0))
	s.result.Total, s.result.Names = got.GetTotalCount(), names(got.GetResults())
	if err == nil && len(got.GetResults()) > 0 {
		first := got.GetResults()[0]
		s.result.Extra = map[string]any{"cloudStatus": first.GetCloudStatus(), "localStatus": first.GetLocalStatus(),
			"expires": first.GetExpirationTime().Unix(), "cidr": first.GetRequesterCidr(), "id": first.GetId()}
	}
	s.finish(new(admin.PaginatedApiStreamsVPCPeeringConnection), err)
}

// Page after page until one says that there is no next one.
func (s *session) opPages() {
	for page := 1; page <= s.args.Int("most", 2000); page++ {
		got, err := s.list(page)
		if err != nil {
			s.finish(nil, err)
			return
		}
		s.result.Total = got.GetTotalCount()
		s.result.Pages = append(s.result.Pages, len(got.GetResults()))
		s.result.Names = append(s.result.Names, names(got.GetResults())...)
		next := ""
		for _, link := range got.GetLinks() {
			if link.GetRel() == "next" {
				next = link.GetHref()
			}
		}
		if next == "" {
			break
		}
		if want := fmt.Sprintf("pageNum=%d", page+1); !strings.HasSuffix(next, want) {
			probe.Fail(fmt.Errorf("page %d: next is %s", page, next))
		}
	}
	s.finish(new(admin.PaginatedApiStreamsVPCPeeringConnection), nil)
}

func (s *session) opActive() {
	got, _, err := s.client.StreamsAPI.ListActivePeeringConnections(s.ctx, s.args["group"]).Execute()
	s.result.Total, s.result.Names = got.GetTotalCount(), names(got.GetResults())
	s.finish(new(admin.PaginatedApiStreamsVPCPeeringConnection), err)
}

func (s *session) opDetails() {
	got, _, err := s.client.StreamsAPI.GetAccountDetails(s.ctx, s.args["group"]).CloudProvider(s.args["provider"]).
		RegionName(s.args["region"]).Execute()
	if err == nil {
		s.result.Extra = map[string]any{"account": got.GetAwsAccountId(), "vpc": got.GetVpcId(),
			"cidr": got.GetCidrBlock(), "provider": got.GetCloudProvider()}
	}
	s.finish(new(admin.AccountDetails), err)
}

func (s *session) opGroups() {
	got, _, err := s.client.ProjectsAPI.ListGroups(s.ctx).Execute()
	s.result.Total = got.GetTotalCount()
	for _, g := range got.GetResults() {
		s.result.Names = append(s.result.Names, g.GetId())
	}
	s.finish(new(admin.PaginatedAtlasGroup), err)
}

func (s *session) opGroup() {
	got, _, err := s.client.ProjectsAPI.GetGroup(s.ctx, s.args["group"]).Execute()
	if err == nil {
		s.result.Extra = map[string]any{"id": got.GetId(), "org": got.GetOrgId(), "name": got.GetName()}
	}
	s.finish(new(admin.Group), err)
}

func (s *session) opStatus() {
	got, _, err := s.client.RootAPI.GetSystemStatus(s.ctx).Execute()
	if err == nil {
		s.result.Extra = map[string]any{"app": got.GetAppName(), "key": got.ApiKey.GetPublicKey(),
			"roles": len(got.ApiKey.GetRoles())}
	}
	s.finish(new(admin.SystemStatus), err)
}

func (s *session) opReject() {
	_, err := s.client.StreamsAPI.RejectVpcPeeringConnection(s.ctx, s.args["group"], s.args["name"]).Execute()
	s.finish(new(map[string]any), err)
}

func (s *session) opAccept() {
	account, vpc := s.args["requester"], s.args["vpc"]
	challenge := &admin.VPCPeeringActionChallenge{RequesterAccountId: &account, RequesterVpcId: &vpc}
	_, err := s.client.StreamsAPI.AcceptVpcPeeringConnection(s.ctx, s.args["group"], s.args["name"], challenge).
		Execute()
	s.finish(new(map[string]any), err)
}

func (s *session) opDelete() {
	_, err := s.client.StreamsAPI.DeleteVpcPeeringConnection(s.ctx, s.args["group"], s.args["name"]).Execute()
	s.finish(new(map[string]any), err)
}

// The newest events first; the names are their types. With `name` only those about one connection.
func (s *session) opEvents() {
	got, _, err := s.client.EventsAPI.ListGroupEvents(s.ctx, s.args["group"]).
		ItemsPerPage(s.args.Int("size", 100)).Execute()
	s.result.Total = got.GetTotalCount()
	actors := []string{}
	if err == nil {
		for _, event := range got.GetResults() {
			about := event.GetResourceId()
			if wanted := s.args["name"]; wanted != "" && about != wanted {
				continue
			}
			s.result.Names = append(s.result.Names, event.GetEventTypeName())
			actors = append(actors, event.GetUsername())
		}
		s.result.Extra = map[string]any{"actors": actors}
	}
	s.finish(new(admin.GroupPaginatedEvent), err)
}

// Until the bucket is empty: many at once, so that a refill cannot hide it. At most `most` requests.
func (s *session) opFlood() {
	const workers = 8
	var (
		group sync.WaitGroup
		mu    sync.Mutex
		asked int
		limit error
	)
	next := func() bool {
		mu.Lock()
		defer mu.Unlock()
		asked++
		return limit == nil && asked <= s.args.Int("most", 5000)
	}
	for range workers {
		group.Add(1)
		go func() {
			defer group.Done()
			for next() {
				if _, err := s.list(0); err != nil {
					mu.Lock()
					limit = errors.Join(limit, err)
					mu.Unlock()
				}
			}
		}()
	}
	group.Wait()
	got, err := s.list(0) // alone, so that the tap shows its answer
	_ = got
	s.finish(new(admin.PaginatedApiStreamsVPCPeeringConnection), err)
	s.result.Extra = map[string]any{"limited": limit != nil, "asked": asked}
}

// Mint, use, revoke through the SDK, use again.
func (s *session) opRevoke() {
	config := clientcredentials.NewConfig(setting("USER"), setting("SECRET"))
	config.TokenURL = setting("URL") + clientcredentials.TokenAPIPath
	config.RevokeURL = setting("URL") + clientcredentials.RevokeAPIPath
	token, err := config.Token(s.ctx)
	if err != nil {
		probe.Fail(err)
	}
	use := func() int {
		req, err := http.NewRequestWithContext(s.ctx, http.MethodGet, setting("URL")+"/api/atlas/v2/groups", nil)
		if err != nil {
			probe.Fail(err)
		}
		req.Header.Set("Accept", "application/vnd.atlas.2023-01-01+json")
		req.Header.Set("Authorization", token.TokenType+" "+token.AccessToken)
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			probe.Fail(err)
		}
		resp.Body.Close()
		return resp.StatusCode
	}
	before := use()
	problem := ""
	if err := config.RevokeToken(s.ctx, &auth.Token{AccessToken: token.AccessToken, Expiry: token.Expiry,
		TokenType: token.TokenType}); err != nil {
		problem = err.Error()
	}
	s.result.Extra = map[string]any{"before": before, "after": use(), "revoke": problem,
		"type": token.TokenType, "seconds": token.ExpiresIn}
}

func main() {
	op, args := probe.ReadArgs()
	ctx := context.Background()
	client, tap, err := newClient(ctx)
	if err != nil {
		probe.Fail(err)
	}
	s := &session{ctx: ctx, args: args, client: client, tap: tap, result: &probe.Result{Op: op}}
	ops := map[string]func(){"list": s.opList, "pages": s.opPages, "active": s.opActive, "details": s.opDetails,
		"groups": s.opGroups, "group": s.opGroup, "status": s.opStatus, "reject": s.opReject, "accept": s.opAccept,
		"delete": s.opDelete, "events": s.opEvents, "flood": s.opFlood, "revoke": s.opRevoke}
	run := ops[op]
	if run == nil {
		run = s.tenant(op)
	}
	if run == nil {
		probe.Fail(fmt.Errorf("there is no %s", op))
	}
	run()
	s.result.Print()
}
