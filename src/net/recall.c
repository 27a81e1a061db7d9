// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * link_recall: the way back of what notes.h wrote down. The container may have renamed, readdressed
 * and taken down what it had; it may also have deleted it, or put something else in its place,
 * which the index and the kind tell. Each device is put right as far as it goes.
 */
#include "net/link.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <string.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/text.h"
#include "net/notes.h"

#define SPARE_NAME "dev%d"
#define OTHER_NAMES_MAX 1024
#define OTHER_NAME_SIZE 128 /* ALTIFNAMSIZ of linux/if.h, which does not go with net/if.h */

/* Both ends of the way. */
typedef struct Way {
    Rtnl *host;
    Rtnl *inside; /* NULL: the namespace is gone */
    int host_fd;
} Way;

static void way_clear(Way *way)
{
    rtnl_close(way->host);
    rtnl_close(way->inside);
    fd_close(way->host_fd);
}

static bool way_open(Way *way, int netns_fd, GError **err)
{
    way->host_fd = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
    if (way->host_fd < 0)
        return fail_errno(err, errno, _("cannot open the host's network namespace"));
    return rtnl_open(&way->host, err) &&
           (netns_fd < 0 || rtnl_open_inside(netns_fd, &way->inside, err));
}

/* Before the index is known the container does not run and has changed no address. */
static bool is_it(const Note *note, const Device *device)
{
    return device->index > 0 && strcmp(device->kind, note->kind) == 0 &&
           (note->index > 0 || note->way != NOTE_MOVED ||
            memcmp(device->mac, note->mac, sizeof note->mac) == 0);
}

/* A move that failed halfway leaves the device inside under its old name. */
static bool find_by_name(const Way *way, const Note *note, Device *ret_device, GError **err)
{
    return device_find(way->inside, note->guest, ret_device, err) &&
           (is_it(note, ret_device) || note->way != NOTE_MOVED ||
            device_find(way->inside, note->device, ret_device, err));
}

/* Index 0: it is not there, or what is there is another. */
static bool find_inside(const Way *way, const Note *note, Device *ret_device, GError **err)
{
    *ret_device = (Device){ 0 };
    if (!way->inside)
        return true;
    if (!(note->index > 0 ? device_find_index(way->inside, note->index, ret_device, err)
                          : find_by_name(way, note, ret_device, err)))
        return false;
    if (!is_it(note, ret_device))
        ret_device->index = 0;
    return true;
}

/* ---- one device --------------------------------------------------------------------------------
 */

static bool send_home(const Way *way, const Device *device, const char *name, GError **err)
{
    g_autoptr(NlMsg) msg = device_change(device->index);

    rtnl_put_string(msg, IFLA_IFNAME, name);
    rtnl_put_u32(msg, IFLA_NET_NS_FD, (uint32_t)way->host_fd);
    return rtnl_request(way->inside, msg, err);
}

static bool take_off(const Way *way, const Note *note, GError **err)
{
    Device device;

    return find_inside(way, note, &device, err) &&
           (device.index == 0 || device_delete(way->inside, device.index, err));
}

/* Only what has changed is set: not every device can have every change. */
static bool restore(const Way *way, const Note *note, GError **err)
{
    g_autoptr(NlMsg) msg = NULL;
    Device device;

    if (!device_find(way->host, note->device, &device, err))
        return false;
    if (device.index == 0)
        return true;
    msg = device_set_flags(device.index, note->flags);
    if (strcmp(device.alias, note->alias) != 0)
        rtnl_put(msg, IFLA_IFALIAS, note->alias, strlen(note->alias));
    if (memcmp(device.mac, note->mac, sizeof note->mac) != 0)
        rtnl_put(msg, IFLA_ADDRESS, note->mac, sizeof note->mac);
    if (device.mtu != note->mtu)
        rtnl_put_u32(msg, IFLA_MTU, note->mtu);
    return rtnl_request(way->host, msg, err);
}

/* The first of its other names; "" when it has none. */
static void take_other_name(struct nlmsghdr *header, void *data)
{
    struct nlattr *list = nlmsg_find_attr(header, sizeof(struct ifinfomsg), IFLA_PROP_LIST);
    struct nlattr *name = list ? nla_find(nla_data(list), nla_len(list), IFLA_ALT_IFNAME) : NULL;

    if (name)
        (void)nla_strlcpy(data, name, OTHER_NAME_SIZE);
}

static bool drop_other_name(Rtnl *inside, int index)
{
    const struct ifinfomsg head = { .ifi_family = AF_UNSPEC, .ifi_index = index };
    g_autoptr(NlMsg) ask = rtnl_message(RTM_GETLINK, 0, &head, sizeof head);
    g_autoptr(NlMsg) drop = rtnl_message(RTM_DELLINKPROP, 0, &head, sizeof head);
    char name[OTHER_NAME_SIZE] = "";
    struct nlattr *list;

    if (!rtnl_query(inside, ask, take_other_name, name, NULL) || !*name)
        return false;
    list = rtnl_nest(drop, IFLA_PROP_LIST | NLA_F_NESTED);
    rtnl_put_string(drop, IFLA_ALT_IFNAME, name);
    rtnl_nest_end(drop, list);
    return rtnl_request(inside, drop, NULL);
}

/* What has an other name that the host has given already cannot move: the container sees to that
 * only if it wants to keep what was lent to it. */
static bool send_home_without_other_names(const Way *way, const Device *device, const char *name,
                                          GError **err)
{
    for (unsigned i = 0; i < OTHER_NAMES_MAX; i++) {
        g_autoptr(GError) local = NULL;

        if (send_home(way, device, name, &local))
            return true;
        if (error_errno(local) != EEXIST || !drop_other_name(way->inside, device->index)) {
            g_propagate_error(err, g_steal_pointer(&local));
            return false;
        }
    }
    return send_home(way, device, name, err);
}

/* Another may be called so by now, which is left alone. */
static bool move_back(const Way *way, const Note *note, const Device *device, GError **err)
{
    g_autoptr(GError) local = NULL;

    if (send_home_without_other_names(way, device, note->device, &local))
        return restore(way, note, err);
    if (error_errno(local) == EEXIST && send_home(way, device, SPARE_NAME, NULL)) {
        log_warning(_("the device '%s' comes back under another name: that one is taken"),
                    note->device);
        return true;
    }
    g_propagate_error(err, g_steal_pointer(&local));
    return false;
}

/* Without the namespace a real device is home already, and a virtual one is no more. */
static bool recall_moved(const Way *way, const Note *note, GError **err)
{
    Device device;

    if (!way->inside)
        return note->kind[0] || restore(way, note, err);
    if (!find_inside(way, note, &device, err))
        return false;
    if (device.index > 0)
        return move_back(way, note, &device, err);
    if (note->index > 0) /* else it never came there */
        log_warning(_("the device '%s' is not in the container any more"), note->device);
    return true;
}

/* A device that was never passed through may have been somebody else's all the time. */
static bool recall(const Way *way, const Note *note, GError **err)
{
    switch (note->way) {
    case NOTE_MOVED:
        return recall_moved(way, note, err);
    case NOTE_PASSED:
        return take_off(way, note, err) && (note->index == 0 || restore(way, note, err));
    case NOTE_SHARED:
        return take_off(way, note, err);
    }
    return true;
}

/* ---- all of them -------------------------------------------------------------------------------
 */

static void recall_all(const GArray *notes, int netns_fd)
{
    Way way = { .host_fd = -1 };
    g_autoptr(GError) err = NULL;

    if (!way_open(&way, netns_fd, &err))
        log_error(_("the host's network devices cannot be taken back: %s"), err->message);
    for (guint i = 0; !err && i < notes->len; i++) {
        const Note *note = &g_array_index(notes, Note, i);
        g_autoptr(GError) local = NULL;
        if (!recall(&way, note, &local))
            log_error(_("the network device '%s' cannot be taken back: %s"), note->device,
                      local->message);
    }
    way_clear(&way);
}

void link_recall(const char *path)
{
    g_autoptr(GArray) notes = notes_read(path);
    autofd int netns_fd = notes_open_namespace(path);

    if (notes->len > 0)
        recall_all(notes, netns_fd);
    notes_forget(path);
}
