// SPDX-License-Identifier: Apache-2.0

package main

import "time"

// The answers' shapes as the Atlas Admin API's document describes them, written by hand from its schemas. What a
// server must always send is no pointer.

type link struct {
	Href string `json:"href"`
	Rel  string `json:"rel"`
}

type connection struct {
	ID                 string     `json:"_id"`
	AccepterAccountID  string     `json:"accepterAccountId"`
	AccepterCidr       *string    `json:"accepterCidr,omitempty"`
	AccepterVpcID      string     `json:"accepterVpcId"`
	CloudStatus        string     `json:"cloudStatus"`
	ExpirationTime     *time.Time `json:"expirationTime,omitempty"`
	GroupID            string     `json:"groupId"`
	LocalStatus        string     `json:"localStatus"`
	Name               string     `json:"name"`
	RequesterAccountID *string    `json:"requesterAccountId,omitempty"`
	RequesterCidr      *string    `json:"requesterCidr,omitempty"`
	RequesterVpcID     *string    `json:"requesterVpcId,omitempty"`
	StatusMessage      *string    `json:"statusMessage,omitempty"`
}

type connectionList struct {
	Links      []link       `json:"links"`
	Results    []connection `json:"results"`
	TotalCount *int         `json:"totalCount,omitempty"`
}

type accountDetails struct {
	AwsAccountID  string  `json:"awsAccountId"`
	CidrBlock     *string `json:"cidrBlock,omitempty"`
	CloudProvider string  `json:"cloudProvider"`
	VpcID         string  `json:"vpcId"`
}

type group struct {
	ClusterCount              int64     `json:"clusterCount"`
	Created                   time.Time `json:"created"`
	ID                        string    `json:"id"`
	Links                     []link    `json:"links"`
	Name                      string    `json:"name"`
	OrgID                     string    `json:"orgId"`
	Tags                      []any     `json:"tags"`
	WithDefaultAlertsSettings *bool     `json:"withDefaultAlertsSettings,omitempty"`
}

type groupList struct {
	Links      []link  `json:"links"`
	Results    []group `json:"results"`
	TotalCount int     `json:"totalCount"`
}

type systemStatus struct {
	APIKey struct {
		AccessList []struct {
			CidrBlock string  `json:"cidrBlock"`
			IPAddress *string `json:"ipAddress,omitempty"`
		} `json:"accessList"`
		ID        string `json:"id"`
		PublicKey string `json:"publicKey"`
		Roles     []struct {
			GroupID  *string `json:"groupId,omitempty"`
			OrgID    *string `json:"orgId,omitempty"`
			RoleName string  `json:"roleName"`
		} `json:"roles"`
	} `json:"apiKey"`
	AppName    string `json:"appName"`
	Build      string `json:"build"`
	Links      []link `json:"links"`
	Throttling bool   `json:"throttling"`
}

type apiError struct {
	BadRequestDetail *struct {
		Fields []struct {
			Description string `json:"description"`
			Field       string `json:"field"`
		} `json:"fields"`
	} `json:"badRequestDetail,omitempty"`
	Detail     string `json:"detail"`
	Error      int    `json:"error"`
	ErrorCode  string `json:"errorCode"`
	Parameters *[]any `json:"parameters,omitempty"`
	Reason     string `json:"reason"`
}

func models() map[string]any {
	return map[string]any{"list": new(connectionList), "details": new(accountDetails), "group": new(group),
		"groups": new(groupList), "status": new(systemStatus), "error": new(apiError), "any": new(any)}
}
