/* nearest.c -- see nearest.h. */
#include "core/nearest.h"

#include <stdint.h>
#include <string.h>

static char plain(char c)
{
    if (c >= 'A' && c <= 'Z')
        return (char)(c - 'A' + 'a');
    return c == '_' ? '-' : c;
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* d[i][j]: the distance of a's first i letters from b's first j; three rows of it. */
size_t bp_nearest_distance(const char *a, const char *b)
{
    size_t rows[3][BP_NEAREST_WORD_MAX + 1];
    const size_t n = strnlen(a, BP_NEAREST_WORD_MAX);
    const size_t m = strnlen(b, BP_NEAREST_WORD_MAX);
    for (size_t j = 0; j <= m; j++)
        rows[0][j] = j;
    for (size_t i = 1; i <= n; i++) {
        size_t *row = rows[i % 3];
        const size_t *above = rows[(i - 1) % 3];
        const size_t *above2 = rows[(i + 1) % 3];
        row[0] = i;
        for (size_t j = 1; j <= m; j++) {
            const char p = plain(a[i - 1]);
            const char q = plain(b[j - 1]);
            row[j] = least(above[j - 1] + (p != q), 1 + least(above[j], row[j - 1]));
            if (i > 1 && j > 1 && p == plain(b[j - 2]) && plain(a[i - 2]) == q)
                row[j] = least(row[j], above2[j - 2] + 1);
        }
    }
    return rows[n % 3][m];
}

void bp_nearest_begin(struct bp_nearest *nearest, const char *word)
{
    *nearest = (struct bp_nearest){.word = word, .distance = SIZE_MAX};
}

void bp_nearest_offer(struct bp_nearest *nearest, const char *name)
{
    const size_t distance = bp_nearest_distance(nearest->word, name);
    if (distance >= nearest->distance)
        return;
    nearest->distance = distance;
    nearest->name = name;
}

const char *bp_nearest_name(const struct bp_nearest *nearest)
{
    const size_t length = strnlen(nearest->word, BP_NEAREST_WORD_MAX);
    const size_t bearable = (length + 2) / 3;
    return nearest->name != NULL && nearest->distance <= bearable ? nearest->name : NULL;
}
