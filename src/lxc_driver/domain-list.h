// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/* All domains, found by uuid, by name and, while they run, by id. The list owns a reference each.
 */
#pragma once

#include "lxc_driver/domain.h"

DomainList *domain_list_new(void);
void domain_list_free(DomainList *list);

/* Borrowed; NULL when there is none. */
Domain *domain_list_by_uuid(DomainList *list, const uint8_t uuid[16]);
Domain *domain_list_by_name(DomainList *list, const char *name);
Domain *domain_list_by_id(DomainList *list, int id);

/*
 * The domain `def` is about: found by uuid and name, or made and added. Fails when only one of the
 * two fits. A new one has no definition yet.
 */
bool domain_list_adopt(DomainList *list, Driver *driver, const DomainDef *def, Domain **ret_domain,
                       GError **err);

/* Keeps the id table right; -1: the domain no longer runs. */
void domain_list_set_id(DomainList *list, Domain *domain, pid_t init_pid);

/* Takes the domain out and marks it removed. */
void domain_list_remove(DomainList *list, Domain *domain);

/* Every domain, ordered by name; borrowed items, the array is the caller's. */
GPtrArray *domain_list_all(DomainList *list);
unsigned domain_list_n_active(DomainList *list);
