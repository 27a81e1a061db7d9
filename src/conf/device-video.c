// SPDX-License-Identifier: LGPL-2.1-or-later
// SPDX-FileCopyrightText: The virtlxcd authors

/*
 * <video>: a virtual machine's graphics card. Kept, with libvirt's defaults: one of several cards
 * is the primary one and stands first.
 */
#include <inttypes.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "conf/device-info.h"
#include "conf/device.h"
#include "conf/domain-records.h"

#define UNSUPPORTED ERR(DOMAIN, CONFIG_UNSUPPORTED)
#define INTERNAL ERR(DOMAIN, INTERNAL_ERROR)
#define WRONG ERR(DOMAIN, XML_ERROR)

typedef enum VideoModel {
    VIDEO_ABSENT,
    VIDEO_VGA,
    VIDEO_CIRRUS,
    VIDEO_VMVGA,
    VIDEO_XEN,
    VIDEO_VBOX,
    VIDEO_QXL,
    VIDEO_PARALLELS,
    VIDEO_VIRTIO,
    VIDEO_GOP,
    VIDEO_NONE,
    VIDEO_BOCHS,
    VIDEO_RAMFB,
} VideoModel;

enum { DRIVER_ABSENT, DRIVER_QEMU, DRIVER_VHOSTUSER };

typedef struct Video {
    VirtioOptions virtio;
    int vgaconf;
    int driver;
    VideoModel model;
    OptNumber ram; /* KiB, like the next three; qxl */
    OptNumber vram;
    OptNumber vram64; /* qxl */
    OptNumber vgamem; /* qxl */
    OptNumber heads;
    bool primary;
    Choice accel3d;
    Choice accel2d;
    char *rendernode;
    OptNumber x, y; /* the resolution */
    DeviceInfo info;
} Video;

static const char *const model_names[] = { NULL,   "vga",   "cirrus",    "vmvga",  "xen",
                                           "vbox", "qxl",   "parallels", "virtio", "gop",
                                           "none", "bochs", "ramfb",     NULL };
static const char *const vgaconf_names[] = { "io", "on", "off", NULL };
static const char *const driver_names[] = { NULL, "qemu", "vhostuser", NULL };

#define FIELD(name) offsetof(Video, name)
#define UNSIGNED .min = 0, .max = UINT32_MAX
#define REQUIRED .missing = ERR(XML, XML_ERROR)

/* clang-format off */
static const Row video_rows[] = {
    VIRTIO_ROWS(FIELD(virtio)),
    { "driver/@vgaconf",                 ROW_ENUM,   FIELD(vgaconf),    ROW_HIDE_DEFAULT, .names = vgaconf_names },
    { "driver/@name",                    ROW_ENUM,   FIELD(driver),     .names = driver_names },
    { "model/@type",                     ROW_ENUM,   FIELD(model),      .names = model_names,
                                         .missing = INTERNAL, .bad = UNSUPPORTED },
    { "model/@ram",                      ROW_NUMBER, FIELD(ram),        UNSIGNED, .bad = WRONG },
    { "model/@vram",                     ROW_NUMBER, FIELD(vram),       UNSIGNED, .bad = WRONG },
    { "model/@vram64",                   ROW_NUMBER, FIELD(vram64),     UNSIGNED, .bad = WRONG },
    { "model/@vgamem",                   ROW_NUMBER, FIELD(vgamem),     UNSIGNED, .bad = WRONG },
    { "model/@heads",                    ROW_NUMBER, FIELD(heads),      UNSIGNED, .bad = INTERNAL },
    { "model/@primary",                  ROW_YES,    FIELD(primary) },
    { "model/acceleration/@accel3d",     ROW_ENUM,   FIELD(accel3d),    .names = choice_names },
    { "model/acceleration/@accel2d",     ROW_ENUM,   FIELD(accel2d),    .names = choice_names },
    { "model/acceleration/@rendernode",  ROW_STRING, FIELD(rendernode), ROW_NOT_EMPTY },
    { "model/resolution/@x",             ROW_NUMBER, FIELD(x),          ROW_WITH_ELEMENT, UNSIGNED, REQUIRED },
    { "model/resolution/@y",             ROW_NUMBER, FIELD(y),          ROW_WITH_ELEMENT, UNSIGNED, REQUIRED },
    DEVICE_INFO_ROWS(FIELD(info)),
    { NULL },
};
/* clang-format on */

/* ---- one card -------------------------------------------------------------------------------- */

/* What libvirt gives a card that says nothing, in KiB. */
static const unsigned usual_vram[] = {
    [VIDEO_VGA] = 16384, [VIDEO_CIRRUS] = 16384, [VIDEO_VMVGA] = 16384, [VIDEO_XEN] = 4096,
    [VIDEO_QXL] = 65536, [VIDEO_BOCHS] = 16384,  [VIDEO_RAMFB] = 0,
};

/* Up to a power of two; 0, and what would not fit then, is `usual`. */
static void round_memory(OptNumber *memory, unsigned usual)
{
    int64_t rounded = 1;

    while (memory->value && rounded < memory->value)
        rounded *= 2;
    if (!memory->value || rounded > UINT32_MAX)
        rounded = usual;
    *memory = (OptNumber){ .set = rounded > 0, .value = rounded };
}

static bool check_memory(Video *video, GError **err)
{
    OptNumber *const qxl_only[] = { &video->ram, &video->vram64, &video->vgamem };

    for (size_t i = 0; i < G_N_ELEMENTS(qxl_only); i++) {
        if (!qxl_only[i]->value)
            qxl_only[i]->set = false;
        if (qxl_only[i]->set && video->model != VIDEO_QXL)
            return fail(err, UNSUPPORTED,
                        _("ram=, vram64= and vgamem= are for the video model 'qxl', not '%s'"),
                        model_names[video->model]);
    }
    if (video->model == VIDEO_QXL)
        round_memory(&video->ram, usual_vram[VIDEO_QXL]);
    round_memory(&video->vram, usual_vram[video->model]);
    return true;
}

static bool check_driver(const Video *video, GError **err)
{
    const VirtioOptions *virtio = &video->virtio;
    bool has_virtio = virtio->iommu || virtio->ats || virtio->packed || virtio->page_per_vq;

    if (video->model == VIDEO_VIRTIO)
        return true;
    if (has_virtio)
        return fail(err, UNSUPPORTED, _("the video model '%s' has no virtio options"),
                    model_names[video->model]);
    if (video->driver == DRIVER_VHOSTUSER)
        return fail(err, UNSUPPORTED, _("the video model '%s' has no driver 'vhostuser'"),
                    model_names[video->model]);
    return true;
}

static bool check_picture(const Video *video, GError **err)
{
    if (video->rendernode && video->driver != DRIVER_VHOSTUSER)
        return fail(err, UNSUPPORTED, _("rendernode= of <video> needs the driver 'vhostuser'"));
    if (video->x.set && (!video->x.value || !video->y.value))
        return fail(err, UNSUPPORTED, _("the resolution of <video> cannot be 0"));
    return true;
}

/* No card has nothing to tell. */
static void forget_picture(Video *video)
{
    video->vram.set = video->heads.set = video->x.set = video->y.set = false;
    video->primary = false;
    video->accel2d = video->accel3d = CHOICE_ABSENT;
    g_clear_pointer(&video->rendernode, g_free);
}

static bool check_one(void *object, const Reader *reader, GError **err)
{
    Video *video = object;

    if (!check_memory(video, err) || !check_driver(video, err) || !check_picture(video, err))
        return false;
    if (!video->heads.set)
        video->heads = (OptNumber){ .set = true, .value = 1 };
    if (video->model == VIDEO_NONE)
        forget_picture(video);
    return true;
}

static const Record video_record = { "video", sizeof(Video), video_rows, .kept = true,
                                     .check = check_one };

/* ---- all cards ------------------------------------------------------------------------------- */

/* The index of the primary card, the first where none says that it is. */
static bool find_primary(const RecordList *cards, size_t *ret_primary, GError **err)
{
    size_t n = 0;

    *ret_primary = 0;
    for (size_t i = 0; i < cards->n; i++) {
        const Video *video = cards->items[i];

        if (video->model == VIDEO_NONE && cards->n > 1)
            return fail(err, UNSUPPORTED,
                        _("a <video> of the model 'none' has to be the only one"));
        if (!video->primary)
            continue;
        *ret_primary = i;
        if (n++)
            return fail(err, UNSUPPORTED, _("two <video> are primary"));
    }
    return true;
}

static bool check_all(DomainDef *def, const Reader *reader, GError **err)
{
    const RecordList *cards = device_list(def, &video_class);
    Video *primary = NULL;
    size_t index = 0;

    if (!cards->n)
        return true;
    if (!find_primary(cards, &index, err))
        return false;
    primary = cards->items[index];
    memmove(cards->items + 1, cards->items, index * sizeof(*cards->items));
    cards->items[0] = primary;
    primary->primary = primary->model != VIDEO_NONE;
    return true;
}

const DeviceClass video_class = { .element = "video", .record = &video_record, .check = check_all };
