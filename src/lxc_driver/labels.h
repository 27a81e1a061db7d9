// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * Security labels of containers, as far as they are decided when a start is asked for: who gets
 * one, and which. What the kernel has to be told is step-labels.c.
 */
#pragma once

#include "lxc_driver/domain.h"

/*
 * Fills in the labels of a definition that is about to run. One that names none gets a dynamic
 * label where the settings, or without a word of theirs the model, say so. Refuses who would run
 * without where the settings want everybody confined.
 */
bool labels_choose(const Domain *domain, DomainDef *live, GError **err);
