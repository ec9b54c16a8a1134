// SPDX-License-Identifier: Apache-2.0
// spec/routes.def as a table with its handlers. Called by: pipeline, openapi.c. Must never: hold anything but facts.
#include "api/api.h"

// Handlers by route id: a route without one does not compile.
#define HANDLER_SYSTEM_STATUS               api_system_status
#define HANDLER_GROUPS_LIST                 api_groups_list
#define HANDLER_GROUP_GET                   api_group_get
#define HANDLER_GROUP_CREATE                api_group_create
#define HANDLER_GROUP_BY_NAME               api_group_by_name
#define HANDLER_GROUP_UPDATE                api_group_update
#define HANDLER_GROUP_DELETE                api_group_delete
#define HANDLER_GROUP_SETTINGS              api_group_settings_get
#define HANDLER_GROUP_SETTINGS_UPDATE       api_group_settings_update
#define HANDLER_ORGS_LIST                   api_orgs_list
#define HANDLER_ORG_CREATE                  api_org_create
#define HANDLER_ORG_GET                     api_org_get
#define HANDLER_ORG_UPDATE                  api_org_update
#define HANDLER_ORG_DELETE                  api_org_delete
#define HANDLER_ORG_GROUPS                  api_org_groups
#define HANDLER_ORG_SETTINGS                api_org_settings_get
#define HANDLER_ORG_SETTINGS_UPDATE         api_org_settings_update
#define HANDLER_PEERINGS_LIST               api_peerings_list
#define HANDLER_PEERINGS_ACTIVE             api_peerings_active
#define HANDLER_ACCOUNT_DETAILS             api_account_details
#define HANDLER_PEERING_ACCEPT              api_peering_accept
#define HANDLER_PEERING_REJECT              api_peering_reject
#define HANDLER_PEERING_DELETE              api_peering_delete
#define HANDLER_GROUP_EVENTS                api_group_events
#define HANDLER_GROUP_EVENT                 api_group_event
#define HANDLER_ORG_EVENTS                  api_org_events
#define HANDLER_ORG_EVENT                   api_org_event
#define HANDLER_EVENT_TYPES                 api_event_types
#define HANDLER_GROUP_TEAMS                 api_group_teams
#define HANDLER_GROUP_LIMITS                api_group_limits
#define HANDLER_GROUP_ADDRESSES             api_group_addresses
#define HANDLER_GROUP_SLOW_MS               api_group_slow_ms
#define HANDLER_GROUP_SLOW_MS_OFF           api_group_slow_ms_off
#define HANDLER_CONTAINERS                  api_containers
#define HANDLER_CONTAINERS_ALL              api_containers_all
#define HANDLER_CONTAINER                   api_container
#define HANDLER_RATE_LIMITS                 api_rate_limits
#define HANDLER_RATE_LIMIT                  api_rate_limit
#define HANDLER_CONTROL_PLANE               api_control_plane
#define HANDLER_OAUTH_TOKEN                 api_oauth_token
#define HANDLER_OAUTH_REVOKE                api_oauth_revoke
#define HANDLER_LIMITS                      api_limits
#define HANDLER_LIMIT_GET                   api_limit_get
#define HANDLER_LIMIT_SET                   api_limit_set
#define HANDLER_LIMIT_LIFT                  api_limit_lift
#define HANDLER_SIGNING_KEYS                api_signing_keys
#define HANDLER_SIGNING_KEY_ROTATE          api_signing_key_rotate
#define HANDLER_INBOX                       api_inbox
#define HANDLER_ORG_KEYS_LIST               api_keys_list
#define HANDLER_ORG_KEY_CREATE              api_key_create
#define HANDLER_ORG_KEY_GET                 api_key_get
#define HANDLER_ORG_KEY_UPDATE              api_key_update
#define HANDLER_ORG_KEY_DELETE              api_key_remove
#define HANDLER_KEY_ACCESS_LIST             api_access_list
#define HANDLER_KEY_ACCESS_ADD              api_access_add
#define HANDLER_KEY_ACCESS_GET              api_access_get
#define HANDLER_KEY_ACCESS_REMOVE           api_access_remove
#define HANDLER_GROUP_KEYS_LIST             api_keys_list
#define HANDLER_GROUP_KEY_CREATE            api_key_create
#define HANDLER_GROUP_KEY_ADD               api_key_assign
#define HANDLER_GROUP_KEY_UPDATE            api_key_update
#define HANDLER_GROUP_KEY_REMOVE            api_key_remove
#define HANDLER_ORG_ACCOUNTS_LIST           api_accounts_list
#define HANDLER_ORG_ACCOUNT_CREATE          api_account_create
#define HANDLER_ORG_ACCOUNT_GET             api_account_get
#define HANDLER_ORG_ACCOUNT_UPDATE          api_account_update
#define HANDLER_ORG_ACCOUNT_REMOVE          api_account_remove
#define HANDLER_ORG_SECRET_CREATE           api_secret_create
#define HANDLER_ORG_SECRET_DELETE           api_secret_delete
#define HANDLER_ORG_ACCOUNT_ACCESS_LIST     api_access_list
#define HANDLER_ORG_ACCOUNT_ACCESS_ADD      api_access_add
#define HANDLER_ORG_ACCOUNT_ACCESS_REMOVE   api_access_remove
#define HANDLER_ORG_ACCOUNT_GROUPS          api_account_groups
#define HANDLER_GROUP_ACCOUNTS_LIST         api_accounts_list
#define HANDLER_GROUP_ACCOUNT_CREATE        api_account_create
#define HANDLER_GROUP_ACCOUNT_GET           api_account_get
#define HANDLER_GROUP_ACCOUNT_UPDATE        api_account_update
#define HANDLER_GROUP_ACCOUNT_REMOVE        api_account_remove
#define HANDLER_GROUP_SECRET_CREATE         api_secret_create
#define HANDLER_GROUP_SECRET_DELETE         api_secret_delete
#define HANDLER_GROUP_ACCOUNT_ACCESS_LIST   api_access_list
#define HANDLER_GROUP_ACCOUNT_ACCESS_ADD    api_access_add
#define HANDLER_GROUP_ACCOUNT_ACCESS_REMOVE api_access_remove
#define HANDLER_GROUP_ACCOUNT_INVITE        api_account_invite
#define HANDLER_POLICY                      api_policy_get
#define HANDLER_POLICY_SET                  api_policy_set
#define HANDLER_POLICY_EDIT                 api_policy_edit
#define HANDLER_POLICY_TEST                 api_policy_test
#define HANDLER_POLICY_DRY_RUN              api_policy_dry_run
#define HANDLER_POLICY_DRY_RUN_RULES        api_policy_dry_run_rules
#define HANDLER_EXPECTED_LIST               api_expected_list
#define HANDLER_EXPECTED_CREATE             api_expected_create
#define HANDLER_EXPECTED_GET                api_expected_get
#define HANDLER_WEBHOOKS_LIST               api_webhooks_list
#define HANDLER_WEBHOOK_CREATE              api_webhook_create
#define HANDLER_WEBHOOK_GET                 api_webhook_get
#define HANDLER_WEBHOOK_UPDATE              api_webhook_update
#define HANDLER_WEBHOOK_DELETE              api_webhook_delete
#define HANDLER_WEBHOOK_ROTATE              api_webhook_rotate
#define HANDLER_WEBHOOK_TEST                api_webhook_test
#define HANDLER_WEBHOOK_REPLAY              api_webhook_replay
#define HANDLER_WEBHOOK_DELIVERIES          api_webhook_deliveries
#define HANDLER_EXPECTED_DELETE             api_expected_delete
#define HANDLER_FREEZES                     api_freezes
#define HANDLER_FREEZE_ALL_GET              api_freeze_get
#define HANDLER_FREEZE_ALL_SET              api_freeze_put
#define HANDLER_FREEZE_ALL_LIFT             api_freeze_delete
#define HANDLER_GROUP_FREEZE_GET            api_freeze_get
#define HANDLER_GROUP_FREEZE_SET            api_freeze_put
#define HANDLER_GROUP_FREEZE_LIFT           api_freeze_delete
#define HANDLER_NETWORK_FREEZE_GET          api_freeze_get
#define HANDLER_NETWORK_FREEZE_SET          api_freeze_put
#define HANDLER_NETWORK_FREEZE_LIFT         api_freeze_delete
#define HANDLER_INTENTS_LIST                api_intents_list
#define HANDLER_INTENT_CANCEL               api_intent_cancel
#define HANDLER_INTENTS_RELEASE             api_intents_release
#define HANDLER_CONNECTION_HISTORY          api_connection_history
#define HANDLER_CONNECTION_UPDATE           api_connection_update
#define HANDLER_CONNECTION_APPROVE          api_connection_approve
#define HANDLER_NETWORKS_LIST               api_networks_list
#define HANDLER_NETWORK_GET                 api_network_get
#define HANDLER_NETWORK_ROUTES              api_network_routes
#define HANDLER_NETWORK_CREATE              api_network_create
#define HANDLER_NETWORK_UPDATE              api_network_update
#define HANDLER_NETWORK_DELETE              api_network_delete
#define HANDLER_NETWORK_CHECK               api_network_check

// The oldest version of "YYYY-MM-DD,…" as yyyymmdd, at compile time; 0 for "".
#define DIGIT(s, i) ((uint32_t)((s)[i] - '0'))
#define OLDEST(s)                                                                                                      \
    (sizeof(s) < sizeof("YYYY-MM-DD") ? 0                                                                              \
                                      : DIGIT(s "0000000000", 0) * 10000000 + DIGIT(s "0000000000", 1) * 1000000 +     \
                                            DIGIT(s "0000000000", 2) * 100000 + DIGIT(s "0000000000", 3) * 10000 +     \
                                            DIGIT(s "0000000000", 5) * 1000 + DIGIT(s "0000000000", 6) * 100 +         \
                                            DIGIT(s "0000000000", 8) * 10 + DIGIT(s "0000000000", 9))

static const struct route_row rows[ROUTE_COUNT_] = {
#define ROUTE(id, method, template, operation, versions, need, limit, flags, source, summary)                          \
    [ROUTE_##id] = {METHOD_##method, template, operation,    versions,        need, LIMIT_##limit, flags,              \
                    SOURCE_##source, summary,  HANDLER_##id, OLDEST(versions)},
#include "spec/routes.def"
#undef ROUTE
};

const struct route_row *route_row(enum route r)
{
    ASSERT((size_t)r < ARRAY_LEN(rows));
    return &rows[r];
}
