// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"net/http"
	"strings"

	"go.mongodb.org/atlas-sdk/v20250312023/admin"

	"peerage.test/clients/probe"
)

// The operations on organisations, projects and credentials by their operationIds. Arguments are the path's parameters
// and `body`, JSON that the SDK's own model must take whole.

type answering[T any] interface {
	Execute() (T, *http.Response, error)
}

type silent interface {
	Execute() (*http.Response, error)
}

func ask[T any](call answering[*T]) (any, error) {
	_, _, err := call.Execute()
	return new(T), err
}

func tell(call silent) (any, error) {
	_, err := call.Execute()
	return new(map[string]any), err
}

// body decodes the argument into the SDK's model; a field that the model lacks is the test's mistake.
func body[T any](s *session) *T {
	value := new(T)
	dec := json.NewDecoder(strings.NewReader(s.args["body"]))
	dec.DisallowUnknownFields()
	if err := dec.Decode(value); err != nil {
		probe.Fail(err)
	}
	return value
}

type operation func(s *session, c *admin.APIClient) (any, error)

var orgOperations = map[string]operation{
	"listOrgs": func(s *session, c *admin.APIClient) (any, error) {
		return ask(c.OrganizationsAPI.ListOrgs(s.ctx))
	},
	"createOrg": func(s *session, c *admin.APIClient) (any, error) {
		return ask(c.OrganizationsAPI.CreateOrg(s.ctx, body[admin.CreateOrganizationRequest](s)))
	},
	"getOrg": func(s *session, c *admin.APIClient) (any, error) {
		return ask(c.OrganizationsAPI.GetOrg(s.ctx, s.args["org"]))
	},
	"updateOrg": func(s *session, c *admin.APIClient) (any, error) {
		return ask(c.OrganizationsAPI.UpdateOrg(s.ctx, s.args["org"], body[admin.AtlasOrganization](s)))
	},
	"deleteOrg": func(s *session, c *admin.APIClient) (any, error) {
		return tell(c.OrganizationsAPI.DeleteOrg(s.ctx, s.args["org"]))
	},
	"getOrgGroups": func(s *session, c *admin.APIClient) (any, error) {
		return ask(c.OrganizationsAPI.GetOrgGroups(s.ctx, s.args["org"]))
	},
	"getOrgSettings": func(s *session, c *admin.APIClient) (any, error) {
		return ask(c.OrganizationsAPI.GetOrgSettings(s.ctx, s.args["org"]))
	},
	"updateOrgSettings": func(s *session, c *admin.APIClient) (any, error) {
		return ask(c.OrganizationsAPI.UpdateOrgSettings(s.ctx, s.args["org"], body[admin.OrganizationSettings](s)))
	},
	"listOrgEvents": func(s *session, c *admin.APIClient) (any, error) {
		return ask(c.EventsAPI.ListOrgEvents(s.ctx, s.args["org"]).ItemsPerPage(500))
	},
}

var groupOperations = map[string]operation{
	"createGroup": func(s *session, c *admin.APIClient) (any, error) {
		return ask(c.ProjectsAPI.CreateGroup(s.ctx, body[admin.Group](s)))
	},
	"getGroup": func(s *session, c *admin.APIClient) (any, error) {
		return ask(c.ProjectsAPI.GetGroup(s.ctx, s.args["group"]))
	},
	"getGroupByName": func(s *session, c *admin.APIClient) (any, error) {
		return ask(c.ProjectsAPI.GetGroupByName(s.ctx, s.args["name"]))
	},
	"updateGroup": func(s *session, c *admin.APIClient) (any, error) {
		return ask(c.ProjectsAPI.UpdateGroup(s.ctx, s.args["group"], body[admin.GroupUpdate](s)))
	},
	"deleteGroup": func(s *session, c *admin.APIClient) (any, error) {
		return tell(c.ProjectsAPI.DeleteGroup(s.ctx, s.args["group"]))
	},
	"getGroupSettings": func(s *session, c *admin.APIClient) (any, error) {
		return ask(c.ProjectsAPI.GetGroupSettings(s.ctx, s.args["group"]))
	},
	"updateGroupSettings": func(s *session, c *admin.APIClient) (any, error) {
		return ask(c.ProjectsAPI.UpdateGroupSettings(s.ctx, s.args["group"], body[admin.GroupSettings](s)))
	},
	"listGroupEvents": func(s *session, c *admin.APIClient) (any, error) {
		return ask(c.EventsAPI.ListGroupEvents(s.ctx, s.args["group"]).ItemsPerPage(500))
	},
	"listGroupContainerAll": func(s *session, c *admin.APIClient) (any, error) {
		return ask(c.NetworkPeeringAPI.ListGroupContainerAll(s.ctx, s.args["group"]))
	},
	"getGroupContainer": func(s *session, c *admin.APIClient) (any, error) {
		return ask(c.NetworkPeeringAPI.GetGroupContainer(s.ctx, s.args["group"], s.args["container"]))
	},
	"listGroupTeams": func(s *session, c *admin.APIClient) (any, error) {
		return ask(c.TeamsAPI.ListGroupTeams(s.ctx, s.args["group"]))
	},
	"getGroupIpAddresses": func(s *session, c *admin.APIClient) (any, error) {
		return ask(c.ProjectsAPI.GetGroupIpAddresses(s.ctx, s.args["group"]))
	},
	"listGroupStreamVpcPeeringConnections": func(s *session, c *admin.APIClient) (any, error) {
		return ask(c.StreamsAPI.ListVpcPeeringConnections(s.ctx, s.args["group"]).
			RequesterAccountId(s.args["requester"]))
	},
	"acceptGroupStreamVpcPeeringConnection": func(s *session, c *admin.APIClient) (any, error) {
		return tell(c.StreamsAPI.AcceptVpcPeeringConnection(s.ctx, s.args["group"], s.args["id"],
			body[admin.VPCPeeringActionChallenge](s)))
	},
	"rejectGroupStreamVpcPeeringConnection": func(s *session, c *admin.APIClient) (any, error) {
		return tell(c.StreamsAPI.RejectVpcPeeringConnection(s.ctx, s.args["group"], s.args["id"]))
	},
}

var keyOperations = map[string]operation{
	"listOrgApiKeys": func(s *session, c *admin.APIClient) (any, error) {
		return ask(c.ProgrammaticAPIKeysAPI.ListOrgApiKeys(s.ctx, s.args["org"]))
	},
	"createOrgApiKey": func(s *session, c *admin.APIClient) (any, error) {
		return ask(c.ProgrammaticAPIKeysAPI.CreateOrgApiKey(s.ctx, s.args["org"],
			body[admin.CreateAtlasOrganizationApiKey](s)))
	},
	"getOrgApiKey": func(s *session, c *admin.APIClient) (any, error) {
		return ask(c.ProgrammaticAPIKeysAPI.GetOrgApiKey(s.ctx, s.args["org"], s.args["key"]))
	},
	"updateOrgApiKey": func(s *session, c *admin.APIClient) (any, error) {
		return ask(c.ProgrammaticAPIKeysAPI.UpdateOrgApiKey(s.ctx, s.args["org"], s.args["key"],
			body[admin.UpdateAtlasOrganizationApiKey](s)))
	},
	"deleteOrgApiKey": func(s *session, c *admin.APIClient) (any, error) {
		return tell(c.ProgrammaticAPIKeysAPI.DeleteOrgApiKey(s.ctx, s.args["org"], s.args["key"]))
	},
	"listOrgApiKeyAccessListEntries": func(s *session, c *admin.APIClient) (any, error) {
		return ask(c.ProgrammaticAPIKeysAPI.ListOrgAccessEntries(s.ctx, s.args["org"], s.args["key"]))
	},
	"createOrgApiKeyAccessListEntry": func(s *session, c *admin.APIClient) (any, error) {
		return ask(c.ProgrammaticAPIKeysAPI.CreateOrgAccessEntry(s.ctx, s.args["org"], s.args["key"],
			body[[]admin.UserAccessListRequest](s)))
	},
	"getOrgApiKeyAccessListEntry": func(s *session, c *admin.APIClient) (any, error) {
		return ask(c.ProgrammaticAPIKeysAPI.GetOrgAccessEntry(s.ctx, s.args["org"], s.args["address"], s.args["key"]))
	},
	"deleteOrgApiKeyAccessListEntry": func(s *session, c *admin.APIClient) (any, error) {
		return tell(c.ProgrammaticAPIKeysAPI.DeleteAccessEntry(s.ctx, s.args["org"], s.args["key"], s.args["address"]))
	},
	"listGroupApiKeys": func(s *session, c *admin.APIClient) (any, error) {
		return ask(c.ProgrammaticAPIKeysAPI.ListGroupApiKeys(s.ctx, s.args["group"]))
	},
	"createGroupApiKey": func(s *session, c *admin.APIClient) (any, error) {
		return ask(c.ProgrammaticAPIKeysAPI.CreateGroupApiKey(s.ctx, s.args["group"],
			body[admin.CreateAtlasProjectApiKey](s)))
	},
	"addGroupApiKey": func(s *session, c *admin.APIClient) (any, error) {
		_, err := c.ProgrammaticAPIKeysAPI.AddGroupApiKey(s.ctx, s.args["group"], s.args["key"],
			body[[]admin.UserAccessRoleAssignment](s)).Execute()
		return new(map[string]any), err
	},
	"updateGroupApiKeyRoles": func(s *session, c *admin.APIClient) (any, error) {
		return ask(c.ProgrammaticAPIKeysAPI.UpdateApiKeyRoles(s.ctx, s.args["group"], s.args["key"],
			body[admin.UpdateAtlasProjectApiKey](s)))
	},
	"removeGroupApiKey": func(s *session, c *admin.APIClient) (any, error) {
		return tell(c.ProgrammaticAPIKeysAPI.RemoveGroupApiKey(s.ctx, s.args["group"], s.args["key"]))
	},
}

var accountOperations = map[string]operation{
	"listOrgServiceAccounts": func(s *session, c *admin.APIClient) (any, error) {
		return ask(c.ServiceAccountsAPI.ListOrgServiceAccounts(s.ctx, s.args["org"]))
	},
	"createOrgServiceAccount": func(s *session, c *admin.APIClient) (any, error) {
		return ask(c.ServiceAccountsAPI.CreateOrgServiceAccount(s.ctx, s.args["org"],
			body[admin.OrgServiceAccountRequest](s)))
	},
	"getOrgServiceAccount": func(s *session, c *admin.APIClient) (any, error) {
		return ask(c.ServiceAccountsAPI.GetOrgServiceAccount(s.ctx, s.args["org"], s.args["client"]))
	},
	"updateOrgServiceAccount": func(s *session, c *admin.APIClient) (any, error) {
		return ask(c.ServiceAccountsAPI.UpdateOrgServiceAccount(s.ctx, s.args["client"], s.args["org"],
			body[admin.OrgServiceAccountUpdateRequest](s)))
	},
	"deleteOrgServiceAccount": func(s *session, c *admin.APIClient) (any, error) {
		return tell(c.ServiceAccountsAPI.DeleteOrgServiceAccount(s.ctx, s.args["client"], s.args["org"]))
	},
	"createOrgServiceAccountSecret": func(s *session, c *admin.APIClient) (any, error) {
		return ask(c.ServiceAccountsAPI.CreateOrgSecret(s.ctx, s.args["org"], s.args["client"],
			body[admin.ServiceAccountSecretRequest](s)))
	},
	"deleteOrgServiceAccountSecret": func(s *session, c *admin.APIClient) (any, error) {
		return tell(c.ServiceAccountsAPI.DeleteOrgSecret(s.ctx, s.args["client"], s.args["secret"], s.args["org"]))
	},
	"getOrgServiceAccountGroups": func(s *session, c *admin.APIClient) (any, error) {
		return ask(c.ServiceAccountsAPI.GetServiceAccountGroups(s.ctx, s.args["org"], s.args["client"]))
	},
	"createOrgServiceAccountAccessList": func(s *session, c *admin.APIClient) (any, error) {
		return ask(c.ServiceAccountsAPI.CreateOrgAccessList(s.ctx, s.args["org"], s.args["client"],
			body[[]admin.ServiceAccountIPAccessListEntry](s)))
	},
	"listOrgServiceAccountAccessList": func(s *session, c *admin.APIClient) (any, error) {
		return ask(c.ServiceAccountsAPI.ListOrgAccessList(s.ctx, s.args["org"], s.args["client"]))
	},
	"deleteOrgServiceAccountAccessListEntry": func(s *session, c *admin.APIClient) (any, error) {
		return tell(c.ServiceAccountsAPI.DeleteOrgAccessEntry(s.ctx, s.args["org"], s.args["client"], s.args["address"]))
	},
	"inviteGroupServiceAccount": func(s *session, c *admin.APIClient) (any, error) {
		return ask(c.ServiceAccountsAPI.InviteGroupServiceAccount(s.ctx, s.args["client"], s.args["group"],
			body[admin.GroupServiceAccountRoleAssignment](s)))
	},
	"getGroupServiceAccount": func(s *session, c *admin.APIClient) (any, error) {
		return ask(c.ServiceAccountsAPI.GetGroupServiceAccount(s.ctx, s.args["group"], s.args["client"]))
	},
	"deleteGroupServiceAccount": func(s *session, c *admin.APIClient) (any, error) {
		return tell(c.ServiceAccountsAPI.DeleteGroupServiceAccount(s.ctx, s.args["client"], s.args["group"]))
	},
}

// tenant gives what runs an operation of the four tables, or nil.
func (s *session) tenant(id string) func() {
	for _, table := range []map[string]operation{orgOperations, groupOperations, keyOperations, accountOperations} {
		if run, found := table[id]; found {
			return func() {
				model, err := run(s, s.client)
				s.finish(model, err)
			}
		}
	}
	return nil
}
