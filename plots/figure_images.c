/* figure_images.c -- what does each neuron of the first layer look for? Its
 * weights as an image, all on one scale, so that dead neurons are flat and
 * copies look the same; the number is the neuron's.
 */
#include "plots/figure.h"

#include "plots/axis.h"
#include "plots/colours.h"
#include "plots/ink.h"

#include <stdio.h>

enum { ACROSS = 6, IMAGES_MAX = 36, GAP = 3, ABOVE = 9 };

static const double LEFT = 0.02, RIGHT = 0.8; /* of the figure: the images */
static const int HEAD = 36, FOOT = 12;        /* points: above and below them */

static size_t shown(const struct bp_figure_images *figure)
{
    return figure->rows < IMAGES_MAX ? figure->rows : IMAGES_MAX;
}

/* Image k as the map image[k], at its place in the mosaic; y grows downwards. */
static struct bp_map place(const struct bp_figure_images *figure, size_t k, char name[16])
{
    snprintf(name, 16, "image%zu", k);
    return (struct bp_map){name,
                           figure->height,
                           figure->width,
                           (double)(k % ACROSS * (figure->width + GAP)),
                           1,
                           (double)(k / ACROSS * (figure->height + ABOVE)),
                           1,
                           figure->weight + k * figure->width * figure->height};
}

static void plot(struct bp_script *to, const struct bp_figure_images *figure)
{
    const size_t n = shown(figure), down = (n + ACROSS - 1) / ACROSS;
    const struct bp_scale scale =
        bp_scale_fit(BP_SCALE_SIGNED, n * figure->width * figure->height, figure->weight);
    struct bp_map image[IMAGES_MAX];
    char name[IMAGES_MAX][16];
    bp_scale_palette(to, &scale);
    if (n < figure->rows)
        bp_script_print(to,
                        "set label \"the first\\n%zu of %zu\\nneurons\" at graph 1.02, screen "
                        "0.16 left\n",
                        n, figure->rows);
    for (size_t k = 0; k < n; k++) {
        image[k] = place(figure, k, name[k]);
        bp_map_put(to, &image[k], &scale);
        bp_script_print(to, "set label \"%zu\" at first %.1f, first %.1f left front\n", k,
                        image[k].x0, image[k].y0 - 0.55 * ABOVE);
    }
    bp_script_print(to,
                    "unset xtics\nunset ytics\nset border 0\nunset grid\nset xrange [-1:%zu]\n"
                    "set yrange [%zu:-%d]\nplot ",
                    ACROSS * (figure->width + GAP) - 1, down * (figure->height + ABOVE) - ABOVE,
                    ABOVE);
    for (size_t k = 0; k < n; k++) {
        bp_script_print(to, k == 0 ? "" : ", ");
        bp_map_plot(to, &image[k]);
    }
    bp_script_print(to, "\nunset label\n");
    bp_scale_bar(to, &scale, 0.835, down < 3 ? 0.15 : 0.25, down < 3 ? 0.68 : 0.75, "weight");
    bp_ink_alt(to, "weights of %zu of %zu neuron%s as images of %zu x %zu, from %.3g to %.3g. ", n,
               figure->rows, figure->rows == 1 ? "" : "s", figure->width, figure->height, scale.lo,
               scale.hi);
}

/* The height of all images in points: their pixels are square. */
static double images_tall(const struct bp_figure_images *figure, int width)
{
    const size_t down = (shown(figure) + ACROSS - 1) / ACROSS;
    const double pixel =
        (RIGHT - LEFT) * width / (double)(ACROSS * (figure->width + GAP)); /* in points */
    return pixel * (double)(down * (figure->height + ABOVE));
}

void bp_figure_images(struct bp_script *to, const struct bp_figure_images *figure)
{
    const double images = images_tall(figure, to->width);
    if (!to->plain && images > 0.0)
        to->height = HEAD + FOOT + (int)(images + 0.5);
    const double bottom = to->plain ? 0.02 : (double)FOOT / to->height;
    const double top = to->plain ? 0.9 : 1.0 - (double)HEAD / to->height;
    bp_ink_begin(to, figure->title);
    bp_ink_panel(to, LEFT, RIGHT, bottom, top);
    if (figure->rows == 0 || figure->width < 2 || figure->height < 2)
        bp_ink_empty(to, "the layer has no weights");
    else if (to->plain)
        bp_ink_empty(to, "images need a window or a file, not letters");
    else
        plot(to, figure);
    bp_ink_end(to);
}
