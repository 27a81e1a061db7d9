// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * The handlers named in procedures.c, one per procedure that is ours. `args` and `ret` of on_NAME
 * are the structs of its row; see RpcHandler in rpc/program.h for what a handler may do.
 */
#pragma once

#include "rpc/program.h"

/* The connection. */
RpcHandler on_connect_open;
RpcHandler on_connect_close;
RpcHandler on_connect_get_type;
RpcHandler on_connect_supports_feature;
RpcHandler on_connect_get_uri;
RpcHandler on_connect_is_secure;
RpcHandler on_connect_register_close_callback;
RpcHandler on_connect_unregister_close_callback;
RpcHandler on_connect_set_identity;

/* The host. */
RpcHandler on_connect_get_version;
RpcHandler on_node_get_info;
RpcHandler on_connect_get_capabilities;
RpcHandler on_connect_get_domain_capabilities;
RpcHandler on_connect_get_max_vcpus;
RpcHandler on_connect_get_sysinfo;
RpcHandler on_connect_get_hostname;
RpcHandler on_node_get_cells_free_memory;
RpcHandler on_node_get_free_memory;
RpcHandler on_node_get_security_model;
RpcHandler on_connect_get_lib_version;
RpcHandler on_node_get_cpu_stats;
RpcHandler on_node_get_memory_stats;
RpcHandler on_node_get_cpu_map;
RpcHandler on_node_get_free_pages;
RpcHandler on_node_get_memory_parameters;
RpcHandler on_node_set_memory_parameters;

/* Other containers' configurations. */
RpcHandler on_connect_domain_xml_from_native;
RpcHandler on_connect_domain_xml_to_native;

/* Events. */
RpcHandler on_connect_domain_event_register;
RpcHandler on_connect_domain_event_deregister;
RpcHandler on_connect_domain_event_register_any;
RpcHandler on_connect_domain_event_deregister_any;
RpcHandler on_connect_domain_event_callback_register_any;
RpcHandler on_connect_domain_event_callback_deregister_any;

/* Domains: finding, defining, running, changing. */
RpcHandler on_domain_create;
RpcHandler on_domain_create_xml;
RpcHandler on_domain_define_xml;
RpcHandler on_domain_destroy;
RpcHandler on_domain_get_xml_desc;
RpcHandler on_domain_get_autostart;
RpcHandler on_domain_get_info;
RpcHandler on_domain_get_max_memory;
RpcHandler on_domain_get_os_type;
RpcHandler on_domain_get_messages;
RpcHandler on_connect_list_defined_domains;
RpcHandler on_domain_lookup_by_id;
RpcHandler on_domain_lookup_by_name;
RpcHandler on_domain_lookup_by_uuid;
RpcHandler on_connect_num_of_defined_domains;
RpcHandler on_domain_reboot;
RpcHandler on_domain_resume;
RpcHandler on_domain_set_autostart;
RpcHandler on_domain_set_max_memory;
RpcHandler on_domain_set_memory;
RpcHandler on_domain_shutdown;
RpcHandler on_domain_suspend;
RpcHandler on_domain_undefine;
RpcHandler on_connect_list_domains;
RpcHandler on_connect_num_of_domains;
RpcHandler on_domain_get_security_label;
RpcHandler on_domain_get_security_label_list;
RpcHandler on_domain_is_active;
RpcHandler on_domain_is_persistent;
RpcHandler on_domain_has_managed_save_image;
RpcHandler on_domain_create_with_flags;
RpcHandler on_domain_open_console;
RpcHandler on_domain_is_updated;
RpcHandler on_domain_set_memory_flags;
RpcHandler on_domain_get_state;
RpcHandler on_domain_undefine_flags;
RpcHandler on_domain_destroy_flags;
RpcHandler on_domain_shutdown_flags;
RpcHandler on_domain_set_metadata;
RpcHandler on_domain_get_metadata;
RpcHandler on_connect_list_all_domains;
RpcHandler on_domain_send_process_signal;
RpcHandler on_domain_create_xml_with_files;
RpcHandler on_domain_create_with_files;
RpcHandler on_domain_define_xml_flags;
RpcHandler on_domain_interface_addresses;
RpcHandler on_domain_open_namespace;
