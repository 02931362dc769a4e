/* figure_images.c -- what does each neuron of the first layer look for? Its
 * weights as an image, all on one scale, so that dead neurons are flat and
 * copies look the same; the number is the neuron's.
 */
#include "plots/figure.h"

#include "plots/axis.h"
#include "plots/colours.h"
#include "plots/ink.h"

enum { ACROSS = 6, IMAGES_MAX = 36, GAP = 3, ABOVE = 7 };

static size_t shown(const struct bp_figure_images *figure)
{
    return figure->rows < IMAGES_MAX ? figure->rows : IMAGES_MAX;
}

/* Image k as the data block $imageK, at its place in the mosaic; y grows downwards. */
static void put_image(struct bp_script *to, const struct bp_figure_images *figure,
                      const struct bp_scale *scale, size_t k)
{
    const size_t left = k % ACROSS * (figure->width + GAP);
    const size_t top = k / ACROSS * (figure->height + ABOVE);
    const double *weight = figure->weight + k * figure->width * figure->height;
    bp_script_print(to, "$image%zu << EOD\n", k);
    for (size_t y = 0; y < figure->height; y++)
        for (size_t x = 0; x < figure->width; x++) {
            bp_script_print(to, "%zu %zu ", left + x, top + y);
            bp_scale_put(to, scale, weight[y * figure->width + x]);
            bp_script_print(to, "\n");
        }
    bp_script_print(to, "EOD\nset label \"%zu\" at first %zu, first %.1f left front\n", k, left,
                    (double)top - 0.45 * ABOVE);
}

static void plot(struct bp_script *to, const struct bp_figure_images *figure)
{
    const size_t n = shown(figure), down = (n + ACROSS - 1) / ACROSS;
    const struct bp_scale scale =
        bp_scale_fit(BP_SCALE_SIGNED, n * figure->width * figure->height, figure->weight);
    for (size_t k = 0; k < n; k++)
        put_image(to, figure, &scale, k);
    bp_script_print(to,
                    "unset xtics\nunset ytics\nset border 0\nunset grid\nset xrange [-1:%zu]\n"
                    "set yrange [%zu:-%d]\nplot ",
                    ACROSS * (figure->width + GAP),
                    (down < 2 ? 2 : down) * (figure->height + ABOVE) - ABOVE, ABOVE);
    for (size_t k = 0; k < n; k++)
        bp_script_print(to, "%s$image%zu using 1:2:3:4:5 with rgbimage", k == 0 ? "" : ", ", k);
    bp_script_print(to, "\nunset label\n");
    bp_scale_bar(to, &scale, 0.875, 0.2, 0.78, "weight");
    bp_ink_alt(to, "weights of %zu of %zu neurons as images of %zu x %zu, from %.3g to %.3g. ", n,
               figure->rows, figure->width, figure->height, scale.lo, scale.hi);
}

void bp_figure_images(struct bp_script *to, const struct bp_figure_images *figure)
{
    const size_t down = (shown(figure) + ACROSS - 1) / ACROSS;
    if (!to->plain)
        to->height = 60 + 78 * (int)(down < 2 ? 2 : down);
    bp_ink_begin(to, figure->title);
    bp_ink_panel(to, 0.02, 0.85, 0.02, 1.0 - 34.0 / (to->plain ? 340 : to->height));
    if (figure->rows == 0 || figure->width < 2 || figure->height < 2)
        bp_ink_empty(to, "the layer has no weights");
    else if (to->plain)
        bp_ink_empty(to, "images need a window or a file, not letters");
    else
        plot(to, figure);
    bp_ink_end(to);
}
