/* input.c -- see input.h. */
#include "core/input.h"

#include "core/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static enum bp_status refuse(struct bp_error *error, const char *path)
{
    return bp_error_set(error, BP_EFILE, "%.300s: cannot be read: %s", path, strerror(errno));
}

/* Looks at the open file: a regular one, and not too large. */
static enum bp_status measure(int fd, const char *path, size_t max, size_t *size,
                              struct bp_error *error)
{
    struct stat about;
    if (fstat(fd, &about) != 0)
        return refuse(error, path);
    if (!S_ISREG(about.st_mode))
        return bp_error_set(error, BP_EFILE,
                            "%.300s: not a file that can be read: expected a plain file", path);
    if ((uintmax_t)about.st_size > max)
        return bp_error_set(error, BP_EINPUT, "%.300s: %jd bytes long, expected at most %zu", path,
                            (intmax_t)about.st_size, max);
    *size = (size_t)about.st_size;
    return BP_OK;
}

/* Fills the block that has been made for size bytes; a file that shrank
 * meanwhile gives fewer. */
static enum bp_status fill(struct bp_input *input, int fd, size_t size, const char *path,
                           struct bp_error *error)
{
    while (input->n < size) {
        const ssize_t got = read(fd, input->bytes + input->n, size - input->n);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return refuse(error, path);
        if (got == 0)
            break;
        input->n += (size_t)got;
    }
    input->bytes[input->n] = '\0';
    return BP_OK;
}

static enum bp_status read_open(struct bp_input *input, int fd, const char *path, size_t max,
                                struct bp_error *error)
{
    size_t size = 0;
    enum bp_status status = measure(fd, path, max, &size, error);
    if (status != BP_OK)
        return status;
    input->bytes = bp_mem_new(size + 1, 1);
    if (input->bytes == NULL)
        return bp_error_set(error, BP_ENOMEM, "%.300s: out of memory for %zu bytes", path, size);
    status = fill(input, fd, size, path, error);
    if (status != BP_OK)
        bp_input_release(input);
    return status;
}

enum bp_status bp_input_read(struct bp_input *input, const char *path, size_t max,
                             struct bp_error *error)
{
    *input = (struct bp_input){0};
    /* O_NONBLOCK: opening a pipe that nobody writes to must not wait */
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return refuse(error, path);
    const enum bp_status status = read_open(input, fd, path, max, error);
    close(fd);
    return status;
}

void bp_input_release(struct bp_input *input)
{
    bp_mem_free(input->bytes);
    *input = (struct bp_input){0};
}
