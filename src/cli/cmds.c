// SPDX-License-Identifier: Apache-2.0
// The table of commands, in the order that help shows them. Called by: cli.c, help.c.
// Must never: hold anything but names of rows.
#include "cli/cmd.h"

#define COMMANDS(X)                                                                                                    \
    X(cmd_dev)                                                                                                         \
    X(cmd_dev_coverage)                                                                                                \
    X(cmd_serve)                                                                                                       \
    X(cmd_init)                                                                                                        \
    X(cmd_check_config)                                                                                                \
    X(cmd_doctor)                                                                                                      \
    X(cmd_migrate)                                                                                                     \
    X(cmd_backup)                                                                                                      \
    X(cmd_restore)                                                                                                     \
    X(cmd_network_add)                                                                                                 \
    X(cmd_network_list)                                                                                                \
    X(cmd_network_check)                                                                                               \
    X(cmd_network_remove)                                                                                              \
    X(cmd_network_protect)                                                                                             \
    X(cmd_network_unprotect)                                                                                           \
    X(cmd_network_set_tables)                                                                                          \
    X(cmd_network_options)                                                                                             \
    X(cmd_network_set_dns)                                                                                             \
    X(cmd_network_set_name_tag)                                                                                        \
    X(cmd_network_set_limits)                                                                                          \
    X(cmd_network_routes)                                                                                              \
    X(cmd_connection_list)                                                                                             \
    X(cmd_connection_get)                                                                                              \
    X(cmd_connection_watch)                                                                                            \
    X(cmd_connection_history)                                                                                          \
    X(cmd_connection_accept)                                                                                           \
    X(cmd_connection_reject)                                                                                           \
    X(cmd_connection_delete)                                                                                           \
    X(cmd_connection_protect)                                                                                          \
    X(cmd_connection_unprotect)                                                                                        \
    X(cmd_connection_approve)                                                                                          \
    X(cmd_freeze_on)                                                                                                   \
    X(cmd_freeze_off)                                                                                                  \
    X(cmd_freeze_status)                                                                                               \
    X(cmd_policy_show)                                                                                                 \
    X(cmd_policy_set)                                                                                                  \
    X(cmd_policy_enable)                                                                                               \
    X(cmd_policy_disable)                                                                                              \
    X(cmd_policy_approvals)                                                                                            \
    X(cmd_policy_test)                                                                                                 \
    X(cmd_policy_dry_run)                                                                                              \
    X(cmd_expected_add)                                                                                                \
    X(cmd_expected_list)                                                                                               \
    X(cmd_expected_remove)                                                                                             \
    X(cmd_intents_list)                                                                                                \
    X(cmd_intents_cancel)                                                                                              \
    X(cmd_intents_release)                                                                                             \
    X(cmd_org_create)                                                                                                  \
    X(cmd_org_list)                                                                                                    \
    X(cmd_org_get)                                                                                                     \
    X(cmd_org_rename)                                                                                                  \
    X(cmd_org_delete)                                                                                                  \
    X(cmd_project_create)                                                                                              \
    X(cmd_project_list)                                                                                                \
    X(cmd_project_get)                                                                                                 \
    X(cmd_project_rename)                                                                                              \
    X(cmd_project_delete)                                                                                              \
    X(cmd_key_create)                                                                                                  \
    X(cmd_key_list)                                                                                                    \
    X(cmd_key_get)                                                                                                     \
    X(cmd_key_update)                                                                                                  \
    X(cmd_key_assign)                                                                                                  \
    X(cmd_key_unassign)                                                                                                \
    X(cmd_key_reset)                                                                                                   \
    X(cmd_key_delete)                                                                                                  \
    X(cmd_account_create)                                                                                              \
    X(cmd_account_list)                                                                                                \
    X(cmd_account_get)                                                                                                 \
    X(cmd_account_update)                                                                                              \
    X(cmd_account_assign)                                                                                              \
    X(cmd_account_unassign)                                                                                            \
    X(cmd_account_projects)                                                                                            \
    X(cmd_account_add_secret)                                                                                          \
    X(cmd_account_delete_secret)                                                                                       \
    X(cmd_account_delete)                                                                                              \
    X(cmd_limit_list)                                                                                                  \
    X(cmd_limit_set)                                                                                                   \
    X(cmd_limit_remove)                                                                                                \
    X(cmd_sealing_key_list)                                                                                            \
    X(cmd_sealing_key_rotate)                                                                                          \
    X(cmd_sealing_key_forget)                                                                                          \
    X(cmd_signing_key_list)                                                                                            \
    X(cmd_signing_key_rotate)                                                                                          \
    X(cmd_person_grant)                                                                                                \
    X(cmd_person_list)                                                                                                 \
    X(cmd_person_revoke)                                                                                               \
    X(cmd_access_add)                                                                                                  \
    X(cmd_access_list)                                                                                                 \
    X(cmd_access_remove)                                                                                               \
    X(cmd_event_list)                                                                                                  \
    X(cmd_event_get)                                                                                                   \
    X(cmd_event_types)                                                                                                 \
    X(cmd_event_export)                                                                                                \
    X(cmd_event_follow)                                                                                                \
    X(cmd_webhook_add)                                                                                                 \
    X(cmd_webhook_list)                                                                                                \
    X(cmd_webhook_enable)                                                                                              \
    X(cmd_webhook_disable)                                                                                             \
    X(cmd_webhook_rotate)                                                                                              \
    X(cmd_webhook_test)                                                                                                \
    X(cmd_webhook_deliveries)                                                                                          \
    X(cmd_webhook_replay)                                                                                              \
    X(cmd_webhook_remove)                                                                                              \
    X(cmd_aws_policy)                                                                                                  \
    X(cmd_plan)                                                                                                        \
    X(cmd_apply)                                                                                                       \
    X(cmd_export)                                                                                                      \
    X(cmd_profile_set)                                                                                                 \
    X(cmd_profile_list)                                                                                                \
    X(cmd_profile_show)                                                                                                \
    X(cmd_profile_delete)                                                                                              \
    X(cmd_api)                                                                                                         \
    X(cmd_openapi)                                                                                                     \
    X(cmd_completion)                                                                                                  \
    X(cmd_man)                                                                                                         \
    X(cmd_ec2sim)                                                                                                      \
    X(cmd_version)                                                                                                     \
    X(cmd_help)                                                                                                        \
    X(cmd_doctor_store)

#define X(name) extern const struct cmd name;
COMMANDS(X)
#undef X

#define X(name) &name,
const struct cmd *const cmds[] = {COMMANDS(X)};
#undef X
const unsigned cmd_count = ARRAY_LEN(cmds);
