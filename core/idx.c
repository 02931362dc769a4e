/* idx.c -- see idx.h. */
#include "core/idx.h"

#include "core/input.h"
#include "core/mem.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

/* ---- bytes, packed or not -------------------------------------------------- */

/* The bytes of a file one after the other, unpacked where it is gzip. */
struct stream {
    const char *path; /* borrowed */
    struct bp_input input;
    size_t at; /* next byte, when not packed */
    bool packed;
    bool ended; /* the packed data said that it is complete */
    z_stream z;
    struct bp_error *error; /* borrowed */
};

static voidpf zlib_new(voidpf unused, uInt items, uInt size)
{
    (void)unused;
    return bp_mem_new(items, size);
}

static void zlib_free(voidpf unused, voidpf block)
{
    (void)unused;
    bp_mem_free(block);
}

static void stream_close(struct stream *s)
{
    if (s->packed)
        inflateEnd(&s->z);
    bp_input_release(&s->input);
}

static enum bp_status stream_open(struct stream *s, const char *path, struct bp_error *error)
{
    *s = (struct stream){.path = path, .error = error};
    const enum bp_status status = bp_input_read(&s->input, path, BP_IDX_STORED_MAX, error);
    if (status != BP_OK)
        return status;
    if (s->input.n < 2 || memcmp(s->input.bytes, "\x1f\x8b", 2) != 0)
        return BP_OK;
    s->z.zalloc = zlib_new;
    s->z.zfree = zlib_free;
    s->z.next_in = (Bytef *)s->input.bytes;
    s->z.avail_in = (uInt)s->input.n;
    if (inflateInit2(&s->z, 16 + MAX_WBITS) != Z_OK) {
        bp_input_release(&s->input);
        return bp_error_set(error, BP_ENOMEM, "%.300s: out of memory to unpack it", path);
    }
    s->packed = true;
    return BP_OK;
}

static enum bp_status unpack(struct stream *s, unsigned char *to, size_t want, size_t *got)
{
    s->z.next_out = to;
    s->z.avail_out = (uInt)want;
    while (s->z.avail_out > 0 && !s->ended) {
        const int code = inflate(&s->z, Z_NO_FLUSH);
        if (code == Z_STREAM_END)
            s->ended = true;
        else if (code == Z_MEM_ERROR)
            return bp_error_set(s->error, BP_ENOMEM, "%.300s: out of memory to unpack it", s->path);
        else if (code == Z_BUF_ERROR)
            return bp_error_set(
                s->error, BP_EINPUT,
                "%.300s: cut off: the gzip data ends in the middle, after %lu bytes "
                "unpacked",
                s->path, s->z.total_out);
        else if (code != Z_OK)
            return bp_error_set(s->error, BP_EINPUT,
                                "%.300s: damaged gzip data after %lu bytes unpacked: %s", s->path,
                                s->z.total_out, s->z.msg == NULL ? "not valid" : s->z.msg);
    }
    *got = want - s->z.avail_out;
    return BP_OK;
}

/* Up to want bytes; fewer only where the file ends. */
static enum bp_status stream_read(struct stream *s, unsigned char *to, size_t want, size_t *got)
{
    if (s->packed)
        return unpack(s, to, want, got);
    const size_t left = s->input.n - s->at;
    *got = want < left ? want : left;
    memcpy(to, s->input.bytes + s->at, *got);
    s->at += *got;
    return BP_OK;
}

/* ---- one file ---------------------------------------------------------------- */

static size_t big_endian(const unsigned char *byte)
{
    return (size_t)byte[0] << 24 | (size_t)byte[1] << 16 | (size_t)byte[2] << 8 | byte[3];
}

static enum bp_status check_magic(const struct stream *s, const unsigned char *header, size_t dims)
{
    if (big_endian(header) == 0x800 + dims)
        return BP_OK;
    return bp_error_set(s->error, BP_EINPUT,
                        "%.300s: begins with 0x%08zx, expected 0x%08zx (%s of unsigned bytes)",
                        s->path, big_endian(header), 0x800 + dims, dims == 3 ? "images" : "labels");
}

static enum bp_status read_header(struct bp_idx *idx, struct stream *s, size_t dims)
{
    unsigned char header[16];
    const size_t want = 4 + 4 * dims;
    size_t got = 0;
    enum bp_status status = stream_read(s, header, want, &got);
    if (status != BP_OK)
        return status;
    if (got >= 4 && (status = check_magic(s, header, dims)) != BP_OK)
        return status;
    if (got < want)
        return bp_error_set(s->error, BP_EINPUT,
                            "%.300s: ends after %zu bytes, expected a header of %zu", s->path, got,
                            want);
    idx->dims = dims;
    idx->n_bytes = 1;
    for (size_t d = 0; d < dims; d++) {
        idx->size[d] = big_endian(header + 4 + 4 * d);
        if (idx->size[d] < 1 || idx->size[d] > BP_IDX_BYTES_MAX / idx->n_bytes)
            return bp_error_set(
                s->error, BP_EINPUT,
                "%.300s: header: size %zu is %zu, expected 1 or more and at most %d "
                "bytes in all",
                s->path, d + 1, idx->size[d], BP_IDX_BYTES_MAX);
        idx->n_bytes *= idx->size[d];
    }
    return BP_OK;
}

/* Room grows with what comes: a header may claim a gigabyte that is not there. */
static enum bp_status read_body(struct bp_idx *idx, struct stream *s)
{
    size_t held = 0;
    size_t room = 0;
    while (held < idx->n_bytes) {
        const size_t wish = room == 0 ? 1 << 16 : 4 * room;
        const size_t next = wish < idx->n_bytes ? wish : idx->n_bytes;
        unsigned char *grown = bp_mem_grow(idx->bytes, room, next, 1);
        if (grown == NULL)
            return bp_error_set(s->error, BP_ENOMEM, "%.300s: out of memory for %zu bytes", s->path,
                                next);
        idx->bytes = grown;
        room = next;
        size_t got = 0;
        const enum bp_status status = stream_read(s, idx->bytes + held, room - held, &got);
        if (status != BP_OK)
            return status;
        held += got;
        if (held < room)
            return bp_error_set(s->error, BP_EINPUT,
                                "%.300s: ends after %zu bytes of data, expected %zu as its header "
                                "says",
                                s->path, held, idx->n_bytes);
    }
    return BP_OK;
}

/* Asking for one byte more also makes gzip verify its checksum. */
static enum bp_status expect_end(const struct bp_idx *idx, struct stream *s)
{
    unsigned char extra;
    size_t got = 0;
    const enum bp_status status = stream_read(s, &extra, 1, &got);
    if (status != BP_OK)
        return status;
    if (got > 0)
        return bp_error_set(s->error, BP_EINPUT,
                            "%.300s: goes on after the %zu bytes of data that its header says",
                            s->path, idx->n_bytes);
    if (s->packed && s->z.avail_in > 0)
        return bp_error_set(s->error, BP_EINPUT,
                            "%.300s: %u bytes after the end of the gzip data, expected none",
                            s->path, s->z.avail_in);
    return BP_OK;
}

enum bp_status bp_idx_read(struct bp_idx *idx, const char *path, size_t dims,
                           struct bp_error *error)
{
    assert(dims == 1 || dims == 3);
    *idx = (struct bp_idx){0};
    struct stream s;
    enum bp_status status = stream_open(&s, path, error);
    if (status != BP_OK)
        return status;
    status = read_header(idx, &s, dims);
    if (status == BP_OK)
        status = read_body(idx, &s);
    if (status == BP_OK)
        status = expect_end(idx, &s);
    stream_close(&s);
    if (status != BP_OK)
        bp_idx_release(idx);
    return status;
}

void bp_idx_release(struct bp_idx *idx)
{
    bp_mem_free(idx->bytes);
    *idx = (struct bp_idx){0};
}

/* ---- images and labels as examples ------------------------------------------- */

enum { CLASSES = 10 };

static enum bp_status check_pair(const struct bp_idx *image, const struct bp_idx *label,
                                 const char *images, const char *labels, size_t n,
                                 struct bp_error *error)
{
    if (image->size[0] != label->size[0])
        return bp_error_set(error, BP_EINPUT,
                            "%.300s: holds %zu labels, expected %zu as there are images in %.300s",
                            labels, label->size[0], image->size[0], images);
    for (size_t i = 0; i < label->n_bytes; i++)
        if (label->bytes[i] >= CLASSES)
            return bp_error_set(error, BP_EINPUT, "%.300s: label %zu is %d, expected 0 to %d",
                                labels, i, label->bytes[i], CLASSES - 1);
    if (n > image->size[0])
        return bp_error_set(error, BP_EINPUT,
                            "%.300s: holds %zu images, expected the %zu asked for", images,
                            image->size[0], n);
    return BP_OK;
}

static const char *file_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash == NULL ? path : slash + 1;
}

static void describe(struct bp_dataset *data, const struct bp_idx *image, const char *images,
                     const struct bp_idx_pick *pick)
{
    char how[64] = "all";
    if (data->n < image->size[0] && pick->drawn)
        snprintf(how, sizeof how, "%zu drawn with seed %llu of", data->n,
                 (unsigned long long)pick->seed);
    else if (data->n < image->size[0])
        snprintf(how, sizeof how, "first %zu of", data->n);
    snprintf(data->title, sizeof data->title, "idx");
    snprintf(data->source, sizeof data->source, "%s %zu images in %.120s", how, image->size[0],
             file_name(images));
}

/* Row i of the examples is image order[i] (image i when order is NULL). */
static void convert(struct bp_dataset *data, const struct bp_idx *image, const struct bp_idx *label,
                    const size_t *order)
{
    for (size_t i = 0; i < data->n; i++) {
        const size_t from = order == NULL ? i : order[i];
        const unsigned char *pixel = image->bytes + from * data->n_in;
        for (size_t j = 0; j < data->n_in; j++)
            data->x[i * data->n_in + j] = pixel[j] / 255.0;
        bp_dataset_label_set(data, i, label->bytes[from]);
    }
}

static enum bp_status build(struct bp_dataset *data, const struct bp_idx *image,
                            const struct bp_idx *label, const struct bp_idx_pick *pick,
                            enum bp_targets coding)
{
    size_t *order = NULL;
    if (pick->drawn) {
        order = bp_mem_new(image->size[0], sizeof *order);
        if (order == NULL)
            return BP_ENOMEM;
        struct bp_rng rng;
        bp_rng_seed(&rng, pick->seed);
        bp_rng_permutation(&rng, image->size[0], order);
    }
    const size_t n = pick->n == 0 ? image->size[0] : pick->n;
    const enum bp_status status =
        bp_dataset_init(data, n, image->size[1] * image->size[2], CLASSES);
    if (status == BP_OK) {
        data->classes = CLASSES;
        data->coding = coding;
        convert(data, image, label, order);
    }
    bp_mem_free(order);
    return status;
}

enum bp_status bp_idx_dataset(struct bp_dataset *data, const char *images, const char *labels,
                              const struct bp_idx_pick *pick, enum bp_targets coding,
                              struct bp_error *error)
{
    struct bp_idx image = {0};
    struct bp_idx label = {0};
    *data = (struct bp_dataset){0};
    enum bp_status status = bp_idx_read(&label, labels, 1, error);
    if (status == BP_OK)
        status = bp_idx_read(&image, images, 3, error);
    if (status == BP_OK)
        status = check_pair(&image, &label, images, labels, pick->n, error);
    if (status == BP_OK) {
        status = build(data, &image, &label, pick, coding);
        if (status == BP_OK)
            describe(data, &image, images, pick);
        else
            bp_error_set(error, status, "%.300s: out of memory for the images", images);
    }
    bp_idx_release(&image);
    bp_idx_release(&label);
    return status;
}

/* ---- MNIST ----------------------------------------------------------------- */

static const char *const MNIST_NAME[][2] = {
    [BP_MNIST_TRAIN] = {"train-images-idx3-ubyte", "train-labels-idx1-ubyte"},
    [BP_MNIST_TEST] = {"t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"}};

enum { PATH_SIZE = 4096 };

/* The file unpacked where that exists, otherwise packed: an error then names
 * the file as it is published. False when neither is there. */
static bool find(char *path, const char *folder, const char *name)
{
    const int length = snprintf(path, PATH_SIZE, "%s/%s", folder, name);
    if (length > 0 && length < PATH_SIZE && access(path, F_OK) == 0)
        return true;
    const int packed = snprintf(path, PATH_SIZE, "%s/%s.gz", folder, name);
    return packed > 0 && packed < PATH_SIZE && access(path, F_OK) == 0;
}

const char *bp_mnist_folder(void)
{
    const char *set = getenv("MNIST_DIR");
    return set != NULL && set[0] != '\0' ? set : "data/mnist";
}

bool bp_mnist_present(const char *folder)
{
    char path[PATH_SIZE];
    for (int i = 0; i < 4; i++)
        if (!find(path, folder, MNIST_NAME[i / 2][i % 2]))
            return false;
    return true;
}

enum bp_status bp_mnist_read(struct bp_dataset *data, const char *folder, enum bp_mnist_part part,
                             const struct bp_idx_pick *pick, enum bp_targets coding,
                             struct bp_error *error)
{
    char images[PATH_SIZE];
    char labels[PATH_SIZE];
    find(images, folder, MNIST_NAME[part][0]);
    find(labels, folder, MNIST_NAME[part][1]);
    const enum bp_status status = bp_idx_dataset(data, images, labels, pick, coding, error);
    if (status == BP_OK)
        snprintf(data->title, sizeof data->title, "mnist");
    return status;
}
