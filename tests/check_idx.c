/* check_idx.c -- images are read as published, and nothing else is believed. */
#include "core/idx.h"
#include "core/mem.h"
#include "scratch.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Three images of 2 x 2 and their labels. */
static const unsigned char IMAGES[] = {0, 0, 8, 3,  0,   0,   0, 3, 0, 0, 0,   2,   0,   0,
                                       0, 2, 0, 51, 102, 255, 1, 2, 3, 4, 255, 254, 253, 252};
static const unsigned char LABELS[] = {0, 0, 8, 1, 0, 0, 0, 3, 7, 0, 9};

static const struct bp_idx_pick ALL = {0};

/* The line without the folders of the paths in it. */
static const char *without_folders(char *text)
{
    char *to = text;
    for (char *from = text; *from != '\0';) {
        char *word = strstr(from, "/tmp/backprobe-test-");
        if (word != from)
            *to++ = *from++;
        else
            from = strchr(from + strlen("/tmp/"), '/') + 1;
    }
    *to = '\0';
    return text;
}

static void expect_refused(const char *images, const char *labels, const struct bp_idx_pick *pick,
                           enum bp_status status, const char *line)
{
    struct bp_dataset data;
    struct bp_error error = {""};
    const size_t held = bp_mem_held();
    ck_assert_int_eq(bp_idx_dataset(&data, images, labels, pick, BP_TARGETS_01, &error), status);
    ck_assert_str_eq(without_folders(error.text), line);
    ck_assert_uint_eq(bp_mem_held(), held);
    ck_assert_ptr_null(data.x);
}

static void expect_image_line(const void *bytes, size_t n, const char *line)
{
    expect_refused(scratch_write("i", bytes, n), scratch_write("l", LABELS, sizeof LABELS), &ALL,
                   BP_EINPUT, line);
}

static void check_three(const struct bp_dataset *data)
{
    ck_assert_uint_eq(data->n, 3);
    ck_assert_uint_eq(data->n_in, 4);
    ck_assert_uint_eq(data->n_out, 10);
    ck_assert_double_eq(data->x[1], 51 / 255.0);
    ck_assert_double_eq(data->x[3], 1.0);
    ck_assert_double_eq(data->x[8], 1.0);
    ck_assert_uint_eq(bp_dataset_label(data, 0), 7);
    ck_assert_uint_eq(bp_dataset_label(data, 1), 0);
    ck_assert_uint_eq(bp_dataset_label(data, 2), 9);
}

START_TEST(plain_and_packed_files_give_the_same)
{
    struct bp_dataset data;
    ck_assert_int_eq(bp_idx_dataset(&data, scratch_write("i", IMAGES, sizeof IMAGES),
                                    scratch_write("l", LABELS, sizeof LABELS), &ALL, BP_TARGETS_01,
                                    NULL),
                     BP_OK);
    check_three(&data);
    ck_assert_str_eq(data.source, "all 3 images in i");
    bp_dataset_release(&data);
    ck_assert_int_eq(bp_idx_dataset(&data, scratch_gzip("i", IMAGES, sizeof IMAGES),
                                    scratch_gzip("l", LABELS, sizeof LABELS), &ALL, BP_TARGETS_PM1,
                                    NULL),
                     BP_OK);
    check_three(&data);
    ck_assert_double_eq(data.t[0], -1.0);
    ck_assert_double_eq(data.t[7], 1.0);
    bp_dataset_release(&data);
}
END_TEST

START_TEST(first_n_or_a_seeded_choice)
{
    struct bp_dataset data, again;
    const char *images = scratch_write("i", IMAGES, sizeof IMAGES);
    const char *labels = scratch_write("l", LABELS, sizeof LABELS);
    struct bp_idx_pick pick = {.n = 2};
    ck_assert_int_eq(bp_idx_dataset(&data, images, labels, &pick, BP_TARGETS_01, NULL), BP_OK);
    ck_assert_uint_eq(data.n, 2);
    ck_assert_uint_eq(bp_dataset_label(&data, 0), 7);
    ck_assert_str_eq(data.source, "first 2 of 3 images in i");
    bp_dataset_release(&data);
    bool other = false;
    for (pick.seed = 1, pick.drawn = true; pick.seed < 20; pick.seed++) {
        ck_assert_int_eq(bp_idx_dataset(&data, images, labels, &pick, BP_TARGETS_01, NULL), BP_OK);
        ck_assert_int_eq(bp_idx_dataset(&again, images, labels, &pick, BP_TARGETS_01, NULL), BP_OK);
        ck_assert_mem_eq(data.t, again.t, 20 * sizeof *data.t);
        /* the image that belongs to the label: 7, 0, 9 begin with 0, 1, 255 */
        for (size_t i = 0; i < 2; i++) {
            const size_t label = bp_dataset_label(&data, i);
            ck_assert_double_eq(data.x[4 * i] * 255.0, label == 7 ? 0.0 : label == 0 ? 1.0 : 255.0);
        }
        other = other || bp_dataset_label(&data, 0) != 7;
        bp_dataset_release(&data);
        bp_dataset_release(&again);
    }
    ck_assert(other);
}
END_TEST

START_TEST(more_than_there_are_is_refused)
{
    const struct bp_idx_pick pick = {.n = 4};
    expect_refused(scratch_write("i", IMAGES, sizeof IMAGES),
                   scratch_write("l", LABELS, sizeof LABELS), &pick, BP_EINPUT,
                   "i: holds 3 images, expected the 4 asked for");
}
END_TEST

START_TEST(missing_file_is_refused)
{
    expect_refused(scratch_path("none"), scratch_write("l", LABELS, sizeof LABELS), &ALL, BP_EFILE,
                   "none: cannot be read: No such file or directory");
    expect_refused("/tmp", scratch_write("l", LABELS, sizeof LABELS), &ALL, BP_EFILE,
                   "/tmp: not a file that can be read: expected a plain file");
}
END_TEST

START_TEST(wrong_magic_is_refused)
{
    expect_image_line(LABELS, sizeof LABELS,
                      "i: begins with 0x00000801, expected 0x00000803 (images of unsigned bytes)");
    expect_refused(scratch_write("i", IMAGES, sizeof IMAGES),
                   scratch_write("l", IMAGES, sizeof IMAGES), &ALL, BP_EINPUT,
                   "l: begins with 0x00000803, expected 0x00000801 (labels of unsigned bytes)");
    expect_image_line("<html>not found</html>", 22,
                      "i: begins with 0x3c68746d, expected 0x00000803 (images of unsigned bytes)");
}
END_TEST

START_TEST(truncation_anywhere_is_refused)
{
    scratch_write("l", LABELS, sizeof LABELS);
    for (size_t n = 0; n < sizeof IMAGES; n++) {
        char line[120];
        if (n < 16)
            sprintf(line, "i: ends after %zu bytes, expected a header of 16", n);
        else
            sprintf(line, "i: ends after %zu bytes of data, expected 12 as its header says",
                    n - 16);
        expect_refused(scratch_write("i", IMAGES, n), scratch_path("l"), &ALL, BP_EINPUT, line);
    }
}
END_TEST

START_TEST(bytes_too_many_are_refused)
{
    unsigned char longer[sizeof IMAGES + 1] = {0};
    memcpy(longer, IMAGES, sizeof IMAGES);
    expect_image_line(longer, sizeof longer,
                      "i: goes on after the 12 bytes of data that its header says");
}
END_TEST

START_TEST(zero_and_absurd_sizes_are_refused)
{
    unsigned char header[sizeof IMAGES];
    memcpy(header, IMAGES, sizeof IMAGES);
    header[7] = 0;
    expect_image_line(header, sizeof header,
                      "i: header: size 1 is 0, expected 1 or more and at most 1073741824 bytes in "
                      "all");
    memset(header + 4, 0xff, 12);
    expect_image_line(header, sizeof header,
                      "i: header: size 1 is 4294967295, expected 1 or more and at most 1073741824 "
                      "bytes in all");
    memcpy(header + 4, "\0\1\0\0\0\0\1\0\0\0\1\0", 12);
    expect_image_line(
        header, sizeof header,
        "i: header: size 3 is 256, expected 1 or more and at most 1073741824 bytes in "
        "all");
}
END_TEST

/* A header that claims a gigabyte must not make room for one. */
START_TEST(claimed_gigabyte_takes_little_memory)
{
    unsigned char header[sizeof IMAGES];
    memcpy(header, IMAGES, sizeof IMAGES);
    memcpy(header + 4, "\0\1\0\0\0\0\0\200\0\0\0\200", 12);
    bp_mem_fail_at(0);
    expect_image_line(header, sizeof header,
                      "i: ends after 12 bytes of data, expected 1073741824 as its header says");
    ck_assert_uint_le(bp_mem_tried(), 4); /* the two files, the labels, the first 64 KB */
}
END_TEST

START_TEST(images_and_labels_that_do_not_match_are_refused)
{
    unsigned char two[] = {0, 0, 8, 1, 0, 0, 0, 2, 7, 0};
    expect_refused(scratch_write("i", IMAGES, sizeof IMAGES), scratch_write("l", two, sizeof two),
                   &ALL, BP_EINPUT, "l: holds 2 labels, expected 3 as there are images in i");
}
END_TEST

START_TEST(label_above_9_is_refused)
{
    unsigned char wrong[sizeof LABELS];
    memcpy(wrong, LABELS, sizeof LABELS);
    wrong[9] = 10;
    expect_refused(scratch_write("i", IMAGES, sizeof IMAGES),
                   scratch_write("l", wrong, sizeof wrong), &ALL, BP_EINPUT,
                   "l: label 1 is 10, expected 0 to 9");
}
END_TEST

/* ---- gzip ------------------------------------------------------------------- */

static size_t slurp(const char *path, unsigned char *bytes, size_t room)
{
    FILE *file = fopen(path, "rb");
    const size_t n = fread(bytes, 1, room, file);
    fclose(file);
    return n;
}

START_TEST(gzip_cut_anywhere_is_refused)
{
    unsigned char packed[200];
    const size_t n = slurp(scratch_gzip("p", IMAGES, sizeof IMAGES), packed, sizeof packed);
    for (size_t cut = 2; cut < n; cut++) {
        struct bp_dataset data;
        struct bp_error error = {""};
        ck_assert_int_eq(bp_idx_dataset(&data, scratch_write("i", packed, cut),
                                        scratch_write("l", LABELS, sizeof LABELS), &ALL,
                                        BP_TARGETS_01, &error),
                         BP_EINPUT);
        ck_assert_msg(strstr(error.text, "cut off: the gzip data ends in the middle") != NULL,
                      "cut at %zu: %s", cut, error.text);
    }
}
END_TEST

START_TEST(damaged_gzip_is_refused)
{
    unsigned char packed[200];
    const size_t n = slurp(scratch_gzip("p", IMAGES, sizeof IMAGES), packed, sizeof packed);
    packed[n - 6] ^= 1; /* in the checksum */
    expect_image_line(packed, n,
                      "i: damaged gzip data after 28 bytes unpacked: incorrect data check");
    packed[2] = 99;
    expect_image_line(packed, n,
                      "i: damaged gzip data after 0 bytes unpacked: unknown compression method");
}
END_TEST

START_TEST(bytes_after_the_gzip_data_are_refused)
{
    unsigned char packed[200];
    const size_t n = slurp(scratch_gzip("p", IMAGES, sizeof IMAGES), packed, sizeof packed);
    memcpy(packed + n, "xyz", 3);
    expect_image_line(packed, n + 3, "i: 3 bytes after the end of the gzip data, expected none");
}
END_TEST

/* Forty megabytes of zeros in forty kilobytes, behind a header that says 12. */
START_TEST(gzip_bomb_is_refused_at_its_first_byte_too_many)
{
    enum { N = 40 << 20 };
    unsigned char *bomb = calloc(N, 1);
    memcpy(bomb, IMAGES, sizeof IMAGES);
    const char *images = scratch_gzip("i", bomb, N);
    free(bomb);
    bp_mem_fail_at(0);
    expect_refused(images, scratch_write("l", LABELS, sizeof LABELS), &ALL, BP_EINPUT,
                   "i: goes on after the 12 bytes of data that its header says");
}
END_TEST

static enum bp_status read_packed(void *self, struct bp_error *error)
{
    const char *const *path = self;
    struct bp_dataset data;
    const struct bp_idx_pick pick = {.n = 2, .drawn = true, .seed = 1};
    const enum bp_status status =
        bp_idx_dataset(&data, path[0], path[1], &pick, BP_TARGETS_01, error);
    bp_dataset_release(&data);
    return status;
}

START_TEST(every_failed_allocation_is_reported_and_nothing_is_kept)
{
    const char *path[] = {scratch_gzip("i", IMAGES, sizeof IMAGES),
                          scratch_gzip("l", LABELS, sizeof LABELS)};
    /* two files, their bytes, the state of zlib, the order, inputs, targets */
    ck_assert_uint_ge(scratch_fail_every(read_packed, path), 9);
}
END_TEST

/* ---- MNIST ----------------------------------------------------------------- */

static bool mnist_at_hand(void)
{
    if (bp_mnist_present(bp_mnist_folder()))
        return true;
    printf("note: no MNIST in %s: its tests are left out\n", bp_mnist_folder());
    return false;
}

START_TEST(mnist_is_60000_and_10000_digits)
{
    struct bp_dataset data;
    struct bp_error error = {""};
    const struct bp_idx_pick pick = {.n = 5};
    static const size_t FIRST[] = {5, 0, 4, 1, 9};
    if (!mnist_at_hand())
        return;
    ck_assert_msg(bp_mnist_read(&data, bp_mnist_folder(), BP_MNIST_TRAIN, &pick, BP_TARGETS_01,
                                &error) == BP_OK,
                  "%s", error.text);
    for (size_t i = 0; i < 5; i++)
        ck_assert_uint_eq(bp_dataset_label(&data, i), FIRST[i]);
    ck_assert_uint_eq(data.n_in, 784);
    ck_assert_ptr_nonnull(strstr(data.source, "first 5 of 60000 images"));
    bp_dataset_release(&data);
    ck_assert_int_eq(
        bp_mnist_read(&data, bp_mnist_folder(), BP_MNIST_TEST, &pick, BP_TARGETS_01, &error),
        BP_OK);
    ck_assert_uint_eq(bp_dataset_label(&data, 0), 7);
    ck_assert_ptr_nonnull(strstr(data.source, "first 5 of 10000 images"));
    bp_dataset_release(&data);
}
END_TEST

START_TEST(folder_without_mnist_is_seen_and_named)
{
    struct bp_dataset data;
    struct bp_error error = {""};
    ck_assert(!bp_mnist_present("no/such/folder"));
    ck_assert_int_eq(
        bp_mnist_read(&data, "no/such/folder", BP_MNIST_TEST, &ALL, BP_TARGETS_01, &error),
        BP_EFILE);
    ck_assert_str_eq(error.text,
                     "no/such/folder/t10k-labels-idx1-ubyte.gz: cannot be read: No such "
                     "file or directory");
}
END_TEST

/* Runs the download script into the scratch folder; returns its exit status. */
static int download(const char *url, char *output, size_t size)
{
    char command[1024];
    snprintf(command, sizeof command, "MNIST_URL='%s' sh setup/mnist.sh %s 2>&1", url,
             scratch_path("got"));
    FILE *pipe = popen(command, "r");
    ck_assert_ptr_nonnull(pipe);
    output[fread(output, 1, size - 1, pipe)] = '\0';
    const int status = pclose(pipe);
    return status / 256;
}

static bool nothing_but_the_folder(void)
{
    return rmdir(scratch_path("got")) == 0;
}

START_TEST(download_refuses_a_wrong_checksum_and_leaves_nothing)
{
    char url[300], output[2000];
    scratch_text("train-images-idx3-ubyte.gz", "<html>moved</html>");
    snprintf(url, sizeof url, "file://%s", scratch_path(""));
    ck_assert_int_eq(download(url, output, sizeof output), 2);
    ck_assert_msg(strstr(output, "SHA-256 is ") != NULL, "%s", output);
    ck_assert_ptr_nonnull(strstr(output, "expected 440fcabf73cc546fa21475e81ea370265605f56be210a402"
                                         "4d2ca8f203523609"));
    ck_assert(nothing_but_the_folder());
}
END_TEST

START_TEST(download_from_nowhere_leaves_nothing)
{
    char output[2000];
    ck_assert_int_eq(download("file:///no/such/folder", output, sizeof output), 2);
    ck_assert_msg(strstr(output, "train-images-idx3-ubyte.gz: cannot be fetched") != NULL, "%s",
                  output);
    ck_assert(nothing_but_the_folder());
}
END_TEST

START_TEST(download_brings_the_four_files)
{
    char url[4200], folder[4096], output[2000];
    if (!mnist_at_hand() || realpath(bp_mnist_folder(), folder) == NULL)
        return;
    snprintf(url, sizeof url, "file://%s", folder);
    if (download(url, output, sizeof output) != 0) {
        printf("note: MNIST is not as published (.gz): its download is not tested\n");
        return;
    }
    ck_assert_ptr_nonnull(strstr(output, "holds the four files, checksums right"));
    ck_assert(bp_mnist_present(scratch_path("got")));
    /* a second time, nothing is fetched */
    ck_assert_int_eq(download("file:///no/such/folder", output, sizeof output), 0);
}
END_TEST

Suite *idx_suite(void);
Suite *idx_suite(void)
{
    Suite *suite = suite_create("idx");
    TCase *tcase = tcase_create("idx");
    tcase_add_checked_fixture(tcase, scratch_open, scratch_close);
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, plain_and_packed_files_give_the_same);
    tcase_add_test(tcase, first_n_or_a_seeded_choice);
    tcase_add_test(tcase, more_than_there_are_is_refused);
    tcase_add_test(tcase, missing_file_is_refused);
    tcase_add_test(tcase, wrong_magic_is_refused);
    tcase_add_test(tcase, truncation_anywhere_is_refused);
    tcase_add_test(tcase, bytes_too_many_are_refused);
    tcase_add_test(tcase, zero_and_absurd_sizes_are_refused);
    tcase_add_test(tcase, claimed_gigabyte_takes_little_memory);
    tcase_add_test(tcase, images_and_labels_that_do_not_match_are_refused);
    tcase_add_test(tcase, label_above_9_is_refused);
    tcase_add_test(tcase, gzip_cut_anywhere_is_refused);
    tcase_add_test(tcase, damaged_gzip_is_refused);
    tcase_add_test(tcase, bytes_after_the_gzip_data_are_refused);
    tcase_add_test(tcase, gzip_bomb_is_refused_at_its_first_byte_too_many);
    tcase_add_test(tcase, every_failed_allocation_is_reported_and_nothing_is_kept);
    tcase_add_test(tcase, mnist_is_60000_and_10000_digits);
    tcase_add_test(tcase, folder_without_mnist_is_seen_and_named);
    tcase_add_test(tcase, download_refuses_a_wrong_checksum_and_leaves_nothing);
    tcase_add_test(tcase, download_from_nowhere_leaves_nothing);
    tcase_add_test(tcase, download_brings_the_four_files);
    suite_add_tcase(suite, tcase);
    return suite;
}
