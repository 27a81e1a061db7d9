// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * The security models that labels can be of, as the daemon sees them: what is in force on this
 * host, which label a container gets, what has to be there before it starts and goes when it has
 * ended, and what label a process has. What is behind it is libselinux or libapparmor; a daemon
 * that was built without one has a model in its place that is never in force.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "plan-xdr.h"

/* For whom a label is made up. */
typedef struct LabelWish {
    const uint8_t *uuid;
    const char *base;       /* what the label is to begin with; NULL: the model's own */
    const GPtrArray *taken; /* labels of this model that others have, char * */
} LabelWish;

/* Of a process. */
typedef struct LabelFound {
    char *label;
    bool enforcing;
} LabelFound;

typedef struct LabelModel {
    const char *name;
    /* A container can be confined that did not ask for it: its trees need no labels. */
    bool by_default;
    /* In force, with all that it takes to use it; else the reason. */
    bool (*is_active)(GError **why);
    /* What the labels of containers begin with; the caller's. NULL where that says nothing. */
    char *(*get_base)(void);
    /* False: who has this label is not held back by it. NULL: every label does. */
    bool (*confines)(const char *label);
    /* The label of init, and that of its files. */
    bool (*make)(const LabelWish *wish, char **ret_label, char **ret_image, GError **err);
    /* The label of files for that of a process which the user chose; NULL: they have none. */
    char *(*image_of)(const char *label);
    /* Makes sure that the kernel knows the label. May block: for a worker thread. */
    bool (*prepare)(const PlanLabel *label, const char *policy_dir, GError **err);
    /* Takes back what prepare did; there may be nothing. May block as well. NULL: it does nothing.
     */
    bool (*release)(const PlanLabel *label, GError **err);
    bool (*read)(pid_t pid, LabelFound *ret_found, GError **err);
} LabelModel;

extern const LabelModel label_apparmor;
extern const LabelModel label_selinux;

/* By its name; NULL: there is none. */
const LabelModel *label_model(const char *name);

/*
 * The names of the models in force. `wanted` NULL: all; "none": none; else that one alone, which
 * must be in force.
 */
bool label_models_find(const char *wanted, char ***ret_names, GError **err);
